"""What an error shows: its cause, the next move, the learner's own line, and the traceback behind a fold."""

import json
import re
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Formatter
from textwrap import dedent

import dagster as dg
import duckdb
import pytest
from ipykernel.compiler import XCachingCompiler
from IPython.core.interactiveshell import InteractiveShell

from lesson_lib.classroom.boards.as_html import as_html
from lesson_lib.classroom.boards.as_text import as_text
from lesson_lib.classroom.boards.board import Board, Fold
from lesson_lib.classroom.boards.errors import error_board
from lesson_lib.classroom.boards.explanations import RULES, Rule
from tests.classroom.boards.hostile import HOSTILE_NAMES, injected

Fails = Callable[[str], BaseException]

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
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


calendarless = dg.build_schedule_from_partitioned_job(dg.define_asset_job("job", [imported]))
con = duckdb.connect()
_ = con.execute("create table prices (day date not null, price double)")
_ = con.execute("insert into prices values (date '2018-01-22', 1.5)")
_ = con.execute("create table customers (name varchar primary key)")
_ = con.execute("insert into customers values ('zenith')")
"""


# What a cell raises, and all that the card says of it.
CASES = {
    "unknown key": (
        'dg.materialize([imported], partition_key="acmee", instance=instance)',
        """
        Why it failed, and what to do
          Why: The set 's3' of this instance does not hold 'acmee'. Neither a file nor the definition
              makes a key: somebody has to register it.
          Next: Compare the spelling with instance.get_dynamic_partitions('s3'). If the key is new:
              instance.add_dynamic_partitions('s3', ['acmee']), and run the cell again.
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "unknown key, through a function": (
        """
        def run(key):
            return dg.materialize([imported], partition_key=key, instance=instance)


        run("o'hare")
        """,
        """
        Why it failed, and what to do
          Why: The set 's3' of this instance does not hold "o'hare". Neither a file nor the definition
              makes a key: somebody has to register it.
          Next: Compare the spelling with instance.get_dynamic_partitions('s3'). If the key is new:
              instance.add_dynamic_partitions('s3', ["o'hare"]), and run the cell again.
          Where: run, line 2 of its cell: return dg.materialize([imported], partition_key=key,
              instance=instance)
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "unknown day": (
        'dg.materialize([daily], partition_key="acme", instance=instance)',
        """
        Why it failed, and what to do
          Why: 'acme' is not among the keys that this definition works out by itself.
          Next: Choose one that its get_partition_keys() lists. Names that no calendar knows need a
              dg.DynamicPartitionsDefinition.
          Read: notebook 01, Which files does the calendar name?
        """,
    ),
    "unknown end of a range": (
        'dg.materialize([ranged], instance=instance, tags=range_of("acme", "nobody"))',
        """
        Why it failed, and what to do
          Why: A range runs from one registered key to another, and 'nobody' is not registered in this
              instance.
          Next: Choose both ends from instance.get_dynamic_partitions(...), or register the key first.
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "no instance": (
        'dg.materialize([imported], partition_key="acme")',
        """
        Why it failed, and what to do
          Why: Dynamic keys are kept in an instance, and this call does not know which one.
          Next: Pass it: dg.materialize(..., instance=instance), or
              get_partition_keys(dynamic_partitions_store=instance).
          Read: notebook 01, Where do keys live?
        """,
    ),
    "no store": (
        "s3.get_partition_keys()",
        """
        Why it failed, and what to do
          Why: Dynamic keys are kept in an instance, and this call does not know which one.
          Next: Pass it: dg.materialize(..., instance=instance), or
              get_partition_keys(dynamic_partitions_store=instance).
          Read: notebook 01, Where do keys live?
        """,
    ),
    "one key in a run of a range": (
        'dg.materialize([imported], instance=instance, tags=range_of("acme", "globex"))',
        """
        Why it failed, and what to do
          Why: This run is for a range of keys, so there is no single key to read.
          Next: Let the asset loop over context.partition_keys, which holds all of them (or the one), or
              pass partition_key=... to materialize a single one.
          Where: imported, line 19 of its cell: return context.partition_key
        """,
    ),
    "a value for a range": (
        'dg.materialize([returning], instance=instance, tags=range_of("acme", "globex"))',
        """
        Why it failed, and what to do
          Why: The asset returns one value for several keys, and Dagster keeps returned values key by
              key.
          Next: Store the rows inside the asset and annotate it -> None, or pass partition_key=... to
              materialize one key at a time.
          Where: returning
        """,
    ),
    "no key": (
        "dg.materialize([imported], instance=instance)",
        """
        Why it failed, and what to do
          Why: The asset reads context.partition_key, and this run has no key.
          Next: Pass one: dg.materialize(..., partition_key='acme', instance=instance). The asset needs
              a partitions_def for that, too.
          Where: imported, line 19 of its cell: return context.partition_key
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "no key in a context": (
        "imported(dg.build_asset_context())",
        """
        Why it failed, and what to do
          Why: The function reads context.partition_key, and this context was built without one.
          Next: Build it with a key: dg.build_asset_context(partition_key='acme').
          Where: imported, line 19 of its cell: return context.partition_key
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "a key for assets without partitions": (
        'dg.materialize([plain], partition_key="acme", instance=instance)',
        """
        Why it failed, and what to do
          Why: The call names a partition key, but the assets in it are not partitioned.
          Next: Give them a definition, @dg.asset(partitions_def=...), or leave partition_key out.
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "two definitions": (
        'dg.materialize([daily, imported], partition_key="acme", instance=instance)',
        """
        Why it failed, and what to do
          Why: A run has one key, and these assets take theirs from different definitions.
          Next: Materialize them in separate calls, each with a key of its own definition.
          Read: notebook 01, Which files does the calendar name?
        """,
    ),
    "a schedule without a calendar": (
        "dg.Definitions.validate_loadable(dg.Definitions([imported], schedules=[calendarless]))",
        """
        Why it failed, and what to do
          Why: A schedule follows a calendar, and dynamic keys have none.
          Next: Use a sensor, which looks for new files and requests a run for each.
          Read: notebook 01, How does this play out in practice?
        """,
    ),
    "a key twice": (
        'instance.add_dynamic_partitions("s3", ["zenith", "acme2", "zenith"])',
        """
        Why it failed, and what to do
          Why: The list holds 'zenith' twice. A call adds all of its keys or none, so none of them was
              added.
          Next: Keep each once, in order: instance.add_dynamic_partitions('s3',
              list(dict.fromkeys(keys))).
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "a key twice, with an apostrophe": (
        'instance.add_dynamic_partitions("s3", ["o\'hare", "o\'hare"])',
        """
        Why it failed, and what to do
          Why: The list holds "o'hare" twice. A call adds all of its keys or none, so none of them was
              added.
          Next: Keep each once, in order: instance.add_dynamic_partitions('s3',
              list(dict.fromkeys(keys))).
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "a key twice, far apart": (
        'instance.add_dynamic_partitions("s3", [*map(str, range(50)), "49"])',
        """
        Why it failed, and what to do
          Why: The list holds '49' twice. A call adds all of its keys or none, so none of them was
              added.
          Next: Keep each once, in order: instance.add_dynamic_partitions('s3',
              list(dict.fromkeys(keys))).
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "a key twice, in the middle of many": (
        'instance.add_dynamic_partitions("s3", [*map(str, range(50)), "25", *map(str, range(60, 90))])',
        """
        Why it failed, and what to do
          Why: The list holds a key twice. A call adds all of its keys or none, so none of them was
              added.
          Next: Keep each once, in order: list(dict.fromkeys(keys)).
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "too many keys": (
        'instance.add_dynamic_partitions("s3", [str(number) for number in range(300_000)])',
        """
        Why it failed, and what to do
          Why: The list is too long for one call: SQLite, which keeps the keys, takes only so many
              values at a time. No key was added.
          Next: Add the keys in portions of 10,000, as register_keys of lesson_lib.pipeline does.
        """,
    ),
    "a string for a list of keys": (
        'instance.add_dynamic_partitions("s3", "acme")',
        """
        Why it failed, and what to do
          Why: Keys are added as a list, and this call passes a single string.
          Next: Put it into a list: ['acme'].
          Read: notebook 01, How does a key come into being?
        """,
    ),
    "no resource": (
        'dg.materialize([imported, loaded], partition_key="acme", instance=instance)',
        """
        Why it failed, and what to do
          Why: A parameter of loaded asks for database, and nobody said which one this run should use.
          Next: Pass it: dg.materialize(..., resources={'database': ...}).
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "no upstream asset": (
        'dg.materialize([loaded], partition_key="acme", instance=instance, resources=resources)',
        """
        Why it failed, and what to do
          Why: A parameter is called imported, so Dagster looks for an asset of that name; this call has
              none.
          Next: Add imported to the list: dg.materialize([imported, ...]). If the parameter means
              another asset, spell it like that one.
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "two assets of a name": (
        "dg.materialize([plain, another_plain], instance=instance)",
        """
        Why it failed, and what to do
          Why: Two functions of this call make 'plain'. One may be what an earlier run of its cell has
              left in the list.
          Next: Run the cell that builds the list again, or give one of the two another name.
        """,
    ),
    "an annotation of another class": (
        """
        @dg.asset
        def imported(context: str) -> None: ...
        """,
        """
        Why it failed, and what to do
          Why: Dagster passes its own context to a parameter of that name.
          Next: Write context: dg.AssetExecutionContext, or call the parameter something else.
          Where: line 1 of the cell: @dg.asset
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "an asset called": (
        "imported()",
        """
        Why it failed, and what to do
          Why: Called like a function, an asset has no run: no context, no key, and nothing is recorded.
          Next: Materialize it: dg.materialize([imported], partition_key=..., instance=instance).
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "an asset called without its input": (
        "taking()",
        """
        Why it failed, and what to do
          Why: Called like a function, an asset has no run, so nobody fetches the value of imported for
              it.
          Next: Materialize both: dg.materialize([imported, ...], instance=instance).
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "no list of assets": (
        'dg.materialize(imported, partition_key="acme", instance=instance)',
        """
        Why it failed, and what to do
          Why: dg.materialize takes a list of assets, also for a single one.
          Next: Put square brackets around it: dg.materialize([...]).
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "no asset": (
        "dg.materialize([print], instance=instance)",
        """
        Why it failed, and what to do
          Why: Something in the list is not an asset.
          Next: Is the line @dg.asset missing above a function? Add it, and run that cell again.
          Read: notebook 01, What does a partitioned asset look like?
        """,
    ),
    "no upstream value": (
        'dg.materialize(both, selection=[taking], partition_key="globex", instance=instance)',
        """
        Why it failed, and what to do
          Why: Dagster keeps what imported returned for each key, and for 'globex' there is nothing yet.
          Next: Materialize imported for 'globex' first, with the same instance, or both in one call.
          Where: taking
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "no upstream value in memory": (
        """
        dg.materialize(
            [imported, taking],
            selection=[taking],
            partition_key="globex",
            instance=instance,
            resources={"io_manager": dg.mem_io_manager},
        )
        """,
        """
        Why it failed, and what to do
          Why: This asset starts from what imported returned, and that is not stored here yet.
          Next: Materialize imported first, with the same instance and key, or both in one call.
          Where: line 1 of the cell, for taking: dg.materialize(
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "no upstream value, no partitions": (
        "dg.materialize([plain, after_plain], selection=[after_plain], instance=instance)",
        """
        Why it failed, and what to do
          Why: This asset starts from what plain returned, and that is not stored here yet.
          Next: Materialize plain first, with the same instance and key, or both in one call.
          Where: after_plain
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "another type than promised": (
        "dg.materialize([promising], instance=instance)",
        """
        Why it failed, and what to do
          Why: The annotation after -> promises one type, and the function returned another.
          Next: Return what the annotation says, or correct the annotation.
        """,
    ),
    "a blocking check": (
        "dg.materialize([checked], instance=instance)",
        """
        Why it failed, and what to do
          Why: The check not_empty stops what comes after checked; checked itself is recorded as
              materialized.
          Next: Correct the data and materialize again; raise_on_error=False returns the result, with
              what the check found.
          Read: notebook 02, Can a check stop a load?
        """,
    ),
    "other settings": (
        """
        with duckdb.connect(folder / "open.duckdb"):
            duckdb.connect(folder / "open.duckdb", config={"threads": 1})
        """,
        """
        Why it failed, and what to do
          Why: An earlier connection of this notebook is still open, with other settings. After a failed
              run it may be that of DuckDBResource, which does not close then.
          Next: Close it with con.close(), or restart the kernel. Warehouse of lesson_lib.pipeline
              always closes.
          Where: line 2 of the cell: duckdb.connect(folder / "open.duckdb", config={"threads": 1})
        """,
    ),
    "a closed connection": (
        """
        with duckdb.connect() as closed:
            pass
        closed.sql("select 1")
        """,
        """
        Why it failed, and what to do
          Why: The connection ends with its `with` block, or with con.close().
          Next: Ask inside the block, or connect again.
          Where: line 3 of the cell: closed.sql("select 1")
        """,
    ),
    "no file": (
        'con.execute("copy prices from \'" + str(folder / "acme.csv") + "\'")',
        """
        Why it failed, and what to do
          Why: acme.csv is not in the folder. To register a key makes no file, and a run checks only
              what your code checks.
          Next: Compare the name with the files in the folder, then put the file there and run again. A
              * or ? in a name counts as a wildcard.
          Read: notebook 01, What lies in the folder?
        """,
    ),
    "no folder": (
        'duckdb.connect(folder / "new" / "lesson.duckdb")',
        """
        Why it failed, and what to do
          Why: DuckDB makes the file lesson.duckdb, but not the folder around it.
          Next: Make the folder first: Path(...).mkdir(parents=True, exist_ok=True).
        """,
    ),
    "no database": (
        'duckdb.connect(folder / "notes.duckdb")',
        """
        Why it failed, and what to do
          Why: Something other than DuckDB wrote notes.duckdb.
          Next: Give the database another path, or move that file away.
        """,
    ),
    "a broken value": (
        'con.execute("copy prices from ?", [str(folder / "broken.csv")])',
        """
        Why it failed, and what to do
          Why: One value in the column price of broken.csv is of another type than the table wants, and
              DuckDB takes all rows of a file or none.
          Next: Correct line 3 of broken.csv, and materialize its key again.
          Read: notebook 02, What does a broken file leave behind?
        """,
    ),
    "a ragged row": (
        """
        con.execute(
            "from read_csv(?, auto_detect = false, header = true, columns = {'day': 'date', 'p': 'double'})",
            [str(folder / "ragged.csv")],
        )
        """,
        """
        Why it failed, and what to do
          Why: A line of ragged.csv has not as many fields as the header (3 for 2), and DuckDB takes all
              rows of a file or none.
          Next: Correct line 2 of ragged.csv, and materialize its key again.
          Where: line 1 of the cell: con.execute(
          Read: notebook 02, What does a broken file leave behind?
        """,
    ),
    "too few values": (
        'con.execute("select ?, ?", ["acme"])',
        """
        Why it failed, and what to do
          Why: Each ? in the SQL takes one value of the list, in order; here their numbers differ.
          Next: Pass as many values as there are question marks: con.execute('... = ?', [key]).
          Read: notebook 02, What does an apostrophe do?
        """,
    ),
    "too many values": (
        'con.execute("select ?", ["acme", "globex"])',
        """
        Why it failed, and what to do
          Why: Each ? in the SQL takes one value of the list, in order; here their numbers differ.
          Next: Pass as many values as there are question marks: con.execute('... = ?', [key]).
          Read: notebook 02, What does an apostrophe do?
        """,
    ),
    "a key for a date": (
        "con.execute(\"delete from prices where day = 'acme'\")",
        """
        Why it failed, and what to do
          Why: The SQL takes 'acme' for a date. A partition key names the file; it is no value in the
              data.
          Next: Keep the key in a column of its own, partition_key, and compare with that.
          Read: notebook 02, Would deleting first help?
        """,
    ),
    "another conversion": (
        "con.execute(\"select 'n/a'::double\")",
        """
        Why it failed, and what to do
          Why: A value cannot become the type that the column, or the cast, asks for.
          Next: Correct the value or the type. Where null will do instead, try_cast gives null.
        """,
    ),
    "no table": (
        'con.execute("from raw_partition_data")',
        """
        Why it failed, and what to do
          Why: Nothing has made the table 'raw_partition_data' in this database yet, or this is another
              database: without a path, DuckDB opens a new, empty one in memory.
          Next: Materialize the asset that makes it, and check the path. con.sql('show tables') lists
              what is there.
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "a table twice": (
        'con.execute("create table prices (day date)")',
        """
        Why it failed, and what to do
          Why: An earlier run has made the table 'prices', and the database keeps it.
          Next: Write create table if not exists, or create or replace table to start with an empty one.
          Read: notebook 01, How does the file get into a table?
        """,
    ),
    "no column": (
        'con.execute("select partition_key from prices")',
        """
        Why it failed, and what to do
          Why: No column here is called 'partition_key'. In SQL, double quotes (or none) mean a name,
              and single quotes mean text.
          Next: Compare the spelling with con.sql('describe ...'). If it is a value, bind it:
              con.execute('... = ?', [value]).
          Read: notebook 02, What does an apostrophe do?
        """,
    ),
    "no column to insert into": (
        'con.execute("insert into prices (spread) values (1)")',
        """
        Why it failed, and what to do
          Why: No column here is called 'spread'. In SQL, double quotes (or none) mean a name, and
              single quotes mean text.
          Next: Compare the spelling with con.sql('describe ...'). If it is a value, bind it:
              con.execute('... = ?', [value]).
          Read: notebook 02, What does an apostrophe do?
        """,
    ),
    "too many columns": (
        "con.execute(\"insert into prices select *, 'acme' from prices\")",
        """
        Why it failed, and what to do
          Why: Without names, insert fills all columns of prices by their position.
          Next: Write insert into prices by name select ..., and check that the table was made with the
              columns you expect.
          Read: notebook 02, What if the columns come in another order?
        """,
    ),
    "another binder error": (
        'con.execute("select day, count(*) from prices")',
        """
        Why it failed, and what to do
          Why: The SQL reads well, but its parts do not fit the tables, or each other.
          Next: Look at the place marked with ^, and try what DuckDB proposes.
        """,
    ),
    "an apostrophe": (
        """
        key = "o'hare"
        con.execute(f"delete from prices where day = '{key}'")
        """,
        """
        Why it failed, and what to do
          Why: A quote inside a value has ended the text too early: the value was pasted into the SQL.
          Next: Bind it, so that nothing in it is read as SQL: con.execute('... = ?', [key]).
          Where: line 2 of the cell: con.execute(f"delete from prices where day = '{key}'")
          Read: notebook 02, What does an apostrophe do?
        """,
    ),
    "no SQL": (
        'con.execute("slect 1")',
        """
        Why it failed, and what to do
          Why: DuckDB could not read this as SQL. The slip is at the place marked with ^, or just before
              it.
          Next: Correct the spelling there. If a value was pasted into the SQL, bind it:
              con.execute('... = ?', [key]).
          Read: notebook 02, What does an apostrophe do?
        """,
    ),
    "a missing value": (
        'con.execute("insert into prices values (null, 1)")',
        """
        Why it failed, and what to do
          Why: A row came without a value for day, and the table prices was made to refuse that. Nothing
              of the statement was stored.
          Next: Correct the row at its source, and materialize again.
        """,
    ),
    "a row that is there": (
        "con.execute(\"insert into customers values ('zenith')\")",
        """
        Why it failed, and what to do
          Why: The table takes a row with name: zenith once, and this is a second one. Nothing of the
              statement was stored.
          Next: Replace the partition's rows, rather than adding to them.
          Read: notebook 02, What happens when a file is loaded again?
        """,
    ),
    "a row twice": (
        "con.execute(\"insert into customers values ('acme'), ('acme')\")",
        """
        Why it failed, and what to do
          Why: The table takes a row with acme once, and this is a second one. Nothing of the statement
              was stored.
          Next: Replace the partition's rows, rather than adding to them.
          Read: notebook 02, What happens when a file is loaded again?
        """,
    ),
    "a key that is refused": (
        'register_keys(instance, ["acme*"])',
        """
        Where to read on
          Read: notebook 02, Does the library's version hold?
        """,
    ),
    "a file that is refused": (
        'dg.materialize(ours, partition_key="acme", instance=instance, resources=source)',
        """
        Where to read on
          Read: notebook 02, What does a broken file leave behind?
        """,
    ),
    "a database that is refused": (
        """
        with Warehouse(database=folder / "notes.duckdb").get_connection():
            pass
        """,
        """
        Where it failed
          Where: line 1 of the cell: with Warehouse(database=folder / "notes.duckdb").get_connection():
        """,
    ),
    "an error of the learner's own": (
        "dg.materialize([dividing], instance=instance)",
        """
        Where it failed
          Where: dividing, line 77 of its cell: return 1 / 0
        """,
    ),
    "an error in a function of an asset": (
        'dg.materialize([loaded_by], partition_key="acme", instance=instance)',
        """
        Where it failed
          Where: load, line 44 of its cell, for loaded_by: raise LookupError(key)
        """,
    ),
    "a script of the learner's own": (
        """
        import runpy

        runpy.run_path(folder / "load.py", {"con": con})
        """,
        """
        Where it failed
          Where: line 2 of load.py: con.execute("select no_such_function(1)")
        """,
    ),
    "another error of Dagster's": (
        "dg.DynamicPartitionsDefinition()",
        """
        Where it failed
          Where: line 1 of the cell: dg.DynamicPartitionsDefinition()
        """,
    ),
    "another error of DuckDB's": (
        'con.execute("select no_such_function(1)")',
        """
        Where it failed
          Where: line 1 of the cell: con.execute("select no_such_function(1)")
        """,
    ),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that are not what they should be."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "notes.duckdb").write_text("a note, and no database " * 500)
    (folder / "broken.csv").write_text("day,price\n2018-01-22,1.5\n2018-01-23,n/a\n")
    (folder / "ragged.csv").write_text("day,price\n2018-01-22,1.5,7\n")
    (folder / "load.py").write_text('print("loading")\ncon.execute("select no_such_function(1)")\n')
    return folder


@pytest.fixture(scope="module")
def fails(world: Path) -> Iterator[Fails]:
    """Run a cell that must fail, and return what it raised; a failing cell changes nothing for the next."""
    shell = new_shell()
    with dg.DagsterInstance.ephemeral(settings=QUIET) as instance:
        instance.add_dynamic_partitions("s3", ["acme", "globex"])
        shell.user_ns.update(folder=world, instance=instance)
        shell.run_cell(FIRST_CELL).raise_error()
        yield lambda cell: raised(shell, cell)
        shell.user_ns["con"].close()


def new_shell() -> InteractiveShell:
    """Return a shell that compiles cells as a notebook's kernel does."""
    shell = InteractiveShell(colors="nocolor", compiler_class=XCachingCompiler)
    shell.InteractiveTB.set_mode(mode="Minimal")
    return shell


def raised(shell: InteractiveShell, cell: str) -> BaseException:
    """Return what a cell raised."""
    error = shell.run_cell(cell).error_in_exec
    assert isinstance(error, BaseException)
    return error


def shown(error: BaseException) -> Board:
    """Return the board of an error that has one."""
    board = error_board(error)
    assert board
    return board


def traceback_of(error: BaseException) -> str:
    """Return what lies behind the board's fold."""
    (fold,) = (block for block in shown(error).blocks if isinstance(block, Fold))
    assert (fold.summary, fold.kind) == ("The full traceback", "traceback")
    return fold.text


def words(text: str) -> list[str]:
    """Return a text without regard to where its lines are broken: the renderers decide that."""
    return text.split()


@pytest.mark.parametrize(("cell", "expected"), CASES.values(), ids=CASES)
def test_an_error_says_why_what_next_where_and_what_to_read(fails: Fails, cell: str, expected: str) -> None:
    """The card says all this and nothing else, the same for each run, and the exception is as it was."""
    error = fails(dedent(cell))
    before = traceback.format_exception(error)
    board = shown(error)
    assert words(as_text(board)) == words(expected)
    assert traceback.format_exception(error) == before
    assert injected(as_html(board)) == []


def test_a_database_that_another_process_holds_names_the_process(fails: Fails, world: Path) -> None:
    """The process and the file are those of the moment; the path is not shown."""
    held = world / "held.duckdb"
    hold = f"import duckdb\ncon = duckdb.connect({str(held)!r})\nprint('held', flush=True)\ninput()"
    with subprocess.Popen(
        [sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        plain = fails('duckdb.connect(folder / "held.duckdb")')
        ours = fails('with Warehouse(database=folder / "held.duckdb").get_connection():\n    pass')
        other.communicate("\n")
    assert words(as_text(shown(plain))) == words(
        f"""
        Why it failed, and what to do
          Why: Process {other.pid} has held.duckdb open, and DuckDB lets one process at a time open a
              file to write. Until it is closed, nobody else can even read.
          Next: Is it another notebook? Restart its kernel, or close the connection there; then run
              this cell again.
        """
    )
    # Ours says all this itself.
    assert words(as_text(shown(ours))) == words(
        """
        Where it failed
          Where: line 1 of the cell: with Warehouse(database=folder / "held.duckdb").get_connection():
        """
    )
    assert str(world) not in traceback_of(plain) + traceback_of(ours)


def test_a_database_held_where_duckdb_gives_no_process() -> None:
    """As on some systems, whose message cannot be had here."""
    board = shown(duckdb.IOException("IO Error: File is already open in another program"))
    assert words(as_text(board)) == words(
        """
        Why it failed, and what to do
          Why: Another process has this database open, and DuckDB lets one at a time open a file to write.
          Next: Is it another notebook? Restart its kernel, or close the connection there; then run
              this cell again.
        """
    )


def test_postponed_annotations_stay_in_force_for_later_cells() -> None:
    """The card says so, and it is so: the cell that fails is not the one with the line."""
    shell = new_shell()
    shell.run_cell("from __future__ import annotations").raise_error()
    shell.run_cell("import dagster as dg").raise_error()
    error = raised(shell, "@dg.asset\ndef imported(context: dg.AssetExecutionContext) -> None: ...")
    assert words(as_text(shown(error))) == words(
        """
        Why it failed, and what to do
          Why: The line `from __future__ import annotations` is in force. It turns annotations into text,
              and Dagster looks for the class itself.
          Next: Remove that line where assets are defined. In a notebook it also stays in force for
              later cells, until you restart the kernel.
          Where: line 1 of the cell: @dg.asset
        """
    )


@pytest.mark.parametrize(
    "cell",
    ["1 / 0", "import json\njson.loads('{')", "raise KeyboardInterrupt", "dg.materialize([], partitions=1)"],
)
def test_nothing_is_added_where_no_library_had_a_part(fails: Fails, cell: str) -> None:
    """Python's own traceback is better then, and an interrupt needs no card."""
    assert error_board(fails(cell)) is None


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_keys_do_nothing_to_the_page(fails: Fails, name: str) -> None:
    """In a message of Dagster's and in one of DuckDB's they stay text, short and visible."""
    unknown = fails(f"dg.materialize([imported], partition_key={name!r}, instance=instance)")
    twice = fails(f'instance.add_dynamic_partitions("s3", [{name!r}] * 2)')
    pasted = fails(f'con.execute("delete from prices where day = $$" + {name!r} + "$$")')
    for error in (unknown, twice, pasted):
        board = shown(error)
        html = as_html(board)
        assert board.title == "Why it failed, and what to do"
        assert injected(html) == []
        assert not set("\x00\x1b\u202e\r") & set(html + as_text(board))
        assert len(html) < 40_000
        assert len(as_text(board)) < 1_200


def test_the_traceback_is_whole_and_names_no_folder_of_this_machine(fails: Fails, world: Path) -> None:
    """Chained as Python writes it; libraries from their own folder on, cells without their invented file."""
    text = traceback_of(fails("dg.materialize([dividing], instance=instance)"))
    assert text.startswith("Traceback (most recent call last):\n")
    assert re.search(r'File "a cell", line \d+, in dividing\n    return 1 / 0\n', text)
    assert text.endswith("\nZeroDivisionError: division by zero")
    assert "During handling of the above exception, another exception occurred:" in text
    files = set(re.findall(r'File "([^"]*)"', text))
    assert {"a cell", "dagster/_core/definitions/materialize.py", "contextlib.py"} <= files
    assert not [file for file in files if file.startswith(("/", "IPython", "ipykernel"))]
    missing = traceback_of(
        fails('dg.materialize(both, selection=[taking], partition_key="globex", instance=instance)')
    )
    refused = traceback_of(fails('Warehouse(database=folder / "notes.duckdb").get_connection().__enter__()'))
    assert 'File "lesson_lib/pipeline/warehouse.py"' in refused
    for told in (text, missing, refused):
        assert not [folder for folder in (sys.prefix, sys.base_prefix, str(world)) if folder in told]
        assert not re.search(r"ipykernel_\d|0x[0-9a-f]{6}|/home/|/tmp/", told)


def test_a_long_traceback_keeps_both_ends(fails: Fails) -> None:
    """A message of millions of characters and a chain of a hundred errors stay small."""
    keys = fails('instance.add_dynamic_partitions("s3", [str(number) for number in range(300_000)])')
    assert len(str(keys)) > 300_000
    assert len(as_html(shown(keys))) < 40_000
    chained = fails(
        "def fail(depth):\n"
        "    try:\n"
        '        fail(depth - 1) if depth else con.execute("slect 1")\n'
        "    except Exception as error:\n"
        '        raise ValueError(f"depth {depth}") from error\n'
        "fail(100)"
    )
    text = traceback_of(chained)
    assert len(text.splitlines()) == 181
    assert re.search(r"\n… [\d,]+ lines left out …\n", text)
    assert "Parser Error" in text
    assert text.endswith("ValueError: depth 100")


def test_an_error_that_was_never_raised_has_a_board_too() -> None:
    """Without any frame there is no place to name, and the message remains."""
    board = shown(dg.DagsterInvariantViolationError("no frames"))
    assert as_text(board) == "Where it failed"
    assert injected(as_html(board)) == []


@pytest.mark.parametrize("section", sorted({rule.explained.section for rule in RULES} - {""}))
def test_every_section_named_is_a_heading(section: str) -> None:
    """A learner who looks for it finds it."""
    number, _, heading = section.removeprefix("notebook ").partition(", ")
    (notebook,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    lines = [line.strip() for cell in cells if cell["cell_type"] == "markdown" for line in cell["source"]]
    assert f"## {heading}" in lines


def test_every_rule_is_provoked_by_a_case() -> None:
    """No rule is there for a message that Dagster or DuckDB does not write."""
    tested_alone = (r"lock on file", r"Conflicting lock", r"\w+Context")
    texts = [" ".join(words(expected)) for _, expected in CASES.values()]
    left = [
        rule.pattern
        for rule in RULES
        if not any(re.search(_in_any_case(rule), text) for text in texts)
        and not any(part in rule.pattern for part in tested_alone)
    ]
    assert left == []


def _in_any_case(rule: Rule) -> str:
    """Return a pattern for the rule's texts, whatever the values in them."""
    told = rule.explained
    texts = (told.cause, told.next_move, told.section)
    return ".*".join(
        re.escape(" ".join(literal.split())) for text in texts for literal, *_ in Formatter().parse(text)
    )
