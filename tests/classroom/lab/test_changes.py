"""`%%changes`: a cell runs as it would without it, and what it changed is shown."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from nbclient import NotebookClient

from lesson_lib.classroom.extension import load, unload
from lesson_lib.classroom.lab.changes import changes
from lesson_lib.pipeline import register_keys
from tests.classroom.shells import new_shell
from tests.pipeline.workspace import IMPORT, LOAD, open_workspace

NOTHING = "This cell changed nothing in the three records\n"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[InteractiveShell]:
    """Return a shell like a notebook's, with the usual names in it."""
    shell = new_shell()
    shell.InteractiveTB.set_mode("Minimal")
    shell.register_magic_function(changes, magic_kind="cell", magic_name="changes")
    with open_workspace(tmp_path) as workspace:
        names = {"instance": workspace.instance, "assets": [IMPORT, LOAD], "database": workspace.database}
        names["lab"] = SimpleNamespace(database=workspace.database)
        shell.push({**names, "workspace": workspace, "register_keys": register_keys})
        yield shell
    InteractiveShell.clear_instance()


def test_shows_only_what_the_cell_changed(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The cell's own output comes first, then its value, then the changes."""
    cell = (
        "workspace.add('acme', 1.5, 2.5)\nprint('loading')\nresult = workspace.load('acme')\nresult.success"
    )
    done = shell.run_cell(f"%%changes\n{cell}")
    assert done.success
    assert (
        capsys.readouterr().out
        == """\
loading
Out[0]: True
This cell changed the three records of 1 key
    key   registered  materialized  rows   verdict now
    acme  no → yes    no → yes      0 → 2  ✓ agree
  The table raw_partition_data is new.
"""
    )
    assert shell.user_ns["result"].success


@pytest.mark.parametrize(
    ("line", "cell", "output"),
    [
        ("", "1 + 1", "Out[0]: 2\n" + NOTHING),
        ("", "1 + 1;", NOTHING),
        ("", "number = {'a': 1}['a']", NOTHING),
        (" instance, assets, database  # a comment", "None", NOTHING),
        (" instance, assets[1], database, table='elsewhere'", "pass", NOTHING),
        (" *[instance, assets], **{'database': str(database)}", "pass", NOTHING),
        ("", "folder = %pwd", NOTHING),
        ("", "%%capture\nprint('silenced')", NOTHING),
    ],
)
def test_a_cell_runs_as_without_it(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], line: str, cell: str, output: str
) -> None:
    """Values, semicolons and other magics work as usual, and the line is Python."""
    assert shell.run_cell(f"%%changes{line}\n{cell}").success
    assert capsys.readouterr().out == output


