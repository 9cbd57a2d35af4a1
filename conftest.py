"""How pytest compares what the notebooks show, and whose progress it touches: nobody's."""

import os
import tempfile
from pathlib import Path

import pytest
from nbval.plugin import IPyNbFile

from lesson_lib.author.notebook_rules import FOLDED

_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make a folder for the progress that tests and notebooks leave behind."""
    session.stash[_FOLDER] = tempfile.TemporaryDirectory(prefix="progress-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove it again."""
    session.stash[_FOLDER].cleanup()


@pytest.hookimpl(tryfirst=True)  # before nbval starts the notebook's kernel, which inherits the variable
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let what runs keep a progress of its own, one for each notebook or file of tests."""
    os.environ["LESSON_PROGRESS"] = str(Path(item.session.stash[_FOLDER].name) / f"{item.path.stem}.json")


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave out of the comparison what a board folds away: logs and tracebacks, in other libraries' words."""
    if isinstance(collector, IPyNbFile):
        collector.sanitize_patterns[FOLDED.pattern] = r"\1"
