"""What an error shows: its cause, the next move, the learner's own line, and the traceback behind a fold."""

import ast
import json
import re
import shutil
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import dedent, indent

import dagster as dg
import duckdb
import pytest
from ipykernel.compiler import XCachingCompiler
from IPython.core.interactiveshell import InteractiveShell

from lesson_lib.classroom.display.board import Board, Facts, Fold
from lesson_lib.classroom.display.error_rules import RULES, Rule, find_rule
from lesson_lib.classroom.display.error_view import describe_error, explain_error
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.lab.changes import changes
from lesson_lib.classroom.lab.folder import list_arrivals
from lesson_lib.course_data import data_folder
from lesson_lib.notebook_cells import SECTION
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected
from tests.classroom.shells import WITHOUT_HISTORY

Fails = Callable[[str], BaseException]

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
UNEXPLAINED = "lesson_lib has no explanation for this error"
QUIET = {"python_logs": {"python_log_level": "CRITICAL"}}

# What the cells of the tests have at hand, run as a cell of its own.
FIRST_CELL = """
import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource

from lesson_lib.pipeline import SourceFolder, Warehouse, import_dynamic_partition_file, register_keys

s3 = dg.DynamicPartitionsDefinition(name="s3")
resources = {"database": DuckDBResource(database=str(folder / "lesson.duckdb"))}
ours = [import_dynamic_partition_file]
source = {"source": SourceFolder(path=folder)}


def range_of(start, end):
    return {"dagster/asset_partition_range_start": start, "dagster/asset_partition_range_end": end}


@dg.asset(partitions_def=s3)
def imported(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset(partitions_def=s3)
def loaded(database: DuckDBResource, imported: str) -> None: ...


@dg.asset(partitions_def=s3)
def taking(imported: str) -> None: ...


both = [imported, taking]


@dg.asset(partitions_def=s3)
def ranged() -> None: ...


@dg.asset(partitions_def=s3)
def returning() -> str:
    return "a path"


def load(key):
    'A step of the work.'
    raise LookupError(key)


@dg.asset(partitions_def=s3)
def loaded_by(context: dg.AssetExecutionContext) -> None:
    load(context.partition_key)


@dg.asset(partitions_def=dg.DailyPartitionsDefinition(start_date="2018-01-22", end_date="2018-01-27"))
def daily() -> None: ...


@dg.asset
def plain() -> int:
    return 1


@dg.asset(name="plain")
def another_plain() -> int:
    return 2


@dg.asset
def after_plain(plain: int) -> None: ...


@dg.asset
def promising() -> int:
    return "1"


@dg.asset
def dividing() -> float:
    return 1 / 0


@dg.asset(check_specs=[dg.AssetCheckSpec("not_empty", asset="checked", blocking=True)])
def checked():
    yield dg.Output(1)
    yield dg.AssetCheckResult(passed=False)


@dg.asset(partitions_def=dg.MultiPartitionsDefinition({"day": daily.partitions_def, "customer": s3}))
def both_ways() -> None: ...


@dg.asset
def joining() -> str:
    return "source" / "acme.csv"


calendarless = dg.build_schedule_from_partitioned_job(dg.define_asset_job("job", [imported]))
con = duckdb.connect()
_ = con.execute("create table prices (day date not null, price double)")
_ = con.execute("insert into prices values (date '2018-01-22', 1.5)")
_ = con.execute("create table customers (name varchar primary key)")
_ = con.execute("insert into customers values ('zenith')")
_ = con.execute("create table stored (day date, price double, partition_key varchar)")

import datetime as dt
import json

from lesson_lib.classroom import simulate

daily_job = dg.define_asset_job("daily_job", [daily])
daily_schedule = dg.build_schedule_from_partitioned_job(daily_job)
definitions = dg.Definitions([daily], jobs=[daily_job], schedules=[daily_schedule])
jobs = [dg.define_asset_job(name, both) for name in ("nightly_job", "hourly_job")]


@dg.schedule(target=[plain], cron_schedule="0 6 * * *")
def by_hand(context: dg.ScheduleEvaluationContext):
    moment = context.scheduled_execution_time
    return dg.RunRequest(run_key=str(moment))


@dg.schedule(target=both, cron_schedule="0 6 * * *")
def of_acme():
    return dg.RunRequest(partition_key="acme")


@dg.sensor(target=both)
def asking(context: dg.SensorEvaluationContext):
    keys_of = context.instance
    return dg.RunRequest(partition_key=keys_of.get_dynamic_partitions("s3")[0])


deployed = dg.Definitions(both, schedules=[of_acme], sensors=[asking])


@dg.sensor(target=both)
def looking(context: dg.SensorEvaluationContext, source: SourceFolder):
    return dg.RunRequest(partition_key="acme")


@dg.sensor(target=both)
def reading(context: dg.SensorEvaluationContext):
    seen = json.loads(context.cursor)


from lesson_lib.classroom.exercises import check
"""


