"""Fixtures for the tests of exercises: a shell like that of a notebook, and a progress file for each test."""

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

from lesson_lib.author.wrong_answers import FIRST_CELL
from lesson_lib.course import five_ticks, monday
from tests.classroom.shells import new_shell

FIVE_TICKS, RECORDS_OF_MONDAY = cache(five_ticks.five_ticks), cache(monday.records_of_monday)
# The notebook's keys, runs and source files, which no answer may change.
NOTEBOOK_STATE = (
    "[instance.get_dynamic_partitions(name) for name in ('s3', 'S3', 's33')], instance.get_runs_count(), "
    "{str(path): path.stat().st_mtime_ns for path in lab.source.iterdir()}"
)


@pytest.fixture(autouse=True)
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test its own progress file."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path / "progress.json"))


@pytest.fixture(autouse=True)
def share_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the records of exercise 2.6 and the ticks of 3.6 once, because they are always the same."""
    monkeypatch.setattr(five_ticks, "five_ticks", FIVE_TICKS)
    monkeypatch.setattr(monday, "records_of_monday", RECORDS_OF_MONDAY)


@pytest.fixture(scope="module")
def notebook_shell() -> Iterator[InteractiveShell]:
    """Return a shell in which the notebook's first cell has run."""
    shell = new_shell()
    shell.run_cell(FIRST_CELL).raise_error()
    yield shell
    type(shell).clear_instance()


@pytest.fixture
def run_cell(notebook_shell: InteractiveShell) -> Iterator[Callable[[str], Any]]:
    """Return a function that runs a cell below the notebook's first one, and returns its last value.

    At the end, what the cells have defined is removed, and the notebook's lab and instance must be unchanged.
    """
    names, state = dict(notebook_shell.user_ns), notebook_shell.ev(NOTEBOOK_STATE)

    def run(cell: str) -> Any:  # noqa: ANN401 - of any type
        ran = notebook_shell.run_cell(cell)
        ran.raise_error()
        return ran.result

    yield run
    notebook_shell.user_ns.clear()
    notebook_shell.user_ns.update(names)
    assert notebook_shell.ev(NOTEBOOK_STATE) == state
