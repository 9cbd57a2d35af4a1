"""After a restart, a NameError shows where the notebook defines the name, and what to type."""

import os
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lesson_lib.classroom.checkpoints import section_starts
from lesson_lib.classroom.checkpoints.missing_names import describe_missing_name
from lesson_lib.classroom.display.text import render_text
from tests.classroom.shells import new_shell

LOAD = "rows = [8]"
DOUBLE = "%%capture\ndoubled = 2 * rows[0]"
CELLS = [
    new_markdown_cell("# 07 · A small one"),
    new_code_cell("import json as js\nfrom pathlib import Path"),
    new_markdown_cell("## 07.1 · What comes first?"),
    new_code_cell(LOAD),
    new_markdown_cell("## 07.2 · And then?"),
    new_code_cell("rows = undone", metadata={"tags": ["exercise:7.1"]}),
    new_code_cell(DOUBLE),
    new_code_cell("print(doubled)"),
]


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    """Return a shell in which a small notebook is open."""
    path = tmp_path / "07_small.ipynb"
    nbformat.write(new_notebook(cells=CELLS), path)
    monkeypatch.setattr(section_starts, "notebooks_folder", lambda: tmp_path)
    monkeypatch.setitem(os.environ, "JPY_SESSION_NAME", str(path))
    yield new_shell()
    InteractiveShell.clear_instance()


def explain(shell: InteractiveShell, name: str, cell: str) -> str:
    """Return the board of a missing name as text, or an empty text if there is none."""
    board = describe_missing_name(NameError(name=name), shell, cell)
    return " ".join(render_text(board).split()) if board else ""


@pytest.mark.parametrize("name", ["js", "Path"])
def test_a_name_of_the_first_cell(shell: InteractiveShell, name: str) -> None:
    """Imports come from the first code cell, so that is the cell to run."""
    assert explain(shell, name, DOUBLE) == (
        f"{name} is not defined in this kernel "
        f"Why: The first code cell of this notebook defines {name}, and a restart forgets all names. "
        "Next: Run the first code cell, and then this one again."
    )


def test_a_name_of_an_earlier_section(shell: InteractiveShell) -> None:
    """The checkpoint of the failed cell's section brings all names that it needs."""
    assert explain(shell, "rows", DOUBLE) == (
        "rows is not defined in this kernel "
        "Why: Section 07.1 (What comes first?) defines rows, and a restart forgets all names. "
        'Next: Run the first code cell. Then run checkpoint("07.2") in a new cell, and run the cells of that '
        "section in order."
    )


def test_a_name_of_the_same_section(shell: InteractiveShell) -> None:
    """The section's own cells are to be run in order."""
    assert explain(shell, "doubled", "print(doubled)").endswith(
        'Then run checkpoint("07.2") in a new cell, and run the cells of that section in order.'
    )


def test_a_cell_that_the_course_does_not_know(shell: InteractiveShell) -> None:
    """For an edited cell, the section after the one that defines the name is the place to go on from."""
    assert explain(shell, "rows", "rows + [9]").endswith(
        'Next: Run the first code cell. Then run checkpoint("07.2") in a new cell, and run this cell again.'
    )


def test_a_cell_that_was_run_too_early(shell: InteractiveShell) -> None:
    """A name that is defined further down needs no restart, but the right order."""
    assert explain(shell, "doubled", LOAD) == (
        "doubled is not defined in this kernel "
        "Why: Section 07.2 (And then?) defines doubled, and a restart forgets all names. That section is "
        "further down. Next: Run the cells in their order."
    )


@pytest.mark.parametrize("name", ["rowss", "undone"])
def test_a_name_that_no_cell_defines(shell: InteractiveShell, name: str) -> None:
    """A misspelled name keeps Python's own message, which is good enough."""
    assert explain(shell, name, LOAD) == ""


def test_no_course_notebook_is_open(shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch) -> None:
    """In another notebook, nothing is claimed."""
    monkeypatch.setitem(os.environ, "JPY_SESSION_NAME", "elsewhere/mine.ipynb")
    assert explain(shell, "rows", DOUBLE) == ""


@pytest.mark.parametrize("extension", ["lesson_lib", "lesson_lib.after_restart"])
def test_the_notebook_shows_it(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], extension: str
) -> None:
    """With the course's extension, or with the one that every kernel of `make lab` loads, a cell shows it."""
    shell.run_line_magic("load_ext", extension)
    shell.run_cell("print(doubled)", store_history=True)
    output = capsys.readouterr().out
    assert "NameError: name 'doubled' is not defined" in output
    assert 'checkpoint("07.2")' in output
    shell.run_line_magic("unload_ext", extension)