def test_an_exception_comes_after_what_it_left_behind(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exception itself is raised, and what ran before it is shown as changed."""
    done = shell.run_cell("%%changes\nregister_keys(instance, ['acme'])\nkept = 1\n1 / 0\nlost = 2")
    assert isinstance(done.error_in_exec, ZeroDivisionError)
    assert "kept" in shell.user_ns
    assert "lost" not in shell.user_ns
    assert capsys.readouterr().out.splitlines() == [
        "This cell changed the three records of 1 key",
        "    key   registered  materialized  rows  verdict now",
        "    acme  no → yes    no            0     ○ announced",
        "ZeroDivisionError: division by zero",
        "",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("nowhere, assets, database", "%%changes nowhere, assets, database: name 'nowhere' is not defined."),
        ("instance, assets", "%%changes instance, assets: missing a required argument: 'database'."),
        ("instance assets", "%%changes instance assets: invalid syntax"),
    ],
)
def test_a_line_that_three_records_does_not_take_is_refused(
    shell: InteractiveShell, line: str, message: str
) -> None:
    """The message says what to write, and the cell has not run."""
    done = shell.run_cell(f"%%changes {line}\nran = True")
    assert isinstance(done.error_in_exec, UsageError)
    assert str(done.error_in_exec).startswith(message)
    assert str(done.error_in_exec).endswith("such as: %%changes instance, assets, lab.database")
    assert "ran" not in shell.user_ns


def test_a_name_that_is_missing_is_named_for_an_empty_line_too(shell: InteractiveShell) -> None:
    """An empty line stands for the usual three names, and a missing one is named."""
    shell.drop_by_id({"lab": shell.user_ns["lab"]})
    done = shell.run_cell("%%changes\nran = True")
    assert str(done.error_in_exec).startswith(
        "%%changes instance, assets, lab.database: name 'lab' is not defined."
    )


def test_what_three_records_refuses_is_its_own_error(shell: InteractiveShell) -> None:
    """An error of `three_records` is raised unchanged, and the cell has not run."""
    done = shell.run_cell("%%changes instance, [], database\nran = True")
    assert isinstance(done.error_in_exec, ValueError)
    assert "ran" not in shell.user_ns


@pytest.mark.parametrize(
    ("cell", "error"), [("import asyncio\nawait asyncio.sleep(0)", UsageError), ("for", SyntaxError)]
)
def test_a_cell_that_cannot_run_is_refused_first(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str, error: type[Exception]
) -> None:
    """A cell that cannot run shows no changes."""
    done = shell.run_cell(f"%%changes\n{cell}")
    assert isinstance(done.error_in_exec, error)
    assert "This cell changed" not in capsys.readouterr().out


@pytest.mark.parametrize(("end", "error"), [("", type(None)), ("\n1 / 0", ZeroDivisionError)])
def test_records_that_cannot_be_read_afterwards_hide_nothing(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], end: str, error: type
) -> None:
    """If the cell makes the records unreadable, the board says so, and the cell's error is raised."""
    done = shell.run_cell(f"%%changes\ndel assets{end}")
    assert isinstance(done.error_in_exec, error)
    assert capsys.readouterr().out.startswith(
        "✗ What this cell changed is unknown, because the three records cannot be read after it\n"
        "  UsageError: %%changes instance, assets, lab.database: name 'assets' is not defined."
    )


def test_a_traceback_names_the_cell_that_ran(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """Tracebacks and syntax errors have the cell number of an ordinary cell."""
    shell.InteractiveTB.set_mode("Context")
    shell.run_cell("1", store_history=True)
    shell.run_cell("%%changes\ndef fail():\n    1 / 0", store_history=True)
    shell.run_cell("fail()", store_history=True)
    output = capsys.readouterr().out
    assert "Cell In[2], line 3, in fail()" in output
    assert "Cell In[3], line 1\n" in output
    error = shell.run_cell("%%changes\nfor", store_history=True).error_in_exec
    assert isinstance(error, SyntaxError)
    assert shell.compile.format_code_name(error.filename) == ("Cell", "In[4]")
    assert (error.lineno, error.text) == (2, "for\n")


def test_a_syntax_error_looks_as_in_an_ordinary_cell(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """A syntax error shows the line and the place in it, without the magic, even with the extension."""
    load(shell)
    outputs = []
    for cell in ("# a comment\ny = (2 +* 3)", "%%changes\ny = (2 +* 3)"):
        shell.execution_count = 7
        assert not shell.run_cell(cell, store_history=True).success
        outputs.append(capsys.readouterr().out)
    unload(shell)
    assert outputs[0] == outputs[1]
    assert outputs[1].startswith("  Cell In[7], line 2\n    y = (2 +* 3)\n")


def test_in_a_notebook() -> None:
    """Outputs, value, changes and the announced error are stored in this order."""
    setup = """
import dagster as dg
from lesson_lib.classroom import open_lab
from lesson_lib.classroom.lab.changes import changes
from lesson_lib.pipeline import duckdb_dynamic_partition_table as assets, register_keys
get_ipython().register_magic_function(changes, magic_kind="cell", magic_name="changes")
lab, instance = open_lab(), dg.DagsterInstance.ephemeral()
"""
    cell = "%%changes\nprint('printed')\nregister_keys(instance, ['acme'])"
    failing = nbformat.v4.new_code_cell(f"{cell}\n1 / 0", metadata={"tags": ["raises-exception"]})
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(setup), nbformat.v4.new_code_cell(cell), failing]
    )
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    first, second = (
        [(output.output_type, output.get("data", {}).get("text/plain")) for output in cell.outputs]
        for cell in notebook.cells[1:]
    )
    board = (
        "This cell changed the three records of 1 key\n"
        "    key   registered  materialized  rows  verdict now\n"
        "    acme  no → yes    no            0     ○ announced"
    )
    assert first == [("stream", None), ("execute_result", "['acme']"), ("display_data", board)]
    assert second == [("stream", None), ("display_data", NOTHING.strip()), ("error", None)]
    assert notebook.cells[2].outputs[-1].ename == "ZeroDivisionError"
    assert "lesson-board" in notebook.cells[1].outputs[-1].data["text/html"]
