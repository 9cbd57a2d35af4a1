"""`lesson start-over` gives back the original notebooks, and keeps every answer."""

import shutil
import subprocess
from pathlib import Path

import pytest

from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import Attempted, load, record
from lesson_lib.cli import main

ORIGINAL = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n'


@pytest.fixture
def notebook(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only notebook of a checkout that is a git clone, and change into it."""
    for path in (checkout / "notebooks").glob("*.ipynb"):
        path.unlink()
    path = checkout / "notebooks" / "01_one.ipynb"
    path.write_text(ORIGINAL)
    for command in ("init -q", "add -A", "-c user.name=a -c user.email=a@b commit -qm Begin"):
        subprocess.run(["git", *command.split()], cwd=checkout, check=True)  # noqa: S607 - whichever git
    monkeypatch.chdir(checkout)
    return path


def test_a_changed_notebook_is_kept_and_restored(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each time, the learner's own file gets a new name in my-notebooks."""
    for answer in ("mine", "mine again"):
        notebook.write_text(answer)
        assert main(["start-over"]) == 0
        assert notebook.read_text() == ORIGINAL
    kept = {path.name: path.read_text() for path in Path("my-notebooks").iterdir()}
    assert kept == {"01_one.ipynb": "mine", "01_one-2.ipynb": "mine again"}
    assert capsys.readouterr().out.splitlines() == [
        "Restored 01_one.ipynb; yours is kept as my-notebooks/01_one.ipynb.",
        "If a notebook is open in JupyterLab, choose File > Reload Notebook from Disk.",
        "Restored 01_one.ipynb; yours is kept as my-notebooks/01_one-2.ipynb.",
        "If a notebook is open in JupyterLab, choose File > Reload Notebook from Disk.",
    ]


@pytest.mark.usefixtures("notebook")
def test_the_progress_begins_again(capsys: pytest.CaptureFixture[str]) -> None:
    """The old file stays, and the message names it."""
    record(Attempted("1.2", Outcome.RIGHT, ()))
    assert main(["start-over"]) == 0
    assert not load().exercises
    assert "Your progress so far is kept as " in capsys.readouterr().out


@pytest.mark.usefixtures("notebook")
def test_nothing_was_changed(capsys: pytest.CaptureFixture[str]) -> None:
    """An untouched course stays untouched."""
    assert main(["start-over"]) == 0
    assert capsys.readouterr().out == "All notebooks are as they came, and there is no progress yet.\n"
    assert not Path("my-notebooks").exists()


def test_without_git_nothing_is_lost(notebook: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that was unpacked from an archive has no originals."""
    shutil.rmtree(notebook.parents[1] / ".git")
    notebook.write_text("mine")
    assert main(["start-over"]) == 1
    assert notebook.read_text() == "mine"
    assert "01_one.ipynb has no original here" in capsys.readouterr().err


def test_a_copy_that_cannot_be_written_leaves_the_notebook(
    notebook: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answers are only replaced once they are safe."""
    notebook.write_text("mine")
    Path("my-notebooks").write_text("a file in the way")
    assert main(["start-over"]) == 1
    assert notebook.read_text() == "mine"
    assert "my-notebooks cannot be written (File exists)" in capsys.readouterr().err
