"""Exercise 1.4: put the steps from an empty instance to a table in order."""

from typing import Any

import dagster as dg
import duckdb

from lesson_lib.classroom.display.safe_text import counted, plain
from lesson_lib.classroom.exercises.choices import letters
from lesson_lib.classroom.exercises.exercise import Exercise, Miss
from lesson_lib.classroom.exercises.world import new_world
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)

_LINES = {
    "a": 'dg.materialize(assets, partition_key="acme", instance=instance, resources=resources)',
    "b": 'with duckdb.connect(lab.database) as con:\n    table = con.sql("from raw_partition_data").df()',
    "c": 'customers = dg.DynamicPartitionsDefinition(name="s3")',
    "d": 'instance.add_dynamic_partitions(customers.name, ["acme"])',
    "e": "instance = dg.DagsterInstance.ephemeral()",
}


def _lines_in_order(*answer: object) -> Miss | None:
    """Your lines, run from top to bottom after a restart."""
    order = letters(answer, _LINES, count=len(_LINES))
    with new_world() as world:
        names: dict[str, Any] = {
            "dg": dg,
            "duckdb": duckdb,
            "lab": world.lab,
            "assets": [import_dynamic_partition_file, duckdb_dynamic_partition_table],
            "resources": {
                "source": SourceFolder(path=str(world.lab.source)),
                "database": Warehouse(database=str(world.lab.database)),
            },
        }
        try:
            for letter in order:
                try:
                    exec(_LINES[letter], names)  # noqa: S102 - the exercise's own lines; the learner orders them
                except Exception as error:  # noqa: BLE001 - whatever comes of the order
                    return _too_early(letter, order, error)
        finally:
            if "instance" in names:
                names["instance"].dispose()
    rows = len(names["table"])
    return None if rows == _ACME_ROWS else Miss(seen=counted(rows, "row"), expected=f"{_ACME_ROWS} rows")


_ACME_ROWS = 8


def _too_early(letter: str, order: list[str], error: Exception) -> Miss:
    before = order[: order.index(letter)]
    said = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    # A line without a name that it needs is a slip; these two have all their names, and lack a record.
    beliefs = {"b": "three-records-are-one"} | ({"a": "definition-creates-keys"} if "e" in before else {})
    return Miss(
        beliefs.get(letter, ""),
        seen=f"line {letter}, with {', '.join(before) or 'nothing'} before it, raised {plain(said)}",
        expected=f"all five lines run, and the table has acme's {_ACME_ROWS} rows",
    )


FROM_NOTHING = Exercise(
    id="1.4",
    title="From nothing to a table",
    objective="query",
    minutes=3,
    task="Suppose the kernel has been restarted: your ephemeral instance and the table are gone; the "
    "imports, `lab`, `assets` and `resources` are there again. Bring these five steps into an order in "
    "which they run, and end with acme's rows in a `DataFrame`. Answer with the five letters.\n\n```text\n"
    + "\n".join(f"{letter}  {code}".replace("\n", "\n   ") for letter, code in _LINES.items())
    + "\n```",
    starter='check("1.4", "____")',
    solution='check("1.4", "cedab")',
    takeaway="Name the set, have an instance, register, materialize, query: each record is there only once "
    "something has made it.",
    hints=(
        "Start from the end: what must have happened for the query to find a table?",
        "A run needs a key, a key needs an instance to live in, and line d asks the definition for its name.",
        "It ends with d, a, b.",
    ),
    scenarios=(_lines_in_order,),
    also_right=('check("1.4", "E, C, D, A, B")', 'check("1.4", ["c", "e", "d", "a", "b"])'),
    wrong=(
        ('check("1.4", "ceadb")', "definition-creates-keys"),
        ('check("1.4", "ecabd")', "definition-creates-keys"),
        ('check("1.4", "cedba")', "three-records-are-one"),
    ),
)
