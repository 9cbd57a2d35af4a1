"""Notebooks are executed in kernels of their own."""

import re
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from lesson_lib.author.notebook_runner import execute, wait_for
from tests.author.lessons import code

COUNT_RUNS = """\
import os, pathlib
progress = pathlib.Path(os.environ["LESSON_PROGRESS"])
runs = int(progress.read_text()) + 1 if progress.exists() else 1
_ = progress.write_text(str(runs))
runs, list(pathlib.Path(os.environ["IPYTHONDIR"]).glob("profile_default/startup/*.py"))"""


def read_value(cell: NotebookNode) -> str:
    """Return the value that a cell shows."""
    text: str = cell.outputs[0].data["text/plain"]
    return text


def test_a_run_continues_after_errors(tmp_path: Path) -> None:
    """Earlier outputs are removed, cells are counted, and the kernel has the given folder and variables."""
    stale = code("pass")
    stale.outputs, stale.execution_count = [{"output_type": "stream", "name": "stdout", "text": "old"}], 9
    place = code("import os\n(os.path.basename(os.getcwd()), os.environ['LESSON'])")
    notebook = new_notebook(cells=[code("1 / 0"), place, stale])
    runs: list[int] = []

    stopped = wait_for(
        execute(
            notebook, tmp_path, through_errors=True, env={"LESSON": "01"}, after_cell=lambda: runs.append(1)
        )
    )

    assert (stopped, len(runs)) == ("", 3)
    assert notebook.cells[0].outputs[0].ename == "ZeroDivisionError"
    assert read_value(notebook.cells[1]) == f"({tmp_path.name!r}, '01')"
    assert notebook.cells[2].outputs == []
    assert [cell.execution_count for cell in notebook.cells] == [1, 2, 3]


def test_a_cell_that_takes_too_long_stops_the_run(tmp_path: Path) -> None:
    """The limit is in the message."""
    notebook = new_notebook(cells=[code("1"), code("import time; time.sleep(600)")])
    assert wait_for(execute(notebook, tmp_path, max_seconds=1)) == "cell [2] still ran after 1 seconds"


def test_a_run_has_its_own_progress_and_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run begins with an empty progress file and an empty profile, and removes both at the end."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path / "mine.json"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "mine"))
    for _ in range(2):
        notebook = new_notebook(cells=[code(COUNT_RUNS), code("str(progress)")])
        assert wait_for(execute(notebook, tmp_path)) == ""
        assert read_value(notebook.cells[0]) == "(1, [])"
        assert not Path(re.sub("^'|'$", "", read_value(notebook.cells[1]))).parent.exists()
    assert list(tmp_path.iterdir()) == []