# A rule (or "none") with what is to stand in its texts and after "Where:"; below it, a cell that provokes it.
CASES = """
unknown key | set=s3 | key=acmee
    dg.materialize([imported], partition_key="acmee", instance=instance)
unknown key of a calendar | key=acme
    dg.materialize([daily], partition_key="acme", instance=instance)
unknown key of several dimensions | key=2018-01-22|acme
    dg.materialize([both_ways], partition_key="2018-01-22|acme", instance=instance)
an answer without quotes | name=b
    check("2.2", b)
an answer without quotes | name=cedab
    check("1.4", cedab)
an answer without quotes | name=sensor
    trigger = {"exchange": sensor}
unknown end of a range | keys='nobody'
    dg.materialize([ranged], instance=instance, tags=range_of("acme", "nobody"))
no instance
    dg.materialize([imported], partition_key="acme")
no instance
    s3.get_partition_keys()
no instance
    both_ways.partitions_def.get_partition_keys()
a name in the place of a function | name='s3'
    dg.DynamicPartitionsDefinition("s3")
a definition in the place of its name | name='s3'
    instance.add_dynamic_partitions(s3, ["zenith"])
a definition in the place of its name | name='s3'
    instance.get_dynamic_partitions(s3)
several keys deleted in one call | type=list
    instance.delete_dynamic_partition("s3", ["acme"])
a key that is no string | type=int
    dg.materialize([imported], partition_key=5, instance=instance)
one key in a run of a range | where=imported, line 19 of its cell: return context.partition_key
    dg.materialize([imported], instance=instance, tags=range_of("acme", "globex"))
half a range
    dg.materialize([ranged], instance=instance, tags={"dagster/asset_partition_range_start": "acme"})
a key and a range
    dg.materialize([ranged], partition_key="acme", instance=instance, tags=range_of("acme", "globex"))
a value for no key | where=returning
    dg.materialize([returning], instance=instance, tags=range_of("globex", "acme"))
a range without keys, refused
    dg.materialize(ours, instance=instance, tags=range_of("globex", "acme"), resources=source)
a value for a range | where=returning
    dg.materialize([returning], instance=instance, tags=range_of("acme", "globex"))
no key in the run | where=imported, line 19 of its cell: return context.partition_key
    dg.materialize([imported], instance=instance)
no key in a context | where=imported, line 19 of its cell: return context.partition_key
    imported(dg.build_asset_context())
a key for assets without partitions
    dg.materialize([plain], partition_key="acme", instance=instance)
two definitions
    dg.materialize([daily, imported], partition_key="acme", instance=instance)
a schedule without a calendar
    dg.Definitions.validate_loadable(dg.Definitions([imported], schedules=[calendarless]))
a schedule without a calendar
    dg.Definitions([imported], schedules=[calendarless]).resolve_schedule_def("job_schedule")
no job to follow
    dg.build_schedule_from_partitioned_job([daily])
no job to follow
    dg.build_schedule_from_partitioned_job("daily_job")
a schedule that is not resolved
    daily_schedule.evaluate_tick(dg.build_schedule_context())
a schedule that is not resolved
    daily_schedule(dg.build_schedule_context())
a job that is not resolved
    daily_job.execute_in_process(partition_key="2018-01-22")
no such name | kind=schedule | name=daily_job | found='daily_job_schedule'
    definitions.resolve_schedule_def("daily_job")
no such name | kind=job | name=daily | found='__ASSET_JOB', 'daily_job'
    definitions.resolve_job_def("daily")
none of the kind | kind=sensor
    definitions.resolve_sensor_def("asking")
a schedule without its context
    by_hand()
a schedule without its context
    by_hand.evaluate_tick()
a schedule without its context
    by_hand.evaluate_tick(dt.datetime(2018, 1, 24))
no time in a context
    by_hand.evaluate_tick(dg.build_schedule_context())
a time of another type | type=date
    dg.build_schedule_context(scheduled_execution_time=dt.date(2018, 1, 24))
a time of another type | type=str
    dg.build_schedule_context(scheduled_execution_time="2018-01-24")
no assets for a job | assets='daily'
    dg.Definitions([plain], jobs=[daily_job]).resolve_job_def("daily_job")
a sensor without its context
    asking()
a sensor without its context
    asking(instance)
a sensor without its context
    asking.evaluate_tick(instance)
a sensor without its context
    asking.evaluate_tick()
a context without an instance | where=asking, line 127 of its cell: keys_of = context.instance
    asking(dg.build_sensor_context())
a context without an instance
    dg.build_schedule_context().instance
a context without definitions
    asking.evaluate_tick(dg.build_sensor_context(instance=instance))
no instance at a tick
    asking.evaluate_tick(dg.build_sensor_context(instance, definitions=deployed))
no instance at a tick
    of_acme.evaluate_tick(dg.build_schedule_context(repository_def=deployed.get_repository_def()))
no resource for a sensor | resource=source | sensor=looking
    looking(dg.build_sensor_context(instance=instance))
no resource | asset=import_dynamic_partition_file | resource=source
    simulate(asking, [*both, *ours], instance)
no job of that name | sensor=noon | job=noon_job
    simulate(dg.SensorDefinition("noon", job_name="noon_job", evaluation_fn=print), both, instance)
a cursor that is no string
    dg.build_sensor_context(cursor=["acme"])
a cursor that is no JSON | where=reading, line 141 of its cell: seen = json.loads(context.cursor)
    reading(dg.build_sensor_context(cursor="acme"))
no cursor yet | where=reading, line 141 of its cell: seen = json.loads(context.cursor)
    reading(dg.build_sensor_context())
no list of keys in a request
    s3.build_add_request("acme")
no list of keys in a request
    s3.build_delete_request({"acme"})
a key in a request that is no string | type=int
    s3.build_add_request(["acme", 7])
no list of run requests
    dg.SensorResult(dg.RunRequest(partition_key="acme"))
no list of run requests
    dg.SensorResult(["acme"])
no list of requests for keys
    dg.SensorResult(dynamic_partitions_requests=["acme"])
no list of requests for keys
    dg.SensorResult(dynamic_partitions_requests=s3.build_add_request(["acme"]))
runs and a reason to skip
    dg.SensorResult(run_requests=[dg.RunRequest(partition_key="acme")], skip_reason="nothing new")
a run key that is no string
    dg.RunRequest(partition_key="acme", run_key=["acme", 283])
a key twice | set=s3 | key='zenith'
    instance.add_dynamic_partitions("s3", ["zenith", "acme2", "zenith"])
a key twice | set=s3 | key="o'hare"
    instance.add_dynamic_partitions("s3", ["o'hare", "o'hare"])
a key twice | set=s3 | key='49'
    instance.add_dynamic_partitions("s3", [*map(str, range(50)), "49"])
some key twice
    instance.add_dynamic_partitions("s3", [*map(str, range(50)), "25", *map(str, range(60, 90))])
too many keys
    instance.add_dynamic_partitions("s3", [str(number) for number in range(300_000)])
a string for a list of keys | key='acme'
    instance.add_dynamic_partitions("s3", "acme")
no resource | asset=loaded | resource=database
    dg.materialize([imported, loaded], partition_key="acme", instance=instance)
no upstream asset | asset=imported
    dg.materialize([loaded], partition_key="acme", instance=instance, resources=resources)
two assets of a name | asset='plain'
    dg.materialize([plain, another_plain], instance=instance)
an annotation that is text | where=line 1 of the cell: @dg.asset
    @dg.asset
    def imported(context: "dg.AssetExecutionContext") -> None: ...
an annotation of another class | where=line 1 of the cell: @dg.asset
    @dg.asset
    def imported(context: str) -> None: ...
an asset called | asset=imported
    imported()
an asset called without its input | asset=imported
    taking()
no list of assets
    dg.materialize(imported, partition_key="acme", instance=instance)
none
    dg.materialize({plain}, instance=instance)
no asset
    dg.materialize([print], instance=instance)
no upstream value for a key | where=taking | asset=imported | key=globex
    dg.materialize(both, selection=[taking], partition_key="globex", instance=instance)
no upstream value | where=line 1 of the cell, for taking: dg.materialize( | asset=imported
    dg.materialize(
        [imported, taking],
        selection=[taking],
        partition_key="globex",
        instance=instance,
        resources={"io_manager": dg.mem_io_manager},
    )
no upstream value | where=after_plain | asset=plain
    dg.materialize([plain, after_plain], selection=[after_plain], instance=instance)
a folder that is text | where=joining, line 92 of its cell: return "source" / "acme.csv"
    dg.materialize([joining], instance=instance)
another type than promised
    dg.materialize([promising], instance=instance)
a blocking check | finding=check not_empty failed | asset=checked | check=not_empty
    dg.materialize([checked], instance=instance)
other settings | where=line 2 of the cell: duckdb.connect(folder / "open.duckdb", config={"threads": 1})
    with duckdb.connect(folder / "open.duckdb"):
        duckdb.connect(folder / "open.duckdb", config={"threads": 1})
a closed connection | where=line 3 of the cell: closed.sql("select 1")
    with duckdb.connect() as closed:
        pass
    closed.sql("select 1")
no file | file=acme.csv
    con.execute("copy prices from '" + str(folder / "acme.csv") + "'")
no folder | file=lesson.duckdb
    duckdb.connect(folder / "new" / "lesson.duckdb")
no database | file=notes.duckdb
    duckdb.connect(folder / "notes.duckdb")
a broken value in a line | column=price | file=broken.csv | line=3
    con.execute("copy prices from ?", [str(folder / "broken.csv")])
a ragged row | where=line 1 of the cell: con.execute( | file=ragged.csv | line=2 | columns=2 | found=3
    con.execute(
        "from read_csv(?, auto_detect = false, header = true, columns = {'day': 'date', 'p': 'double'})",
        [str(folder / "ragged.csv")],
    )
too few or too many values
    con.execute("select ?, ?", ["acme"])
too few or too many values
    con.execute("select ?", ["acme", "globex"])
no place for a value
    con.execute("delete from customers where name = '?'", ["acme"])
a value without a list
    con.execute("delete from customers where name = ?", "acme")
a file of other columns | columns=3 | file=twins.csv | found=2
    con.execute("copy stored from ?", [str(folder / "twins.csv")])
a key for a date | value=acme
    con.execute("delete from prices where day = 'acme'")
a key for a date | value=acme
    con.execute("delete from prices where day = ?", ["acme"])
none
    con.execute("select 'acme'::date")
none
    con.execute("select 'n/a'::double")
no table | table=raw_partition_data
    con.execute("from raw_partition_data")
a table twice | table=prices
    con.execute("create table prices (day date)")
no column | column=partition_key
    con.execute("select partition_key from prices")
no column to insert into | table=prices | column=spread
    con.execute("insert into prices (spread) values (1)")
too many columns | table=prices
    con.execute("insert into prices select *, 'acme' from prices")
no column to insert into | table=prices | column=$1
    con.execute("insert into prices by name select *, ? from prices", ["acme"])
none
    con.execute("select day, count(*) from prices")
a quote that is open | where=line 2 of the cell: con.execute(f"delete from prices where day = '{key}'")
    key = "o'hare"
    con.execute(f"delete from prices where day = '{key}'")
a quote that is open
    con.execute("select 'abc")
none
    con.execute("slect 1")
a missing value | table=prices | column=day
    con.execute("insert into prices values (null, 1)")
a row twice | key=name: zenith
    con.execute("insert into customers values ('zenith')")
a row twice | key=acme
    con.execute("insert into customers values ('acme'), ('acme')")
a refusal
    register_keys(instance, ["acme*"])
a file that is refused
    dg.materialize(ours, partition_key="acme", instance=instance, resources=source)
a refusal
    with Warehouse(database=folder / "notes.duckdb").get_connection():
        pass
none | where=load, line 44 of its cell, for loaded_by: raise LookupError(key)
    dg.materialize([loaded_by], partition_key="acme", instance=instance)
none | where=line 2 of load.py: con.execute("select no_such_function(1)")
    import runpy

    runpy.run_path(folder / "load.py", {"con": con})
none
    dg.DynamicPartitionsDefinition()
"""

