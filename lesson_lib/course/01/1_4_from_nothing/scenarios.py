"""Exercise 1.4: put the steps from an empty instance to a table in order."""

import re
from pathlib import Path
from textwrap import dedent
from typing import Any

import dagster as dg
import duckdb

from lesson_lib.classroom.display.safe_text import format_count, make_plain
from lesson_lib.classroom.exercises.answers import read_letters
from lesson_lib.classroom.exercises.exercise import Miss
from lesson_lib.classroom.exercises.sandbox import open_sandbox
from lesson_lib.classroom.pages import read_code_block
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)

# The statements of the task by their letters; further lines of a statement are indented below the first.
_LINES = {
    letter: dedent(f"   {code}")
    for letter, code in re.findall(
        r"^(\w)  (.+\n(?:   .*\n)*)",
        read_code_block(Path(__file__).with_name("task.md"), "text"),
        re.MULTILINE,
    )
}
_ACME_ROWS = 8


def _lines_in_order(*answer: object) -> Miss | None:
    """Your lines, run from top to bottom after a restart."""
    order = read_letters(answer, _LINES, count=len(_LINES))
    with open_sandbox() as sandbox:
        names: dict[str, Any] = {
            "dg": dg,
            "duckdb": duckdb,
            "lab": sandbox.lab,
            "assets": [import_dynamic_partition_file, duckdb_dynamic_partition_table],
            "resources": {
                "source": SourceFolder(path=str(sandbox.lab.source)),
                "database": Warehouse(database=str(sandbox.lab.database)),
            },
        }
        try:
            for letter in order:
                try:
                    exec(_LINES[letter], names)  # noqa: S102 - the exercise's own lines; the learner orders them
                except Exception as error:  # noqa: BLE001 - a wrong order can raise anything
                    return _explain_error(letter, order, error)
        finally:
            if "instance" in names:
                names["instance"].dispose()
    rows = len(names["table"])
    return None if rows == _ACME_ROWS else Miss(seen=format_count(rows, "row"), expected=f"{_ACME_ROWS} rows")


def _explain_error(letter: str, order: list[str], error: Exception) -> Miss:
    before = order[: order.index(letter)]
    raised = f"{type(error).__name__}: {str(error).strip().splitlines()[0]}"
    # A missing name is only a slip. These two lines have all their names, but lack a record.
    beliefs = {"b": "three-records-are-one"} | ({"a": "definition-creates-keys"} if "e" in before else {})
    return Miss(
        beliefs.get(letter, ""),
        seen=f"line {letter}, with {', '.join(before) or 'nothing'} before it, raised {make_plain(raised)}",
        expected=f"all five lines run, and the table has acme's {_ACME_ROWS} rows",
    )


SCENARIOS = (_lines_in_order,)
