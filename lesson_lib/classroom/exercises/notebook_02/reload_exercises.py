"""Exercises 2.3 and 2.4: a load that can be repeated, first with two blanks, then written from nothing."""

from dataclasses import replace
from textwrap import indent
from typing import Any

import duckdb

from lesson_lib.classroom.exercises.exercise import Exercise, NoAnswer
from lesson_lib.classroom.exercises.notebook_02 import reload_scenarios as reload
from lesson_lib.classroom.exercises.world import World

_HEADER = "date,share_price,amount,spend,shift,spread\n"
_ACME = (
    _HEADER
    + """\
2017/09/11,10.00,3359729,33597290.00,0.00,0.01
2017/09/12,9.98,2181256,21768934.88,-0.02,0.02
2017/09/13,10.01,3109502,31126115.02,0.03,0.02
2017/09/14,9.89,1369549,13544839.61,-0.12,0.01
2017/09/15,11.07,2269323,25121405.61,1.18,0.02
2017/09/18,10.09,2023786,20420000.74,-0.98,0.02
2017/09/19,10.03,2403888,24110996.64,-0.06,0.01
2017/09/20,10.14,2291576,23236580.64,0.11,0.01
"""
)
_CUSTOMERS = reload.Source(
    table="raw_partition_data",
    key="acme",
    file=_ACME,
    # Without its last day, and with another price and date for one: as a customer corrects a mistake.
    corrected="".join(_ACME.splitlines(keepends=True)[:-1]).replace("2017/09/15,11.07", "2017/09/16,10.07"),
    broken=_ACME.replace(",2269323,", ",n/a,"),
    other_key="bluebird",
    other_file=_HEADER
    + """\
2017/09/11,67.30,9400,632620.00,0.00,0.02
2017/09/12,66.74,3238,216104.12,-0.56,0.01
2017/10/04,65.83,4204,276749.32,-0.91,0.02
""",
)
_EXCHANGE = replace(
    _CUSTOMERS,
    key="2018-01-22",
    file=_HEADER
    + """\
2017/09/11,10.00,3359729,33597290.00,0.00,0.01
2017/09/12,9.98,2181256,21768934.88,-0.02,0.02
2017/09/13,10.01,3109502,31126115.02,0.03,0.02
2018/01/22,9.89,1369549,13544839.61,-0.12,0.01
2018/01/22,10.02,2269323,22738616.46,0.13,0.02
""",
)

_COLUMNS = (
    "date date, share_price double, amount double, spend double, shift double, spread double, "
    "partition_key varchar"
)


def _call(world: World, answer: Any, key: str) -> None:  # noqa: ANN401 - whatever a learner gives
    """Let the learner's function load a key into a table that is there."""
    if not callable(answer):
        raise NoAnswer('Give check your function, by its name and without brackets: check("2.3", my_load).')
    with duckdb.connect(world.lab.database) as con:
        con.execute(f"create table if not exists raw_partition_data ({_COLUMNS})")
        answer(con, key, str(world.lab.source / f"{key}.csv"))


def _faded(condition: str, values: str) -> str:
    """Return the cell with these two in the places of the blanks."""
    return f"""\
def my_load(con, key, path):
    con.execute("delete from raw_partition_data where {condition}", {values})
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])


check("2.3", my_load)"""  # noqa: S608 - a cell to show


BIND_THE_KEY = Exercise(
    id="2.3",
    title="Fill the two blanks",
    objective="safe",
    minutes=3,
    task="The table has the six columns of the files, `date` to `spread`, and a seventh, `partition_key`. "
    "Fill the two blanks so that the `delete` takes away what an earlier run has stored for this key, "
    "whatever the key looks like, and nothing else: a condition in the place of `____`, and the list of its "
    "values in the place of the dots.",
    starter=_faded("____", "..."),
    solution=_faded("partition_key = ?", "[key]"),
    takeaway="A key is a value: put a ? into the SQL text, and the key beside it.",
    hints=(
        "Which column says which run a row came from?",
        "The insert below shows how a value gets into a statement: a ? in the text, and a list beside it.",
        "The condition compares partition_key with a ?, and the list holds the key.",
    ),
    scenarios=(
        reload.scenario(reload.named_after_a_day, _EXCHANGE, _call),
        reload.scenario(reload.loaded_three_times, _CUSTOMERS, _call),
        reload.scenario(reload.beside_another, _CUSTOMERS, _call),
        reload.scenario(reload.with_an_apostrophe, _CUSTOMERS, _call),
        reload.scenario(reload.with_sql_in_the_key, _CUSTOMERS, _call),
    ),
    also_right=(
        _faded("partition_key = $1", "(key,)"),
        _faded("partition_key in ($which)", '{"which": key}'),
    ),
    wrong=(
        (_faded("date::text = ?", "[key]"), "deleting-by-date-is-enough"),
        (_faded("date = ?", "[key]"), "deleting-by-date-is-enough"),
        (_faded("partition_key is null", "[]"), "loading-twice-is-harmless"),
        (_faded("true", "[]"), "emptying-the-table-is-enough"),
        (
            _faded("partition_key = '{key}'", "[]").replace('"delete', 'f"delete'),
            "quotes-make-a-key-safe",
        ),
    ),
)

