"""Exercise 2.4: an asset that can be materialized any number of times."""

from textwrap import indent

from lesson_lib.classroom.exercises import reload_scenarios as reload
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.notebook_02.sources import CUSTOMERS, EXCHANGE
from lesson_lib.classroom.exercises.world import World

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

IDEMPOTENT_ASSET = Exercise(
    id="2.4",
    title="Make this asset idempotent",
    objective="reload",
    minutes=10,
    task="Everything so far, in one asset: write the part of `my_table` that loads the file at `path` into "
    "the table, as the rows of `key`. However often it runs, and whatever key and file come along, the "
    "table then holds the rows of each key's latest good file, once. A file that cannot be loaded leaves "
    "all rows as they were, and its run fails. `check` brings files and a database of its own, and takes "
    "some seconds. Try it without looking back; then compare it with the last `load`.",
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
        reload.scenario(reload.named_after_a_day, EXCHANGE, World.load),
        *(
            reload.scenario(happening, CUSTOMERS, World.load)
            for happening in (
                reload.loaded_three_times,
                reload.corrected,
                reload.beside_another,
                reload.beside_lookalikes,
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
