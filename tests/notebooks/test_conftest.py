"""nbval runs notebooks apart from anybody's progress, and the rules look at what it does not compare."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lesson_lib.author.notebook_files import ROOT
from tests.author.lessons import code, save

# In two processes, of which each notebook must stay in one: its cells need what earlier ones have defined.
STRICT = "-m pytest --nbval --nbval-current-env -q -p no:cacheprovider -n 2"


def run(source: str, *outputs: NotebookNode, tags: tuple[str, ...] = ()) -> NotebookNode:
    """A code cell that has run and shown this."""
    cell = code(source, *tags)
    cell.outputs, cell.execution_count = list(outputs), 1
    return cell


def value(text: str) -> NotebookNode:
    """The value that a cell ends with."""
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


def printed(text: str, name: str = "stdout") -> NotebookNode:
    """What a cell prints."""
    return new_output("stream", name=name, text=text)


PROGRESS = "import os, pathlib\npathlib.Path(os.environ['LESSON_PROGRESS']).name"
ELSEWHERE = "import time\ntime.tzname, 'session-' in os.environ['TMPDIR']"
FAULTS = {
    "stderr holds 'a log'": run("import sys\nprint('a log', file=sys.stderr)", printed("a log\n", "stderr")),
    "stdout holds a time of day, '09:05": run("print('09:05')", printed("09:05\n")),
    "stdout holds today's date": run(
        "import datetime as dt\nprint(dt.datetime.now(dt.UTC).date())",
        printed(f"{dt.datetime.now(dt.UTC).date()}\n"),
    ),
    "'cost (number)'\" became \"'price (number)'": run(
        "'price 4'", value("'cost 3'"), tags=("nbval-ignore-output",)
    ),
    "its outputs [['stdout'], ['text/plain']] became [['text/plain'], ['stdout']]": run(
        "display(1)\nprint(2)", printed("2\n"), new_output("display_data", data={"text/plain": "1"})
    ),
    "the tags 'raises-exception' and 'raises:NameOfTheException' go together": run(
        "{}['a']",
        new_output("error", ename="KeyError", evalue="'a'", traceback=[]),
        tags=("raises-exception",),
    ),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What pytest says of three notebooks, run with the course's own conftest."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("one", "two"):
        machine = "(('+14', '+14'), True)"
        save(folder, run(PROGRESS, value(f"'{name}.json'")), run(ELSEWHERE, value(machine)), name=name)
    save(folder, *FAULTS.values(), name="faults")
    (folder / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    mine = folder / "mine.json"
    done = subprocess.run(
        [sys.executable, *STRICT.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LESSON_PROGRESS": str(mine)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not mine.exists()
    return done.stdout


def test_each_notebook_has_its_own_progress_on_another_machine(report: str) -> None:
    """Progress is kept apart from the other notebooks' and the learner's; time zone and folders differ."""
    assert f"{len(FAULTS)} failed, 4 passed" in report, report


@pytest.mark.parametrize("fault", FAULTS)
def test_what_nbval_does_not_compare_is_found(report: str, fault: str) -> None:
    """Each cell shows what is stored, as far as nbval looks, and fails all the same."""
    assert fault in report, report