_STARTER = """\
@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(
    context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
) -> None:
    key, path = context.partition_key, import_dynamic_partition_file
    with database.get_connection() as con:
        con.execute(
            f"create table if not exists raw_partition_data ({DOUBLE_COLUMNS}, partition_key varchar)"
        )
        ...


check("2.4", my_table)"""


def _written(*lines: str) -> str:
    """Return the starter with these lines in the place of its dots."""
    return _STARTER.replace("        ...", indent("\n".join(lines), " " * 8))


_DELETE = 'con.execute("delete from raw_partition_data where partition_key = ?", [key])'
_INSERT = 'con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])'

RELOAD_SAFELY = Exercise(
    id="2.4",
    title="Make this asset idempotent",
    objective="reload",
    minutes=10,
    task="Write the part of `my_table` that loads the file at `path` into the table, as the rows of `key`. "
    "However often it runs, and whatever key and file come along, the table then holds the rows of each "
    "key's latest good file, once. A file that cannot be loaded leaves all rows as they were, and its run "
    "fails. `check` brings files of its own, and a table of its own.",
    starter=_STARTER,
    solution=_written(
        "con.begin()",
        "try:",
        f"    {_DELETE}",
        f"    {_INSERT}",
        "    con.commit()",
        "except BaseException:",
        "    con.rollback()",
        "    raise",
    ),
    takeaway="Delete by your own partition_key, insert, and commit both at once: such a load may run at any "
    "time, any number of times.",
    hints=(
        "Two statements: take away what an earlier run stored for this key, then insert. Is o'hare safe?",
        "What does the table hold when the insert fails? The two statements belong into one transaction.",
        "con.begin(), delete and insert with bound values, con.commit(); on an error con.rollback(), raise.",
    ),
    scenarios=(
        reload.scenario(reload.named_after_a_day, _EXCHANGE, World.load),
        *(
            reload.scenario(happening, _CUSTOMERS, World.load)
            for happening in (
                reload.loaded_three_times,
                reload.corrected,
                reload.beside_another,
                reload.with_an_apostrophe,
                reload.with_sql_in_the_key,
                reload.broken_after_good,
            )
        ),
    ),
    also_right=(
        # Without a rollback: the Warehouse closes the connection, and what was not committed is gone.
        _written(
            """name, file = key.replace("'", "''"), path.replace("'", "''")""",
            'con.execute("begin transaction")',
            """con.execute(f"delete from raw_partition_data where partition_key = '{name}'")""",
            """con.execute(f"insert into raw_partition_data select *, '{name}' from '{file}'")""",
            'con.execute("commit")',
        ),
        _written(
            'con.execute("create temp table arrived as from raw_partition_data limit 0")',
            'con.execute("insert into arrived select *, $1 from read_csv($2)", (key, path))',
            'con.execute("insert into arrived from raw_partition_data where partition_key <> ?", [key])',
            "con.begin()",
            'con.execute("truncate raw_partition_data")',
            'con.execute("insert into raw_partition_data from arrived")',
            "con.commit()",
        ),
        _written(
            "from lesson_lib.pipeline.warehouse import transaction",
            "",
            "with transaction(con):",
            f"    {_DELETE}",
            f"    {_INSERT}",
        ),
    ),
    wrong=(
        (_written(_INSERT), "loading-twice-is-harmless"),
        (
            _written(
                """con.execute(f"delete from raw_partition_data where date = '{key}'")""",
                _INSERT,
            ),
            "deleting-by-date-is-enough",
        ),
        (
            _written(
                "con.begin()",
                'con.execute("delete from raw_partition_data where date::text = ?", [key])',
                _INSERT,
                "con.commit()",
            ),
            "deleting-by-date-is-enough",
        ),
        (
            _written(
                'count = "select count(*) from raw_partition_data where partition_key = ?"',
                "if con.execute(count, [key]).fetchall() == [(0,)]:",
                f"    {_INSERT}",
            ),
            "loading-what-is-new-is-enough",
        ),
        (
            _written(
                "con.execute(",
                '    "insert into raw_partition_data "',
                '    "(select *, ? from read_csv(?)) except from raw_partition_data",',
                "    [key, path],",
                ")",
            ),
            "loading-what-is-new-is-enough",
        ),
        (
            _written(
                "con.begin()",
                'con.execute("delete from raw_partition_data")',
                _INSERT,
                "con.commit()",
            ),
            "emptying-the-table-is-enough",
        ),
        (
            _written(
                "con.begin()",
                """con.execute(f"delete from raw_partition_data where partition_key = '{key}'")""",
                """con.execute(f"insert into raw_partition_data select *, '{key}' from '{path}'")""",
                "con.commit()",
            ),
            "quotes-make-a-key-safe",
        ),
        (_written(_DELETE, _INSERT), "delete-then-insert-is-safe"),
        (
            _written(
                "con.begin()",
                "try:",
                f"    {_DELETE}",
                f"    {_INSERT}",
                "    con.commit()",
                "except duckdb.Error:",
                "    con.rollback()",
            ),
            "caught-errors-are-handled",
        ),
    ),
)