# The same for the second tick of a sensor, whose function is below, and what it is decorated with ("by").
TICKS = """
unknown key at a tick | set=s3 | key=zenith
    return dg.RunRequest(partition_key="zenith")
unknown key at a tick | set=s3 | key=zenith
    keys = [s3.build_add_request(["zenit"])]
    return dg.SensorResult([dg.RunRequest(partition_key="zenith")], dynamic_partitions_requests=keys)
unknown key at a tick | set=s3 | key=acme
    keys = [s3.build_delete_request(["acme"])]
    return dg.SensorResult([dg.RunRequest(partition_key="acme")], dynamic_partitions_requests=keys)
unknown key of a calendar | key=acme | by=target=[daily]
    return dg.RunRequest(partition_key="acme")
a key twice at a tick | key='globex.eu'
    keys = ["zenith", "globex.eu", "bluebird", "globex.eu"]
    return dg.SensorResult(dynamic_partitions_requests=[s3.build_add_request(keys)])
some key twice at a tick
    keys = [*map(str, range(50)), "25", *map(str, range(60, 90))]
    return dg.SensorResult(dynamic_partitions_requests=[s3.build_add_request(keys)])
a key in two requests
    keys = [s3.build_add_request(["zenith"]), s3.build_add_request(["zenith"])]
    return dg.SensorResult(dynamic_partitions_requests=keys)
a key in two requests
    keys = [s3.build_delete_request(["zenith"]), s3.build_delete_request(["zenith"])]
    return dg.SensorResult(dynamic_partitions_requests=keys)
a key to add and to delete
    keys = [s3.build_add_request(["zenith"]), s3.build_delete_request(["zenith"])]
    return dg.SensorResult(dynamic_partitions_requests=keys)
no list of keys in a request | where=mine, line 3 of its cell: return s3.build_add_request("acme")
    return s3.build_add_request("acme")
nothing that a sensor may return
    return "acme"
nothing that a sensor may return
    return ["acme"]
nothing that a sensor may return
    return s3.build_add_request(["zenith"])
nothing that a sensor may return
    return (dg.RunRequest(partition_key="acme"), dg.RunRequest(partition_key="globex"))
nothing that a sensor may return
    yield dg.RunRequest(partition_key="acme")
    yield "globex"
a result among others
    yield dg.RunRequest(partition_key="acme")
    yield dg.SensorResult(cursor="acme")
a reason to skip that is raised | where=mine, line 3 of its cell: raise dg.SkipReason("nothing new")
    raise dg.SkipReason("nothing new")
none | where=mine, line 3 of its cell: raise "nothing new"
    raise "nothing new"
runs and a reason to skip
    return [dg.SkipReason("nothing new"), dg.RunRequest(partition_key="acme")]
two cursors
    context.update_cursor("acme")
    return dg.SensorResult(cursor="globex")
a cursor that is no string | where=mine, line 3 of its cell: context.update_cursor({"acme": 283})
    context.update_cursor({"acme": 283})
a cursor that is no JSON | where=mine, line 3 of its cell: json.loads(context.cursor or "[]")
    json.loads(context.cursor or "[]")
    return dg.SensorResult(cursor=str(["acme"]))
none | where=mine, line 3 of its cell: json.loads("{")
    json.loads("{")
no cursor yet | where=mine, line 3 of its cell: json.loads(context.cursor)
    json.loads(context.cursor)
none | where=mine, line 3 of its cell: json.loads(None)
    json.loads(None)
a run key that is no string | where=mine, line 3 of its cell: dg.RunRequest(run_key=283)
    dg.RunRequest(run_key=283)
no target | sensor=mine | by=
    return dg.RunRequest(partition_key="acme")
none of several jobs | sensor=mine | jobs='nightly_job', 'hourly_job' | by=jobs=jobs
    return dg.RunRequest(partition_key="acme")
another job | sensor=mine | job=noon_job | jobs='nightly_job', 'hourly_job' | by=jobs=jobs
    return dg.RunRequest(partition_key="acme", job_name="noon_job")
another job | sensor=mine | job=noon_job | jobs='__anonymous_asset_job_mine'
    return dg.RunRequest(partition_key="acme", job_name="noon_job")
no assets for a job | assets='nightly_job' | by=target="nightly_job"
    return dg.RunRequest(partition_key="acme")
no resource for a sensor | resource=source | sensor=mine | takes=, source: SourceFolder
    return dg.RunRequest(partition_key="acme")
none | where=mine, line 3 of its cell: 1 / 0
    1 / 0
"""

