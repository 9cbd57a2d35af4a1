"""What the tests of exercises share: a shell as a notebook has one, and progress of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.classroom.shells import new_shell

# What a notebook has given before its first exercise; the names that starters and solutions use.
GIVEN = """
import json
from pathlib import Path
import dagster as dg
import duckdb
from lesson_lib.classroom import open_lab, three_records
from lesson_lib.classroom.exercises import check, fact, hint, predict, solution
from lesson_lib.pipeline import SourceFolder, Warehouse
from lesson_lib.pipeline import duckdb_dynamic_partition_table, import_dynamic_partition_file
s3_partitions_def = dg.DynamicPartitionsDefinition(name="s3")
FLOAT_COLUMNS = "date date, share_price float, amount float, spend float, shift float, spread float"
DOUBLE_COLUMNS = FLOAT_COLUMNS.replace("float", "double")
lab = open_lab()
instance = dg.DagsterInstance.ephemeral()
customers = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
"""


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test writes into anybody's progress."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path / "progress.json"))


@pytest.fixture
def run_cell() -> Iterator[Callable[[str], Any]]:
    """Run a cell in a shell where the notebook's names are given; return the value of its last expression."""
    shell = new_shell()

    def run(cell: str) -> Any:  # noqa: ANN401 - of any type
        ran = shell.run_cell(cell)
        ran.raise_error()
        return ran.result

    run(GIVEN)
    yield run
    type(shell).clear_instance()
