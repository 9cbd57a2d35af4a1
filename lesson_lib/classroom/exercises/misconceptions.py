"""The mistaken beliefs that this course knows of, each with a cell that lets a learner see for themselves.

One place for all that is said of them: choices, checks and reports refer to a belief by its id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import cleandoc
from types import MappingProxyType

from lesson_lib.classroom.display.board import Board, Fold, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable


@dataclass(frozen=True, repr=False)
class Misconception(Displayable):
    """What somebody may believe of partitions, and what is so instead.

    Attributes:
        id: a name to say aloud, such as `definition-creates-keys`; progress and reports keep it, so it never
            changes.
        claim: what the learner believes, in their words, one sentence.
        truth: what is so instead, one sentence.
        explanation: why, and what to do, in 20 to 45 words.
        cell: a few lines of Python for a fresh kernel; the last expression, by its value or by the exception
            that it raises, shows the truth.
    """

    id: str
    claim: str
    truth: str
    explanation: str
    cell: str

    def board(self) -> Board:
        """Show the truth first: it is what is to be remembered."""
        return Board(
            self.truth.removesuffix("."),
            (
                Line(f"Not so: {self.claim}", Mark.BAD),
                Line(self.explanation),
                Fold("To see it, run this in a cell", self.cell, unfolded=self.cell.splitlines()),
            ),
        )


# In the order in which the notebooks come to them.
_ALL = (
    # 01 Irregular partitions
    Misconception(
        "definition-creates-keys",
        claim="Once the partitions definition is written, its keys are there.",
        truth="A dynamic definition starts without a single key.",
        explanation="Dagster looks neither into your folder nor into your data: a dynamic definition is only "
        "the name of a set. Register each key with instance.add_dynamic_partitions before you "
        "materialize it.",
        cell=cleandoc("""
            import dagster as dg

            demo_set = dg.DynamicPartitionsDefinition(name="s3")

            @dg.asset(partitions_def=demo_set)
            def demo_prices() -> None: ...

            demo = dg.DagsterInstance.ephemeral()
            print(demo_set.get_partition_keys(dynamic_partitions_store=demo))
            dg.materialize([demo_prices], partition_key="acme", instance=demo)
        """),
    ),
    Misconception(
        "keys-live-in-the-definition",
        claim="The keys belong to the definition, so they come along with my code.",
        truth="Keys live in the instance, and each instance has its own.",
        explanation="The definition holds a name; the instance keeps the keys under it. A laptop, a test and "
        "production share the code and no keys. Register them in each instance that is to run "
        "them.",
        cell=cleandoc("""
            import dagster as dg

            demo_set = dg.DynamicPartitionsDefinition(name="s3")
            laptop = dg.DagsterInstance.ephemeral()
            production = dg.DagsterInstance.ephemeral()
            laptop.add_dynamic_partitions("s3", ["acme"])

            {
                "laptop": demo_set.get_partition_keys(dynamic_partitions_store=laptop),
                "production": demo_set.get_partition_keys(dynamic_partitions_store=production),
            }
        """),
    ),
    Misconception(
        "typo-raises-an-error",
        claim="If I misspell the name of the set, Dagster tells me.",
        truth="A misspelt name makes another set, without a word.",
        explanation="Any string is the name of some set, so the key goes there, and later runs call it "
        "unknown. Let the definition spell its own name: pass s3_partitions_def.name instead of "
        "typing it again.",
        cell=cleandoc("""
            import dagster as dg

            demo = dg.DagsterInstance.ephemeral()
            demo.add_dynamic_partitions("s33", ["acme"])
            {name: demo.get_dynamic_partitions(name) for name in ("s3", "s33")}
        """),
    ),
    Misconception(
        "dagster-checks-keys",
        claim="Dagster refuses a key that makes no sense.",
        truth="Dagster takes any key: an empty one, one with a line break, even a number, which it turns "
        "into text.",
        explanation="To Dagster a key is just text. What it means as a file name, in SQL or in a range is "
        "known to your code only, so check keys before you register them, as register_keys of "
        "lesson_lib.pipeline does.",
        cell=cleandoc(r"""
            import dagster as dg

            demo = dg.DagsterInstance.ephemeral()
            demo.add_dynamic_partitions("s3", ["", "a...b", "two\nlines", 5])
            demo.get_dynamic_partitions("s3")
        """),
    ),
    Misconception(
        "success-means-the-file-was-there",
        claim="The import succeeded, so the file must have been there.",
        truth="A successful run says only that the function returned.",
        explanation="An asset that builds a path and never opens it succeeds for a file that nobody has "
        "sent. A record is as reliable as the code behind it: open the file, check it, and raise "
        "if it is missing.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom import open_lab

            demo_lab = open_lab()
            not_there = demo_lab.source / "nobody.csv"

            @dg.asset
            def import_file():
                return str(not_there)

            {"run succeeded": dg.materialize([import_file]).success, "file is there": not_there.exists()}
        """),
    ),
    Misconception(
        "every-key-needs-an-asset",
        claim="Each customer needs an asset of its own, with the customer's file in it.",
        truth="One asset serves all keys; each run says which one it is for.",
        explanation="The function is the same at every run, and context.partition_key is not. Build the "
        "file's name from it, and a customer who comes tomorrow needs a new key and no new code.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def file_name(context):
                return f"{context.partition_key}.csv"

            demo, file_names = dg.DagsterInstance.ephemeral(), []
            for customer in ("acme", "zenith"):
                demo.add_dynamic_partitions("s3", [customer])
                demo_result = dg.materialize([file_name], partition_key=customer, instance=demo)
                file_names.append(demo_result.output_for_node("file_name"))
            file_names
        """),
    ),
    # 02 Reload safely
    Misconception(
        "loading-twice-is-harmless",
        claim="Materializing a partition twice is harmless: the second run replaces what the first one "
        "stored.",
        truth="Dagster replaces nothing; a COPY appends the same rows again at every run.",
        explanation="Dagster records that a run happened, and what it does to the table is your SQL alone. "
        "Give each row its partition key, and delete the key's rows in the transaction that "
        "inserts the new ones.",
        cell=cleandoc("""
            import dagster as dg, duckdb
            from lesson_lib.classroom import open_lab

            demo_lab, db = open_lab(), duckdb.connect()
            acme = str(demo_lab.source / "acme.csv")
            db.execute("create table prices as from read_csv(?) limit 0", [acme])

            @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["acme"]))
            def counted():
                db.execute(f"copy prices from '{acme}'")
                return db.execute("select count(*) from prices").fetchone()[0]

            [dg.materialize([counted], partition_key="acme").output_for_node("counted") for _ in range(3)]
        """),
    ),
    Misconception(
        "deleting-by-date-is-enough",
        claim="With delete ... where date = '<key>' before it, a load can be repeated.",
        truth="A key says which file a row came from, and the row's date need not say the same.",
        explanation="The delete finds rows of that date and leaves the others, which pile up. In the "
        "course's folder, the file 2018-01-22 holds days of September only. Store the key in a column of "
        "its own, partition_key, and delete by that.",
        cell=cleandoc("""
            import duckdb
            from lesson_lib.classroom import open_lab

            demo_lab, db = open_lab(), duckdb.connect()
            day_file = str(demo_lab.source / "2018-01-22.csv")
            db.execute("create table prices as from read_csv(?) limit 0", [day_file])
            for _ in range(2):
                [(deleted,)] = db.execute("delete from prices where date = '2018-01-22'").fetchall()
                db.execute("insert into prices from read_csv(?)", [day_file])
            [(stored, last_day)] = db.sql("select count(*), max(date)::text from prices").fetchall()
            {"deleted by the second load": deleted, "rows": stored, "last day": last_day}
        """),
    ),
    Misconception(
        "emptying-the-table-is-enough",
        claim="If the load empties the table first, it can be repeated.",
        truth="Emptying the table takes away the rows of every other partition, too.",
        explanation="All partitions share one table, and a run loads only its own. Delete the rows of its "
        "keys and no others: where partition_key = ?, with the key bound.",
        cell=cleandoc("""
            import duckdb
            from lesson_lib.classroom import open_lab

            demo_lab, db = open_lab(), duckdb.connect()
            db.execute("create table prices (day date, price double, partition_key varchar)")
            for customer in ("acme", "bluebird"):
                db.execute("delete from prices")
                values = [customer, str(demo_lab.source / f"{customer}.csv")]
                db.execute("insert into prices select date, share_price, ? from read_csv(?)", values)
            db.sql("select partition_key, count(*) from prices group by all").fetchall()
        """),
    ),
    Misconception(
        "loading-what-is-new-is-enough",
        claim="A load can be repeated if it deals with the rows that are new or changed.",
        truth="A corrected file changes rows and takes some back, so all of the old ones have to go.",
        explanation="The new file says nothing of a row that was taken back, and a row that has changed "
        "looks like another one. Delete all rows of the key, whatever they are, and insert the file's.",
        cell=cleandoc("""
            import duckdb
            from lesson_lib.classroom import open_lab

            demo_lab, db, row_counts = open_lab(), duckdb.connect(), []
            acme = str(demo_lab.source / "acme.csv")
            db.execute("create table prices as from read_csv(?) limit 0", [acme])
            for _ in range(2):
                db.execute("insert into prices from (from read_csv(?) except from prices)", [acme])
                row_counts.append(len(db.sql("from prices")))
                demo_lab.bring_in("acme")  # a correction: seven rows, two of them changed
            row_counts
        """),
    ),
    Misconception(
        "any-comparison-finds-a-key",
        claim="Any comparison that finds the key's rows will do.",
        truth="Only = finds the rows of one key; a looser comparison finds those of keys like it, too.",
        explanation="To like, an underscore in a key stands for any character; lower() makes two keys one. "
        "Two customers may differ by just that: then one load deletes the other's rows, or a missing key "
        "passes for loaded. Compare with = and the whole key.",
        cell=cleandoc("""
            import duckdb

            db = duckdb.connect()
            db.execute("create table prices (partition_key varchar)")
            db.execute("insert into prices values ('blue_bird'), ('blue-bird'), ('BLUE_BIRD')")
            looking = "select count(*) from prices where partition_key {} 'blue_bird'"
            {sign: db.sql(looking.format(sign)).fetchall() for sign in ("=", "like", "ilike")}
        """),
    ),
    Misconception(
        "quotes-make-a-key-safe",
        claim="A key with quotes around it is safe in SQL text.",
        truth="An apostrophe in the key ends the string, and what follows is read as SQL.",
        explanation="With o'hare that is a syntax error, with a key written on purpose it is a command. Put "
        "a ? in the text and the key into the list of values, where nothing in it is read as SQL.",
        cell=cleandoc("""
            import duckdb

            db = duckdb.connect()
            db.execute("create table prices (partition_key varchar)")
            db.execute("insert into prices values ('acme'), ('bluebird')")
            trick = "nobody' or 'x' = 'x"
            [(bound,)] = db.execute("delete from prices where partition_key = ?", [trick]).fetchall()
            [(pasted,)] = db.execute(f"delete from prices where partition_key = '{trick}'").fetchall()
            {"deleted with the key bound": bound, "deleted with the key in quotes": pasted}
        """),
    ),
    Misconception(
        "delete-then-insert-is-safe",
        claim="Deleting the old rows and then inserting the new ones is safe.",
        truth="If the insert fails after the delete, the partition is left empty.",
        explanation="DuckDB commits each statement by itself, so the delete was final before the insert met "
        "the broken line. Put both into one transaction: a failing load then keeps the old rows.",
        cell=cleandoc("""
            import duckdb
            from lesson_lib.classroom import open_lab

            demo_lab, db = open_lab(), duckdb.connect()
            acme = str(demo_lab.source / "acme.csv")
            db.execute("create table prices as select *, 'acme' as partition_key from read_csv(?)", [acme])
            demo_lab.bring_in("broken/acme")  # its amount is "n/a" in one line
            try:
                db.execute("delete from prices where partition_key = 'acme'")
                db.execute("insert into prices select *, 'acme' from read_csv(?)", [acme])
            except duckdb.ConversionException:
                print("the load failed")
            db.sql("select count(*) from prices").fetchall()
        """),
    ),
    Misconception(
        "caught-errors-are-handled",
        claim="Once the error is caught and the old rows are safe, all is well.",
        truth="A run whose error is swallowed is recorded as a materialization of rows that never came.",
        explanation="Dagster learns of a failure only by an exception that leaves your function. Roll back, "
        "and then raise the error again, so that the run fails and somebody mends the file.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["acme"]))
            def demo_prices() -> None:
                try:
                    float("n/a")  # what a broken file holds
                except ValueError:
                    pass

            demo = dg.DagsterInstance.ephemeral()
            dg.materialize([demo_prices], partition_key="acme", instance=demo)
            demo.get_materialized_partitions(demo_prices.key)
        """),
    ),
    Misconception(
        "columns-are-matched-by-name",
        claim="An insert puts each value into the column that has its name.",
        truth="An insert fills columns by their position, unless it says by name.",
        explanation="The names in a file's header are not compared with those of the table, so two swapped "
        "columns are stored swapped, and nothing fails. Write insert into ... by name, and give the key its "
        "name, too.",
        cell=cleandoc("""
            import duckdb

            db = duckdb.connect()
            db.execute("create table prices (share_price double, spread double)")
            swapped = "select 0.02 as spread, 40.5 as share_price"
            db.execute(f"insert into prices {swapped}")
            db.execute(f"insert into prices by name {swapped}")
            db.sql("select share_price, spread from prices").fetchall()
        """),
    ),
    Misconception(
        "failed-check-unmakes-the-partition",
        claim="When a blocking check fails, the partition does not count as materialized.",
        truth="A failed blocking check stops what comes after; the asset itself is recorded as materialized.",
        explanation="A check judges what was made, and does not unmake it. To keep bad data out of a table, "
        "check it one asset earlier, or raise an error, and read the check's result beside the "
        "materialization.",
        cell=cleandoc("""
            import dagster as dg

            acme = dg.StaticPartitionsDefinition(["acme"])
            demo_check = dg.AssetCheckSpec("good", asset="checked", blocking=True)

            @dg.asset(partitions_def=acme, check_specs=[demo_check])
            def checked():
                return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False)])

            @dg.asset(partitions_def=acme, deps=[checked])
            def downstream() -> None: ...

            demo = dg.DagsterInstance.ephemeral()
            dg.materialize([checked, downstream], instance=demo, partition_key="acme", raise_on_error=False)
            made = [demo.get_materialized_partitions(asset.key) for asset in (checked, downstream)]
            {"checked": len(made[0]), "downstream": len(made[1])}
        """),
    ),
    Misconception(
        "finished-import-is-a-loaded-table",
        claim="Once the import of a key is materialized, the file's rows are in the table.",
        truth="Each asset has a record of its own: a key's import may be materialized, and its table not.",
        explanation="Green at one asset says nothing of the next one, which may have been skipped, or have "
        "failed. Look at the asset whose rows you want, and count the rows that the key has in the table.",
        cell=cleandoc("""
            import dagster as dg

            acme = dg.StaticPartitionsDefinition(["acme"])

            @dg.asset(partitions_def=acme)
            def imported() -> None: ...

            @dg.asset(partitions_def=acme, deps=[imported])
            def stored() -> None:
                raise OSError("the disk is full")

            demo = dg.DagsterInstance.ephemeral()
            dg.materialize([imported, stored], instance=demo, partition_key="acme", raise_on_error=False)
            [sorted(demo.get_materialized_partitions(asset.key)) for asset in (imported, stored)]
        """),
    ),
    Misconception(
        "skipped-assets-lose-their-rows",
        claim="When a check before it fails, an asset is skipped and the rows it stored are gone.",
        truth="An asset that is skipped does not run, so all that it stored before stays as it was.",
        explanation="To skip is to do nothing: no line of the function runs, its delete no more than its "
        "insert. The table keeps the rows of the last good file until a later run replaces them.",
        cell=cleandoc("""
            import dagster as dg

            demo_check = dg.AssetCheckSpec("good", asset="checked", blocking=True)

            @dg.asset(check_specs=[demo_check])
            def checked():
                return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=not stored)])

            @dg.asset(deps=[checked])
            def downstream() -> None:
                stored[:] = ["acme", "bluebird"]

            stored, demo = [], dg.DagsterInstance.ephemeral()
            for _ in range(2):
                demo_run = dg.materialize([checked, downstream], instance=demo, raise_on_error=False)
            {"second run succeeded": demo_run.success, "rows": stored}
        """),
    ),
    Misconception(
        "three-records-are-one",
        claim="A registered key has been materialized, and a deleted key has lost its rows.",
        truth="Keys, materializations and rows are three records, and a change to one leaves the others "
        "alone.",
        explanation="Registering announces a key, a run records a materialization, and only your SQL touches "
        "rows. Compare all three, and when a customer leaves, remove key and rows together, as "
        "retire_key does.",
        cell=cleandoc("""
            import dagster as dg, duckdb

            demo, db = dg.DagsterInstance.ephemeral(), duckdb.connect()
            db.execute("create table prices (partition_key varchar)")

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                db.execute("insert into prices values (?)", [context.partition_key])

            demo.add_dynamic_partitions("s3", ["acme", "zenith"])
            dg.materialize([demo_prices], partition_key="acme", instance=demo)
            demo.delete_dynamic_partition("s3", "acme")
            materialized = sorted(demo.get_materialized_partitions(demo_prices.key))
            stored = db.sql("from prices").fetchall()
            registered = demo.get_dynamic_partitions("s3")
            {"registered": registered, "materialized": materialized, "rows": stored}
        """),
    ),
    Misconception(
        "adding-again-starts-afresh",
        claim="If I delete a key and add it again, it starts afresh.",
        truth="A key that comes back brings its old materialization with it: it is green, and nothing ran.",
        explanation="Deleting a key leaves its materializations in the event log, under the key's name. A "
        "key that returns is new to you alone: materialize it, whatever its colour.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices() -> None: ...

            demo = dg.DagsterInstance.ephemeral()
            demo.add_dynamic_partitions("s3", ["acme"])
            dg.materialize([demo_prices], partition_key="acme", instance=demo)
            demo.delete_dynamic_partition("s3", "acme")
            demo.add_dynamic_partitions("s3", ["acme"])
            known = demo.get_status_by_partition(demo_prices.key, ["acme"], demo_prices.partitions_def)
            {"status of acme": known["acme"].name, "runs": demo.get_runs_count()}
        """),
    ),
    # 03 Trigger runs
    Misconception(
        "frequent-schedule-is-a-sensor",
        claim="A schedule that runs every minute does what a sensor does.",
        truth="A schedule asks for its run at each of its times, whether or not anything has come.",
        explanation="A schedule is given the time, and no cursor: it cannot know what it saw the last time. "
        "A sensor is given what the tick before wrote down, and asks for a run only if something is new.",
        cell=cleandoc("""
            import dagster as dg
            from datetime import datetime

            @dg.schedule(cron_schedule="* * * * *", job_name="load")
            def demo_schedule(context):
                return dg.RunRequest()

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                return [dg.RunRequest(name) for name in new_files]

            new_files, asked = [], {"schedule": 0, "sensor": 0}
            for minute in range(3):
                at = dg.build_schedule_context(scheduled_execution_time=datetime(2018, 1, 27, 6, minute))
                asked["schedule"] += isinstance(demo_schedule(at), dg.RunRequest)
                asked["sensor"] += len(demo_sensor(dg.build_sensor_context()))
            asked
        """),
    ),
    Misconception(
        "sensors-suit-every-source",
        claim="A sensor suits every source: it loads what comes, whenever it comes.",
        truth="A sensor sees only what is there; a run that is due without any arrival needs a clock.",
        explanation="To a sensor, a day whose file is late looks like a day without work. A schedule asks "
        "for the day all the same, and the run that fails tells you. Leave to the clock what is due by the "
        "clock.",
        cell=cleandoc("""
            import dagster as dg
            from datetime import datetime
            from lesson_lib.classroom import open_lab

            @dg.schedule(cron_schedule="0 18 * * *", job_name="load")
            def demo_schedule(context):
                return dg.RunRequest(f"{context.scheduled_execution_time.date()}.csv")

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                return [dg.RunRequest(path.name) for path in demo_lab.source.glob("2018-01-27.csv")]

            demo_lab = open_lab()  # without a file of the 27th
            at = dg.build_schedule_context(scheduled_execution_time=datetime(2018, 1, 27, 18))
            wanted = {"schedule": [demo_schedule(at)], "sensor": demo_sensor(dg.build_sensor_context())}
            {who: [run.run_key for run in runs] for who, runs in wanted.items()}
        """),
    ),
    Misconception(
        "dynamic-job-can-have-a-schedule",
        claim="build_schedule_from_partitioned_job builds a schedule for a dynamic job, too.",
        truth="Dagster refuses to build a schedule from dynamic partitions.",
        explanation="Such a schedule takes its keys from the definition, and a dynamic one names none. The "
        "refusal comes when the definitions are loaded. Use a sensor, or write a schedule that "
        "chooses its keys itself.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices() -> None: ...

            demo_job = dg.define_asset_job("load", [demo_prices])
            demo_schedule = dg.build_schedule_from_partitioned_job(demo_job)
            dg.Definitions.validate_loadable(dg.Definitions([demo_prices], schedules=[demo_schedule]))
        """),
    ),
    Misconception(
        "evaluating-registers-keys",
        claim="When I evaluate my sensor, the keys it found are registered.",
        truth="A sensor only requests; evaluating it registers nothing and runs nothing.",
        explanation="The sensor's result is a list of requests. In a deployment Dagster's daemon carries "
        "it out; in a notebook or a test you do: add the requested keys to the instance, and start the "
        "requested runs yourself.",
        cell=cleandoc("""
            import dagster as dg

            demo_set = dg.DynamicPartitionsDefinition(name="s3")

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                return dg.SensorResult(dynamic_partitions_requests=[demo_set.build_add_request(["acme"])])

            demo = dg.DagsterInstance.ephemeral()
            [demo_request] = demo_sensor(dg.build_sensor_context(instance=demo)).dynamic_partitions_requests
            {"requested": demo_request.partition_keys, "registered": demo.get_dynamic_partitions("s3")}
        """),
    ),
    Misconception(
        "run-request-brings-its-key",
        claim="A run request for a new key registers that key by itself.",
        truth="A run request whose key is not registered makes the whole tick fail.",
        explanation="Dagster compares the requested runs with the keys it knows, and with those that the "
        "same result asks to add. Put new keys into dynamic_partitions_requests, beside the run requests.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom.simulator.tick_simulator import simulate

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices() -> None: ...

            @dg.sensor(target=[demo_prices])
            def demo_sensor(context):
                return dg.SensorResult(run_requests=[dg.RunRequest(partition_key="acme")])

            demo = dg.DagsterInstance.ephemeral()
            demo_tick = simulate(demo_sensor, [demo_prices], demo).tick()
            {"error": type(demo_tick.error).__name__, "registered": demo.get_dynamic_partitions("s3")}
        """),
    ),
    Misconception(
        "each-tick-begins-from-nothing",
        claim="Each tick begins from nothing, so it finds every file new again.",
        truth="Each tick is given the cursor that the tick before it left.",
        explanation="The daemon keeps one text for a sensor, its cursor, and hands it to the next tick as "
        "context.cursor; at the first tick it is None. Write into it whatever is to be remembered.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom.simulator.tick_simulator import simulate

            @dg.asset
            def demo_prices() -> None: ...

            @dg.sensor(target=[demo_prices])
            def demo_sensor(context):
                return dg.SensorResult(cursor=str(int(context.cursor or 0) + 1))

            demo = dg.DagsterInstance.ephemeral()
            demo_ticks = simulate(demo_sensor, [demo_prices], demo)
            [demo_ticks.tick().cursor_before for _ in range(3)]
        """),
    ),
    Misconception(
        "cursor-of-new-files-is-enough",
        claim="It is enough for the cursor to hold the files that were new this time.",
        truth="A cursor that holds only the new files forgets the others, and every second tick asks for all "
        "again.",
        explanation="Each tick sees only the cursor that the last one left. A new cursor replaces the old "
        "one; nothing is added to it. After a quiet tick it is empty, so every file looks new. Write down "
        "all that has been seen.",
        cell=cleandoc("""
            import dagster as dg, json

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                seen = json.loads(context.cursor or "[]")
                new = [key for key in ("acme", "zenith") if key not in seen]
                requests = [dg.RunRequest(partition_key=key) for key in new]
                return dg.SensorResult(run_requests=requests, cursor=json.dumps(new))

            demo_cursor, asked = None, []
            for _ in range(4):
                demo_tick = demo_sensor(dg.build_sensor_context(cursor=demo_cursor))
                demo_cursor = demo_tick.cursor
                asked.append([request.partition_key for request in demo_tick.run_requests])
            asked
        """),
    ),
    Misconception(
        "variables-outlive-a-restart",
        claim="A sensor can keep what it has seen in a variable of its module.",
        truth="A variable is empty again after a restart; only the cursor is kept.",
        explanation="Each deployment and each restart loads your code anew, and with it the variable. The "
        "cursor is stored with the instance, and comes back at the next tick. Write into it what has been "
        "seen.",
        cell=cleandoc("""
            import dagster as dg

            demo_module = '''demo_seen = []

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                new = [key for key in ("acme", "zenith") if key not in demo_seen]
                demo_seen.extend(new)
                return [dg.RunRequest(key) for key in new]'''
            asked = []
            for ticks_until_a_restart in (2, 2):
                exec(demo_module)  # each start runs the module anew
                asked += [len(demo_sensor(dg.build_sensor_context())) for _ in range(ticks_until_a_restart)]
            asked
        """),
    ),
    Misconception(
        "known-name-is-known-file",
        claim="A file whose name the cursor knows has been dealt with.",
        truth="A corrected file comes under its old name, so a cursor of names never sees it.",
        explanation="A name says whose file it is, and not which version. Write down with each name what "
        "changes with the file, such as its size and its time of change, and compare that, too.",
        cell=cleandoc("""
            import dagster as dg, json
            from lesson_lib.classroom import open_lab

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                names = [path.name for path in demo_lab.source.glob("acme.csv")]
                new = [name for name in names if name not in json.loads(context.cursor or "[]")]
                return dg.SensorResult([dg.RunRequest(name) for name in new], cursor=json.dumps(names))

            demo_lab = open_lab()
            before = demo_sensor(dg.build_sensor_context())
            demo_lab.bring_in("acme")  # a correction, under the same name
            after = demo_sensor(dg.build_sensor_context(cursor=before.cursor))
            [[run.run_key for run in demo_tick.run_requests] for demo_tick in (before, after)]
        """),
    ),
    Misconception(
        "new-files-are-newest",
        claim="It is enough to remember the latest time of change: whatever is new was changed after it.",
        truth="A new file may be older than all that were seen, since a copy can keep its time of change.",
        explanation="Copying with cp -p, rsync and unpacking keep the time at which a file was last written. "
        "A sensor that asks only for what is later than the latest time never sees it. Compare each file "
        "with its own entry.",
        cell=cleandoc("""
            import os, shutil
            from lesson_lib.classroom import open_lab

            demo_lab = open_lab()
            acme, late = demo_lab.source / "acme.csv", demo_lab.source / "late.csv"
            os.utime(demo_lab.source / "zenith.csv", (1_000_000_000, 1_000_000_000))
            latest = acme.stat().st_mtime
            shutil.copy2(demo_lab.source / "zenith.csv", late)  # as cp -p does
            {"late is there": late.exists(), "changed after the latest": late.stat().st_mtime > latest}
        """),
    ),
    Misconception(
        "file-name-is-a-good-run-key",
        claim="The file's name is the right run_key: it keeps a file from being loaded twice.",
        truth="With the file's name as run_key, a corrected file is never loaded.",
        explanation="For each run_key of a sensor, the daemon starts one run. A correction has the old name, "
        "so its request is dropped without an error. Put into the run_key what changes with the file: a "
        "fingerprint of its bytes.",
        cell=cleandoc("""
            import dagster as dg, hashlib
            from lesson_lib.classroom import open_lab

            demo_lab = open_lab()

            @dg.sensor(job_name="load")
            def demo_sensor(context):
                fingerprint = hashlib.sha256((demo_lab.source / "acme.csv").read_bytes()).hexdigest()
                return [dg.RunRequest("acme.csv"), dg.RunRequest(f"acme.csv {fingerprint}")]

            before = [request.run_key for request in demo_sensor(dg.build_sensor_context())]
            demo_lab.bring_in("acme")  # a correction, under the same name
            after = [request.run_key for request in demo_sensor(dg.build_sensor_context())]
            {"same name": before[0] == after[0], "same fingerprint": before[1] == after[1]}
        """),
    ),
    Misconception(
        "failed-run-is-asked-for-again",
        claim="If a run fails, the sensor asks for it again at the next tick.",
        truth="A failed run is not asked for again; and if it were, its run key is known, and it is dropped.",
        explanation="A sensor writes down that it has asked, and is not told how the run ends. If it asks "
        "again, the daemon drops a run key that has had a run. Re-execute the run in the UI, or materialize "
        "its partition.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom.simulator.tick_simulator import simulate

            @dg.asset
            def demo_prices() -> None:
                raise OSError("the disk is full")

            @dg.sensor(target=[demo_prices])
            def demo_sensor(context):
                return dg.RunRequest(run_key="acme, first version")

            demo = dg.DagsterInstance.ephemeral()
            demo_ticks = simulate(demo_sensor, [demo_prices], demo)
            [run.became.name for _ in range(3) for run in demo_ticks.tick().runs]
        """),
    ),
    Misconception(
        "key-ends-at-the-first-dot",
        claim="A file's name has one dot, and the key ends there.",
        truth="A customer's name may have a dot in it, so a key ends before the last dot, not at the first.",
        explanation="Cut at the first dot, acme.eu.csv and acme.us.csv are one key, and a key that stands "
        "twice in one call makes the whole call fail. Path(name).stem takes off the last suffix only; on "
        "the way back, put .csv behind the whole key.",
        cell=cleandoc("""
            import dagster as dg

            dotted_names = ["acme.eu.csv", "acme.us.csv", "zenith.csv"]
            cut_names = [name.split(".")[0] for name in dotted_names]
            demo, refusal = dg.DagsterInstance.ephemeral(), None
            try:
                demo.add_dynamic_partitions("s3", cut_names)
            except Exception as refused:
                refusal = type(refused).__name__
            {"keys": cut_names, "error": refusal, "registered": demo.get_dynamic_partitions("s3")}
        """),
    ),
    Misconception(
        "everything-in-a-folder-is-data",
        claim="Whatever lies in the customers' folder is a customer's file.",
        truth="A folder also holds hidden files, half-written copies and folders, and their names make keys.",
        explanation="Dagster takes whatever key you make of them, and runs for customers who do not exist "
        "fail. Say which names are those of data files, and leave out everything else.",
        cell=cleandoc("""
            from lesson_lib.classroom import open_lab

            demo_lab = open_lab()
            demo_inbox = demo_lab.folder / "inbox"
            (demo_inbox / "archive").mkdir(parents=True)
            for demo_name in (".DS_Store", "acme.csv", "zenith.csv.part"):
                (demo_inbox / demo_name).touch()
            found = sorted(demo_inbox.iterdir())
            data_files = [path for path in found if path.suffix == ".csv" and path.name[0].isalnum()]
            {"all": [path.stem for path in found], "data": [path.stem for path in data_files]}
        """),
    ),
    Misconception(
        "one-bad-key-fails-alone",
        claim="One bad key harms only itself.",
        truth="If a key cannot be added, or raises an error in the sensor, the tick fails and starts no run.",
        explanation="A key that stands twice in a request cannot be added. The good keys beside it wait as "
        "long as it is there. Check each key by itself, leave out the bad ones, and log why.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom.simulator.tick_simulator import simulate

            demo_set = dg.DynamicPartitionsDefinition(name="s3")

            @dg.asset(partitions_def=demo_set)
            def demo_prices() -> None: ...

            @dg.sensor(target=[demo_prices])
            def demo_sensor(context):
                adding = demo_set.build_add_request(["acme", "acme", "zenith"])
                runs = [dg.RunRequest(partition_key="zenith")]
                return dg.SensorResult(dynamic_partitions_requests=[adding], run_requests=runs)

            demo = dg.DagsterInstance.ephemeral()
            simulate(demo_sensor, [demo_prices], demo).tick()
            {"registered": demo.get_dynamic_partitions("s3"), "runs": demo.get_runs_count()}
        """),
    ),
    Misconception(
        "failed-tick-moves-on",
        claim="After a tick that failed, the next one goes on with what comes after.",
        truth="A tick that fails leaves the cursor as it was, so the next one meets the same again.",
        explanation="The new cursor is kept only if the whole tick went well. A sensor that stumbles over a "
        "file stumbles at every tick, until the file or the code is mended, and asks for nothing meanwhile.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom.simulator.tick_simulator import simulate

            @dg.asset
            def demo_prices() -> None: ...

            @dg.sensor(target=[demo_prices])
            def demo_sensor(context):
                number = int(context.cursor or 0)
                if number == 2:
                    raise OSError("the third file cannot be read")
                return dg.SensorResult(cursor=str(number + 1))

            demo = dg.DagsterInstance.ephemeral()
            demo_ticks = simulate(demo_sensor, [demo_prices], demo)
            [demo_ticks.tick().cursor_after for _ in range(4)]
        """),
    ),
    Misconception(
        "one-tick-can-ask-for-all",
        claim="One tick can ask for all that is there: Dagster limits the number by itself.",
        truth="Dagster sets no limit: five hundred new files are five hundred runs at one tick.",
        explanation="All of them are submitted, and whatever is urgent waits behind them. Ask for a set "
        "number a tick, and write only those into the cursor: the others are still new at the next tick.",
        cell=cleandoc("""
            import dagster as dg
            from lesson_lib.classroom.simulator.tick_simulator import simulate

            @dg.asset
            def demo_prices() -> None: ...

            @dg.sensor(target=[demo_prices])
            def demo_sensor(context):
                return [dg.RunRequest(run_key=f"customer-{number}.csv") for number in range(500)]

            demo = dg.DagsterInstance.ephemeral()
            demo_ticks = simulate(demo_sensor, [demo_prices], demo)
            len(demo_ticks.tick(run=False).runs)
        """),
    ),
    # 04 Many customers
    Misconception(
        "keys-are-ordered-by-name",
        claim="Keys are ordered by name, so a range holds all that lie between in the alphabet.",
        truth="Keys stand in the order in which they were added, and a range follows that order.",
        explanation="A late key lands at the end, where an older range misses it. A range whose end was "
        "added before its start holds no key and still succeeds. Compare with "
        "get_dynamic_partitions before you run a range.",
        cell=cleandoc("""
            import dagster as dg

            demo, ranges = dg.DagsterInstance.ephemeral(), {}
            demo.add_dynamic_partitions("s3", ["acme", "zenith"])
            demo.add_dynamic_partitions("s3", ["bluebird"])

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                ranges[f"{first} to {last}"] = list(context.partition_keys)

            for first, last in (("acme", "zenith"), ("bluebird", "acme")):
                range_tag = "dagster/asset_partition_range"
                range_tags = {f"{range_tag}_start": first, f"{range_tag}_end": last}
                dg.materialize([demo_prices], instance=demo, tags=range_tags)
            ranges
        """),
    ),
    Misconception(
        "every-key-needs-a-run",
        claim="A thousand keys take a thousand runs.",
        truth="One run can take a whole range of keys, and is many times faster.",
        explanation="Most of the time goes into starting runs, not into your rows. Tag one run with the "
        "first and the last key of a range, and have the asset read context.partition_keys. If "
        "it fails, all its keys fail.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                loaded.extend(context.partition_keys)

            demo, loaded = dg.DagsterInstance.ephemeral(), []
            demo.add_dynamic_partitions("s3", [f"customer-{number}" for number in range(100)])
            ends = {"start": "customer-0", "end": "customer-99"}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            dg.materialize([demo_prices], instance=demo, tags=range_tags)
            {"keys loaded": len(loaded), "runs": demo.get_runs_count()}
        """),
    ),
    Misconception(
        "a-range-is-one-materialization",
        claim="One run over a range records one materialization.",
        truth="A run over a range records a materialization for each of its keys, in each asset.",
        explanation="The function is called once, and Dagster then writes down each key by itself. So every "
        "key is green afterwards, and a run of two assets for a thousand keys leaves two thousand records.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                calls.append(len(context.partition_keys))

            demo, calls = dg.DagsterInstance.ephemeral(), []
            demo.add_dynamic_partitions("s3", ["acme", "bluebird", "zenith"])
            ends = {"start": "acme", "end": "zenith"}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            demo_run = dg.materialize([demo_prices], instance=demo, tags=range_tags)
            recorded = demo_run.asset_materializations_for_node("demo_prices")
            {"calls": len(calls), "materialized": sorted(event.partition for event in recorded)}
        """),
    ),
    Misconception(
        "a-range-costs-one-key",
        claim="One run for all costs the same, however many keys it has.",
        truth="One run saves the start of all others, and still writes its events for every key.",
        explanation="For each key of each asset, Dagster's log gets two events: planned, and materialized. "
        "With two assets that is some 5 to 8 ms a key: seconds for a thousand, minutes for a hundred "
        "thousand.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices() -> None: ...

            demo, logged = dg.DagsterInstance.ephemeral(), {}
            demo.add_dynamic_partitions("s3", [f"customer-{number}" for number in range(1, 101)])
            kinds = {kind for kind in dg.DagsterEventType if "ASSET_MATERIALIZATION" in kind.value}
            for count in (1, 10, 100):
                ends = {"start": "customer-1", "end": f"customer-{count}"}
                range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
                demo_run = dg.materialize([demo_prices], instance=demo, tags=range_tags)
                logged[count] = len(demo.all_logs(demo_run.run_id, of_type=kinds))
            logged
        """),
    ),
    Misconception(
        "database-takes-the-time",
        claim="Loading many keys takes long because of the database.",
        truth="In a run for many keys, nearly all of the time goes into Dagster's log, little into DuckDB.",
        explanation="For a thousand customers DuckDB needs a quarter of a second, and the run some five. "
        "Fewer runs help, and fewer keys; a faster database hardly does. Time the parts before you replace "
        "one.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def does_nothing() -> None: ...

            demo = dg.DagsterInstance.ephemeral()
            two_hundred = [f"customer-{number:03}" for number in range(200)]
            demo.add_dynamic_partitions("s3", two_hundred)
            ends = {"start": two_hundred[0], "end": two_hundred[-1]}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            ran = dg.materialize([does_nothing], instance=demo, tags=range_tags)
            {"events that a run without any database stores": len(demo.all_logs(ran.run_id))}
        """),
    ),
    Misconception(
        "broken-file-fails-alone-in-a-range",
        claim="In a run over a range, a broken file fails for its own key only.",
        truth="A run over a range fails as a whole: all of its keys are recorded as failed.",
        explanation="An exception ends the step, whatever keys were done by then. Write all keys in one "
        "transaction, so that the table says the same as Dagster; or call backfill, where a broken file "
        "fails alone.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                for price in ("40.5", "n/a", "12.0"):  # of acme, bluebird and zenith
                    float(price)

            demo, three = dg.DagsterInstance.ephemeral(), ["acme", "bluebird", "zenith"]
            demo.add_dynamic_partitions("s3", three)
            ends = {"start": "acme", "end": "zenith"}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            dg.materialize([demo_prices], instance=demo, tags=range_tags, raise_on_error=False)
            states = demo.get_status_by_partition(demo_prices.key, three, demo_prices.partitions_def)
            {customer: states[customer].name for customer in three}
        """),
    ),
    Misconception(
        "partition-key-works-in-a-range",
        claim="In a run over a range, context.partition_key is each key in turn.",
        truth="In a run over a range, context.partition_key is an error, and context.partition_keys has them "
        "all.",
        explanation="The function is called once for all the keys of its run, not once for each. Read "
        "context.partition_keys, which also serves a run for one key: it is a list of one then.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                print(context.partition_keys)
                print(context.partition_key)

            demo = dg.DagsterInstance.ephemeral()
            demo.add_dynamic_partitions("s3", ["acme", "zenith"])
            ends = {"start": "acme", "end": "zenith"}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            dg.materialize([demo_prices], instance=demo, tags=range_tags)
        """),
    ),
    Misconception(
        "any-result-suits-a-range",
        claim="What a function returns for one key, it may return for several, be it nothing.",
        truth="Dagster's default IO manager stores no value for several keys, not even None: the run fails.",
        explanation="The function has come to its end by then, so the rows are stored, and the run has "
        "failed. Annotate it with -> None, or return a MaterializeResult: then there is no value to store.",
        cell=cleandoc("""
            import dagster as dg

            demo_set = dg.DynamicPartitionsDefinition(name="s3")
            with_value = dg.asset(lambda: 8, name="with_value", partitions_def=demo_set)
            with_none = dg.asset(lambda: None, name="with_none", partitions_def=demo_set)
            without = dg.asset(lambda: dg.MaterializeResult(), name="without", partitions_def=demo_set)

            demo, succeeded = dg.DagsterInstance.ephemeral(), {}
            demo.add_dynamic_partitions("s3", ["acme", "zenith"])
            ends = {"start": "acme", "end": "zenith"}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            for demo_asset in (with_value, with_none, without):
                run = {"instance": demo, "tags": range_tags, "raise_on_error": False}
                succeeded[demo_asset.node_def.name] = dg.materialize([demo_asset], **run).success
            succeeded
        """),
    ),
    Misconception(
        "range-without-keys-is-noticed",
        claim="A range that holds no key does no harm: Dagster, or somebody, will notice.",
        truth="A range whose end was registered before its start holds no key, and its run succeeds.",
        explanation="Nothing is loaded, and nothing is red. Let the asset raise an error if "
        "context.partition_keys is empty: whoever swapped the two ends then hears of it.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context) -> None:
                loaded.extend(context.partition_keys)

            demo, loaded = dg.DagsterInstance.ephemeral(), []
            demo.add_dynamic_partitions("s3", ["acme", "zenith"])
            ends = {"start": "zenith", "end": "acme"}
            range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
            demo_run = dg.materialize([demo_prices], instance=demo, tags=range_tags)
            {"run succeeded": demo_run.success, "keys loaded": loaded}
        """),
    ),
    Misconception(
        "not-in-survives-null",
        claim="NOT IN finds the keys without rows, whatever else is in the table.",
        truth="With one NULL among the table's keys, NOT IN finds no key at all.",
        explanation="A comparison with NULL is neither true nor false, so no key is surely missing, and the "
        "empty list looks like good news. NOT EXISTS and ANTI JOIN look for a match, and a NULL is none.",
        cell=cleandoc("""
            import duckdb

            db, found = duckdb.connect(), {}
            db.execute("create table prices as select unnest(['acme', null]) as partition_key")
            db.execute("create table registered as select unnest(['acme', 'bluebird']) as key")
            anti_join = "anti join prices on partition_key = key"
            for search in ("where key not in (select partition_key from prices)", anti_join):
                found[search.split(" prices")[0]] = db.sql(f"from registered {search}").fetchall()
            found
        """),
    ),
    Misconception(
        "several-processes-may-write",
        claim="Several processes can write to one DuckDB file at the same time.",
        truth="One process at a time may have a DuckDB file open for writing, and no other may even read it "
        "then.",
        explanation="DuckDB locks the file for the process that writes. A pool with a limit of one lets "
        "Dagster's runs take turns; close connections in notebooks, too; and for programs that ask no pool, "
        "take a database server.",
        cell=cleandoc("""
            import duckdb, subprocess, sys
            from lesson_lib.classroom import open_lab

            demo_lab, outcome = open_lab(), {}
            script = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'read')"
            with duckdb.connect(demo_lab.database):
                for wish in ("write", "read"):
                    command = [sys.executable, "-c", script, str(demo_lab.database), wish]
                    other = subprocess.run(command, capture_output=True, text=True)
                    outcome[wish] = "refused" if "IO Error" in other.stderr else "possible"
            outcome
        """),
    ),
    Misconception(
        "reading-needs-no-lock",
        claim="Whoever only reads needs no lock, and can open the file at any time.",
        truth="Readers share a DuckDB file with each other, and never with a process that writes.",
        explanation="To open is to lock, with read_only=True as well, and a file that is open to write is "
        "refused. Ask in the process that has it, or wait until that one has closed its connection.",
        cell=cleandoc("""
            import duckdb, subprocess, sys
            from lesson_lib.classroom import open_lab

            demo_lab, can_read = open_lab(), {}
            duckdb.connect(demo_lab.database).close()
            script = "import duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)"
            command = [sys.executable, "-c", script, str(demo_lab.database)]
            for what_we_do in ("write", "read"):
                with duckdb.connect(demo_lab.database, read_only=what_we_do == "read"):
                    other = subprocess.run(command, capture_output=True)
                can_read[f"while we {what_we_do}"] = other.returncode == 0
            can_read
        """),
    ),
    Misconception(
        "lock-is-a-left-over-file",
        claim="The lock is a file that a crash has left behind, and that somebody has to delete.",
        truth="A lock ends with its process, and the .wal file beside the database holds rows.",
        explanation="Whoever deletes the .wal file deletes what was committed and is not in the database "
        "yet. If a file is locked, a process is alive, and the message says which: let it close its "
        "connection.",
        cell=cleandoc("""
            import duckdb, subprocess, sys
            from lesson_lib.classroom import open_lab

            demo_lab, tables = open_lab(), {}
            crash = "import duckdb, os, sys; db = duckdb.connect(sys.argv[1]); "
            crash += "db.execute('create table prices as select 40.5'); os._exit(1)"
            subprocess.run([sys.executable, "-c", crash, str(demo_lab.database)])
            with duckdb.connect(demo_lab.database, read_only=True) as db:
                tables["after the crash"] = db.sql("show tables").fetchall()
            demo_lab.database.with_suffix(".duckdb.wal").unlink()
            with duckdb.connect(demo_lab.database, read_only=True) as db:
                tables["without the .wal file"] = db.sql("show tables").fetchall()
            tables
        """),
    ),
    Misconception(
        "pool-guards-the-file",
        claim="A pool keeps other programs away from the database file.",
        truth="A pool lets steps of Dagster's runs take turns; a notebook or another program asks no pool.",
        explanation="The pool is a number in Dagster's instance, of which DuckDB knows nothing. Whoever has "
        "the file open has it, and the step fails. Close notebooks, and let other programs write elsewhere.",
        cell=cleandoc("""
            import dagster as dg, duckdb, subprocess, sys
            from lesson_lib.classroom import open_lab

            @dg.asset(pool="duckdb_writer")
            def demo_prices() -> None:
                duckdb.connect(demo_lab.database).close()

            demo_lab, limit = open_lab(), {"concurrency": {"pools": {"default_limit": 1}}}
            demo = dg.DagsterInstance.local_temp(str(demo_lab.folder), limit)
            script = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print(flush=True); input()"
            command = [sys.executable, "-c", script, str(demo_lab.database)]
            with subprocess.Popen(command, stdin=-1, stdout=-1) as other:
                other.stdout.readline()  # once it has the file
                beside = dg.materialize([demo_prices], instance=demo, raise_on_error=False).success
                other.communicate(b"end")
            {"beside it": beside, "after it": dg.materialize([demo_prices], instance=demo).success}
        """),
    ),
    Misconception(
        "more-runs-load-faster",
        claim="Several run processes at once load into a DuckDB file faster than one.",
        truth="One process has the file, and each of the others is refused.",
        explanation="The lock is on the whole file, as long as a process has it open. Load many keys in one "
        "run, or let Dagster's runs take turns in a pool. To write side by side takes a file each, or a "
        "database server.",
        cell=cleandoc("""
            import subprocess, sys
            from lesson_lib.classroom import open_lab

            demo_lab = open_lab()
            script = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print(flush=True); input()"
            command = [sys.executable, "-c", script, str(demo_lab.database)]
            pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
            processes = [subprocess.Popen(command, **pipes) for _ in range(3)]
            outcomes = ["opened" if process.stdout.readline() else "refused" for process in processes]
            for process in processes:
                process.communicate(b"end")
            sorted(outcomes)
        """),
    ),
    Misconception(
        "more-keys-cost-nothing",
        claim="Keys cost nothing, so every order can have its own.",
        truth="Each key has its price in each asset, and a hundred thousand keys are many.",
        explanation="Dagster recommends 100,000 keys an asset at most. A key is worth its price if you load "
        "it again by itself; to tell things apart inside of it, a column does, for nothing.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="orders"))
            def demo_orders() -> None: ...

            demo, logged = dg.DagsterInstance.ephemeral(), {}
            kinds = {kind for kind in dg.DagsterEventType if "ASSET_MATERIALIZATION" in kind.value}
            for plan, count in (("a key a day", 5), ("a key an order", 200)):
                demo.add_dynamic_partitions("orders", [f"{plan} {number}" for number in range(count)])
                ends = {"start": f"{plan} 0", "end": f"{plan} {count - 1}"}
                range_tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
                demo_run = dg.materialize([demo_orders], instance=demo, tags=range_tags)
                logged[plan] = len(demo.all_logs(demo_run.run_id, of_type=kinds))
            logged
        """),
    ),
    # 06 Beyond one dimension
    Misconception(
        "fan-in-always-gets-a-dict",
        claim="An asset that takes in all partitions of another one receives a dict.",
        truth="It receives a dict for two keys or more, the bare value for one key, and None for no key.",
        explanation="Dagster's default IO manager makes a dict only of several keys, so code that expects a "
        "dict fails with the first customer. Handle all three cases, or read the rows from the "
        "table instead.",
        cell=cleandoc("""
            import dagster as dg

            @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
            def demo_prices(context):
                return f"prices of {context.partition_key}"

            @dg.asset
            def demo_report(demo_prices) -> None:
                received.append(demo_prices)

            demo, received = dg.DagsterInstance.ephemeral(), []
            dg.materialize([demo_prices, demo_report], selection=[demo_report], instance=demo)
            for customer in ("acme", "zenith"):
                demo.add_dynamic_partitions("s3", [customer])
                dg.materialize([demo_prices, demo_report], partition_key=customer, instance=demo)
            received
        """),
    ),
)

MISCONCEPTIONS: Mapping[str, Misconception] = MappingProxyType({belief.id: belief for belief in _ALL})