# How the card looks: with all that it can say, and with less.
CARDS = {
    """
    def run(key):
        return dg.materialize([imported], partition_key=key, instance=instance)


    run("o'hare")
    """: """
Why it failed, and what to do
  Why: The set 's3' of this instance does not contain "o'hare". Neither a file nor the definition
      creates a key: somebody has to register it.
  Next: Compare the spelling with instance.get_dynamic_partitions('s3'). If the key is new:
      instance.add_dynamic_partitions('s3', ["o'hare"]), and run the cell again.
  Where: run, line 2 of its cell: return dg.materialize([imported], partition_key=key,
      instance=instance)
  Read: notebook 01, How do you create a key?
""",
    'duckdb.connect(folder / "notes.duckdb")': """
Why it failed, and what to do
  Why: notes.duckdb was not written by DuckDB, or it is damaged.
  Next: Give the database another path, or move that file away.
""",
    "dg.materialize([dividing], instance=instance)": """
Where it failed
  Where: dividing, line 77 of its cell: return 1 / 0
""",
    'register_keys(instance, ["acme*"])': """
Where to read more
  Read: notebook 02, Does the library's version pass the same tests?
""",
    'con.execute("select no_such_function(1)")': """
lesson_lib has no explanation for this error
""",
}

# What answers when the last `load` of notebook 02 meets each file.
BROKEN_ARRIVALS = {
    "broken/acme": "a broken value",
    "broken/bad-date": "a broken value",
    "broken/bad-number": "a broken value",
    "broken/empty": "no column to insert into",
    "broken/extra-column": "no column to insert into",
    "broken/gzipped": "another encoding",
    "broken/header-only": "loaded",
    "broken/latin-1": "another encoding",
    "broken/missing-column": "loaded",
    "broken/negative-price": "loaded",
    "broken/ragged-row": "lines that cannot be split",
    "broken/renamed-column": "no column to insert into",
    "broken/semicolons": "loaded",
    "broken/thousands-separator": "a broken value",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with faulty files."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "notes.duckdb").write_text("a note, and no database " * 500)
    (folder / "broken.csv").write_text("day,price\n2018-01-22,1.5\n2018-01-23,n/a\n")
    (folder / "twins.csv").write_text("day,price\n2018-01-22,1.5\n2018-01-23,2.5\n")
    (folder / "ragged.csv").write_text("day,price\n2018-01-22,1.5,7\n")
    (folder / "load.py").write_text('print("loading")\ncon.execute("select no_such_function(1)")\n')
    return folder


@pytest.fixture(scope="module")
def shell(folder: Path) -> Iterator[InteractiveShell]:
    """Return a shell in which the first cell has run; a failing cell changes nothing for the next."""
    shell = new_shell()
    with dg.DagsterInstance.ephemeral(settings=QUIET) as instance:
        instance.add_dynamic_partitions("s3", ["acme", "globex"])
        shell.user_ns.update(folder=folder, instance=instance)
        shell.run_cell(FIRST_CELL).raise_error()
        yield shell
        shell.user_ns["con"].close()


@pytest.fixture
def run_failing(shell: InteractiveShell) -> Fails:
    """Return a function that runs a cell which must fail, and returns its error."""
    return partial(run_cell, shell)


def new_shell() -> InteractiveShell:
    """Return a shell that compiles cells as a notebook's kernel does."""
    shell = InteractiveShell(colors="nocolor", config=WITHOUT_HISTORY, compiler_class=XCachingCompiler)
    shell.InteractiveTB.set_mode(mode="Minimal")
    return shell


def run_cell(shell: InteractiveShell, cell: str) -> BaseException:
    """Run a cell that must fail, and return its error."""
    error = shell.run_cell(cell).error_in_exec
    assert isinstance(error, BaseException)
    return error


def make_board(error: BaseException) -> Board:
    """Return the board of an error that has one."""
    board = describe_error(error)
    assert board
    return board


def find_traceback(error: BaseException) -> str:
    """Return the text behind the board's fold."""
    (fold,) = (block for block in make_board(error).blocks if isinstance(block, Fold))
    assert fold.summary == "The full traceback"
    return fold.text


def read_card(error: BaseException) -> tuple[str, dict[str, str]]:
    """Return the title and the facts of an error's card."""
    board = make_board(error)
    (facts,) = (block for block in board.blocks if isinstance(block, Facts))
    return board.title, dict(facts.pairs)


def expect_card(
    rule_name: str, where: str = "", finding: str = "", **values: str
) -> tuple[str, dict[str, str]]:
    """Return the title and the facts of a card for the rule of this name, or for `none`."""
    if rule_name == "none":
        return ("Where it failed", {"Where": where}) if where else (UNEXPLAINED, {})
    rule = RULES[rule_name]
    if not rule.cause:
        return "Where to read more", {"Read": rule.section}
    cause, next_move = rule.cause.format(**values), rule.next_move.format(**values)
    facts = {"Found": finding, "Why": cause, "Next": next_move, "Where": where, "Read": rule.section}
    return "Why it failed, and what to do", {name: text for name, text in facts.items() if text}


def find_rule_name(error: BaseException) -> str:
    """Return the name of the rule that explains an error."""
    found = find_rule(error) or Rule("", "", "", "")
    names = (
        name
        for name, rule in RULES.items()
        if replace(rule, cause=found.cause, next_move=found.next_move) == found
    )
    return next(names, "none")


def parse_cases(text: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the rule, the cell and the values of each case."""
    for case in re.split(r"\n(?=\S)", text.strip()):
        head, _, cell = case.partition("\n")
        rule, *values = head.split(" | ")
        yield rule, dedent(cell), dict(value.split("=", 1) for value in values)


@pytest.mark.parametrize(("rule", "cell", "values"), [*parse_cases(CASES)])
def test_an_error_says_why_what_next_where_and_what_to_read(
    run_failing: Fails, rule: str, cell: str, values: dict[str, str]
) -> None:
    """The card has exactly these facts, and the exception is unchanged."""
    error = run_failing(cell)
    before = traceback.format_exception(error)
    assert read_card(error) == expect_card(rule, **values)
    assert traceback.format_exception(error) == before
    assert find_injected(render_html(make_board(error))) == []
    assert find_traceback(error)


@pytest.mark.parametrize(("rule", "cell", "values"), [*parse_cases(TICKS)])
def test_a_failed_tick_says_why_what_next_where_and_what_to_read(
    shell: InteractiveShell, rule: str, cell: str, values: dict[str, str]
) -> None:
    """A failed tick has the same facts, after what was raised."""
    by, takes = values.pop("by", "target=both"), values.pop("takes", "")
    body = indent(cell, "    ")
    shell.run_cell(f"@dg.sensor({by})\ndef mine(context{takes}):\n{body}").raise_error()
    daemon = shell.ev("simulate(mine, both, instance)")
    daemon.tick(run=False)
    error = daemon.tick(run=False).error
    facts = dict(explain_error(error))
    assert type(error).__name__ in facts.pop("Raised")
    assert facts == expect_card(rule, **values)[1]
    assert read_card(error) == expect_card(rule, **values)


@pytest.mark.parametrize("cell", CARDS)
def test_a_card_is_short_and_in_order(run_failing: Fails, cell: str) -> None:
    """The facts of a card are in this order: why, next, where, and what to read."""
    assert render_text(make_board(run_failing(dedent(cell).strip()))) == CARDS[cell].strip("\n")


@pytest.mark.parametrize("arrival", [name for name in list_arrivals() if name.startswith("broken/")])
def test_a_broken_file_is_explained_to_the_load_of_notebook_02(arrival: str) -> None:
    """The rule for it explains a broken file, or notebook 02's version loads it."""
    with duckdb.connect() as con:
        con.execute(
            "create table raw_partition_data (date date, share_price double, amount double, spend double, "
            "shift double, spread double, partition_key varchar)"
        )
        outcome = "loaded"
        try:
            find_last_load()(con, arrival, str(data_folder() / "arrivals" / f"{arrival}.csv"))
        except duckdb.Error as error:
            outcome = find_rule_name(error)
    assert outcome == BROKEN_ARRIVALS[arrival]


def find_last_load() -> Callable[[duckdb.DuckDBPyConnection, str, str], None]:
    """Return the function `load` that notebook 02 ends with."""
    (notebook,) = NOTEBOOKS.glob("02_*.ipynb")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    *_, source = ("".join(cell["source"]) for cell in cells if "def load(" in "".join(cell["source"]))
    (load,) = (part for part in ast.parse(source).body if isinstance(part, ast.FunctionDef))
    names: dict[str, Callable[[duckdb.DuckDBPyConnection, str, str], None]] = {}
    exec(compile(ast.Module([load], []), "load", "exec"), names)  # noqa: S102 - the course's own code
    return names["load"]


def test_a_database_that_another_process_holds_names_the_process(run_failing: Fails, folder: Path) -> None:
    """The card names the process and the file, without the file's folder."""
    held = folder / "held.duckdb"
    hold = f"import duckdb\ncon = duckdb.connect({str(held)!r})\nprint('held', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        plain = run_failing('duckdb.connect(folder / "held.duckdb")')
        ours = run_failing('with Warehouse(database=folder / "held.duckdb").get_connection():\n    pass')
        other.communicate("\n")
    assert read_card(plain) == expect_card(
        "a database that a process holds", pid=str(other.pid), file="held.duckdb"
    )
    assert read_card(ours) == expect_card("a database that is held, refused")
    assert str(folder) not in find_traceback(plain) + find_traceback(ours)


def test_a_database_held_where_duckdb_gives_no_process() -> None:
    """The message of systems that do not name the process is explained as well."""
    error = duckdb.IOException("IO Error: File is already open in another program")
    assert read_card(error) == expect_card("a database that is held")


def test_postponed_annotations_stay_in_force_for_later_cells() -> None:
    """The card says so because the cell that fails is not the one with the import."""
    shell = new_shell()
    shell.run_cell("from __future__ import annotations").raise_error()
    shell.run_cell("import dagster as dg").raise_error()
    error = run_cell(shell, "@dg.asset\ndef imported(context: dg.AssetExecutionContext) -> None: ...")
    assert find_rule_name(error) == "an annotation that is text"


def test_an_error_in_a_cell_with_changes_belongs_to_the_cell(
    shell: InteractiveShell, run_failing: Fails, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error in a `%%changes` cell is explained as without the magic."""
    line = '%%changes instance, [imported], folder / "records.duckdb"\n'
    monkeypatch.setattr("lesson_lib.classroom.lab.changes.get_ipython", lambda: shell)
    shell.register_magic_function(changes, "cell")
    assert describe_error(run_failing(f"{line}1 / 0")) is None
    assert read_card(run_failing(f"{line}dg.DynamicPartitionsDefinition()")) == expect_card("none")
    assert find_rule_name(run_failing(f'{line}register_keys(instance, ["acme*"])')) == "a refusal"


@pytest.mark.parametrize(
    "cell",
    ["1 / 0", "import json\njson.loads('{')", "raise KeyboardInterrupt", "dg.materialize([], partitions=1)"],
)
def test_nothing_is_added_where_no_library_had_a_part(run_failing: Fails, cell: str) -> None:
    """Errors without a library, and interrupts, keep Python's own traceback."""
    assert describe_error(run_failing(cell)) is None


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_keys_do_nothing_to_the_page(run_failing: Fails, name: str) -> None:
    """Hostile keys in messages of Dagster and DuckDB stay text, short and visible."""
    unknown = run_failing(f"dg.materialize([imported], partition_key={name!r}, instance=instance)")
    twice = run_failing(f'instance.add_dynamic_partitions("s3", [{name!r}] * 2)')
    pasted = run_failing(f'con.execute("delete from prices where day = $$" + {name!r} + "$$")')
    for error in (unknown, twice, pasted):
        board = make_board(error)
        html = render_html(board)
        assert board.title == "Why it failed, and what to do"
        assert find_injected(html) == []
        assert not set("\x00\x1b\u202e\r") & set(html + render_text(board))
        assert len(html) < 40_000
        assert len(render_text(board)) < 1_200


def test_the_traceback_is_whole_and_names_no_folder_of_this_machine(run_failing: Fails, folder: Path) -> None:
    """The traceback is complete, and shows no local folder and no name of a cell's invented file."""
    text = find_traceback(run_failing("dg.materialize([dividing], instance=instance)"))
    assert text.startswith("Traceback (most recent call last):\n")
    assert re.search(r'File "a cell", line \d+, in dividing\n    return 1 / 0\n', text)
    assert text.endswith("\nZeroDivisionError: division by zero")
    assert "During handling of the above exception, another exception occurred:" in text
    files = set(re.findall(r'File "([^"]*)"', text))
    assert {"a cell", "dagster/_core/definitions/materialize.py", "contextlib.py"} <= files
    assert not [file for file in files if file.startswith(("/", "IPython", "ipykernel"))]
    missing = find_traceback(
        run_failing('dg.materialize(both, selection=[taking], partition_key="globex", instance=instance)')
    )
    refused = find_traceback(
        run_failing('Warehouse(database=folder / "notes.duckdb").get_connection().__enter__()')
    )
    assert 'File "lesson_lib/pipeline/warehouse.py"' in refused
    for each in (text, missing, refused):
        assert not [place for place in (sys.prefix, sys.base_prefix, str(folder)) if place in each]
        assert not re.search(r"ipykernel_\d|0x[0-9a-f]{6}|/home/|/tmp/", each)


def test_a_long_traceback_keeps_both_ends(run_failing: Fails) -> None:
    """A message of millions of characters and a chain of a hundred errors are shortened."""
    keys = run_failing('instance.add_dynamic_partitions("s3", [str(number) for number in range(300_000)])')
    assert len(str(keys)) > 300_000
    assert len(render_html(make_board(keys))) < 40_000
    chained = run_failing(
        "def fail(depth):\n"
        "    try:\n"
        '        fail(depth - 1) if depth else con.execute("slect 1")\n'
        "    except Exception as error:\n"
        '        raise ValueError(f"depth {depth}") from error\n'
        "fail(100)"
    )
    text = find_traceback(chained)
    assert len(text.splitlines()) == 181
    assert re.search(r"\n… [\d,]+ lines left out …\n", text)
    assert "Parser Error" in text
    assert text.endswith("ValueError: depth 100")


FOUND = (
    "check share_prices_are_positive failed: {file}: line 3: share_price is '-40.47', not above zero. "
    "Correct the file and materialize {key!r} again; nothing is loaded until then."
)
BROKEN_CHECK = """
names = ["one", "two", "odd"]


@dg.asset(check_specs=[dg.AssetCheckSpec(name, asset="twice", blocking=True) for name in names])
def twice() -> dg.MaterializeResult:
    warn = dg.AssetCheckSeverity.WARN
    return dg.MaterializeResult(check_results=[
        dg.AssetCheckResult(check_name="one", passed=False, description="a.csv: line 3."),
        dg.AssetCheckResult(check_name="two", passed=False, metadata={"rows": 2}),
        dg.AssetCheckResult(check_name="odd", passed=False, severity=warn),
    ])
"""


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        (
            (
                "register_keys(instance, ['negative-price'])\n"
                "dg.materialize(ours, partition_key='negative-price', instance=instance, resources=source)"
            ),
            f"partition negative-price: {FOUND.format(file='negative-price.csv', key='negative-price')}",
        ),
        (
            (
                "register_keys(instance, ['negative-price', 'negative-two'])\n"
                "ends = range_of('negative-price', 'negative-two')\n"
                "dg.materialize(ours, tags=ends, instance=instance, resources=source)"
            ),
            (
                "partitions negative-price to negative-two: check share_prices_are_positive failed: "
                "negative-price.csv: line 3: share_price is '-40.47', not above zero; "
                "negative-two.csv: line 3: share_price is '-40.47', not above zero. "
                "Correct the file and materialize 'negative-price', 'negative-two' again; "
                "nothing is loaded until then."
            ),
        ),
        (
            f"{BROKEN_CHECK}\ndg.materialize([twice], instance=instance)",
            "check one failed: a.csv: line 3.; check two failed: rows 2",
        ),
    ],
)
def test_a_blocking_check_is_explained_by_what_it_found(
    run_failing: Fails, folder: Path, cell: str, found: str
) -> None:
    """The card adds key, file, line and next move to Dagster's message, which only names the check."""
    for name in ("negative-price.csv", "negative-two.csv"):
        shutil.copy(data_folder() / "arrivals" / "broken" / "negative-price.csv", folder / name)
    error = run_failing(cell)
    board = make_board(error)
    assert isinstance(board.blocks[0], Facts)
    assert board.blocks[0].pairs[0] == ("Found", found)
    assert ("Found", found) in explain_error(error)


def test_an_error_that_was_never_raised_has_a_board_too() -> None:
    """An error without frames has a board that names no place."""
    board = make_board(dg.DagsterInvariantViolationError("no frames"))
    assert render_text(board) == UNEXPLAINED
    assert find_injected(render_html(board)) == []


@pytest.mark.parametrize("section", sorted({rule.section for rule in RULES.values()} - {""}))
def test_every_section_named_is_a_heading(section: str) -> None:
    """Each section to which a rule refers is a heading of its notebook."""
    number, _, heading = section.removeprefix("notebook ").partition(", ")
    (notebook,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    prose = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
    assert heading in [found for text in prose for found in SECTION.findall(text)]


def test_every_rule_is_provoked() -> None:
    """Each rule explains an error that a test provokes."""
    tested_alone = {
        "a database that a process holds",
        "a database that is held",
        "a database that is held, refused",
    }
    provoked = (
        {rule for rule, *_ in parse_cases(CASES + TICKS)} | tested_alone | set(BROKEN_ARRIVALS.values())
    )
    assert provoked - {"none", "loaded"} == set(RULES)
