"""How pytest runs notebooks and tests beside each other, without touching anybody's progress."""

import datetime as dt
import os
import re
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path

import pytest
from nbformat.v4 import new_notebook
from nbval.plugin import IPyNbCell, IPyNbFile
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import lesson_lib.author.notebook_rules as rules

_FOLDER = pytest.StashKey[tempfile.TemporaryDirectory[str]]()

# What takes longest begins first, so that no core is idle at the end. Tests that wait for other processes are
# spread among those that compute.
LONG_TESTS = (
    "tests/daemon/test_pool.py",
    "tests/classroom/exercises/test_proofs.py",
    "tests/notebooks/test_gates.py",
    "tests/daemon/test_real_daemon.py",
    "tests/classroom/servers/test_killed_kernel.py",
    "tests/classroom/checkpoints/test_checkpoints.py",
    "notebooks/",
    "tests/daemon/",
    "tests/classroom/exercises/",
)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Make a folder for the progress and the temporary files that tests and notebooks leave behind."""
    session.stash[_FOLDER] = tempfile.TemporaryDirectory(prefix="session-")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove it again."""
    session.stash[_FOLDER].cleanup()


class Grouping(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """Keeps the tests of a file in one process, and the cells of a notebook, which need what came before."""

    def _split_scope(self, nodeid: str) -> str:
        # Tests of an exercise or a notebook share what they need with each other, and not with the file.
        subject = re.search(r"\[(\d\d_\w+|\d\.\d+)", nodeid)
        return f"{nodeid.partition('::')[0]} {subject[1] if subject else ''}"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Grouping:
    """Let xdist distribute groups; its own `loadgroup` has no effect under pytest 9.2."""
    return Grouping(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by when they begin."""
    items.sort(key=get_start_order)


def get_start_order(item: pytest.Item) -> int:
    """Return the place of a test in the order in which tests begin."""
    starts = (place for place, start in enumerate(LONG_TESTS) if item.nodeid.startswith(start))
    return next(starts, len(LONG_TESTS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Give each file of tests and each notebook its own progress, and kernels another machine's settings."""
    folder = Path(item.session.stash[_FOLDER].name)
    os.environ["LESSON_PROGRESS"] = str(folder / f"{item.path.stem}.json")
    if not isinstance(item, IPyNbCell):
        return (yield)
    # nbval starts the kernel here, which inherits the variables.
    with set_variables(build_foreign_environment(folder / item.path.stem)):
        return (yield)


def build_foreign_environment(folder: Path) -> dict[str, str]:
    """Return variables that make a kernel differ from the author's: time zone and temporary folder."""
    folder.mkdir(exist_ok=True)
    return {"TZ": "Pacific/Kiritimati", "TMPDIR": str(folder)}


@contextmanager
def set_variables(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the length of a `with`."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Exclude folded logs and tracebacks from nbval's comparison: they are in other libraries' words."""
    if isinstance(collector, IPyNbFile):
        collector.sanitize_patterns[rules.FOLDED.pattern] = r"\1"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """After nbval has run and compared a cell, apply to its new outputs what nbval does not look at."""
    yield
    if isinstance(item, IPyNbCell) and (found := find_faults(item)):
        item.raise_cell_error("\n".join(found))


def find_faults(item: IPyNbCell) -> list[str]:
    """Apply the rules for a single run to a cell that nbval has just executed."""
    stored, fresh = (new_notebook(cells=[deepcopy(item.cell)]) for _ in range(2))
    fresh.cells[0].outputs = item.test_outputs
    today = dt.datetime.now(dt.UTC).date()
    days = [
        today + dt.timedelta(days=ahead) for ahead in (-1, 0, 1)
    ]  # Kiritimati is a day ahead of most others
    return [
        *rules.find_changed_outputs(stored, fresh),
        *rules.find_unannounced_errors(fresh),
        *rules.find_stderr(fresh),
        *rules.find_unstable_text(fresh, days),
    ]
