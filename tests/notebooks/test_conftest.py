"""nbval runs each notebook with its own progress, and the course's rules check what nbval ignores."""

import datetime as dt
import os
import subprocess
import sys

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lesson_lib.author.notebook_files import ROOT
from tests.author.lessons import code, save

# In two processes. Each notebook must stay in one of them, because its cells need names of earlier cells.
PYTEST = "-m pytest --nbval --nbval-current-env -q -p no:cacheprovider -n 2"


def make_cell(source: str, *outputs: NotebookNode, tags: tuple[str, ...] = ()) -> NotebookNode:
    """Return a code cell with stored outputs."""
    cell = code(source, *tags)
    cell.outputs, cell.execution_count = list(outputs), 1
    return cell


def make_value(text: str) -> NotebookNode:
    """Return the output of a cell's last expression."""
    return new_output("execute_result", data={"text/plain": text}, execution_count=1)


def make_stream(text: str, name: str = "stdout") -> NotebookNode:
    """Return the output of a cell that prints."""
    return new_output("stream", name=name, text=text)


PROGRESS = "import os, pathlib\npathlib.Path(os.environ['LESSON_PROGRESS']).name"
MACHINE = "import time\ntime.tzname, 'session-' in os.environ['TMPDIR']"
FAULTS = {
    "stderr holds 'a log'": make_cell(
        "import sys\nprint('a log', file=sys.stderr)", make_stream("a log\n", "stderr")
    ),
    "stdout holds a time of day, '09:05": make_cell("print('09:05')", make_stream("09:05\n")),
    "stdout holds today's date": make_cell(
        "import datetime as dt\nprint(dt.datetime.now(dt.UTC).date())",
        make_stream(f"{dt.datetime.now(dt.UTC).date()}\n"),
    ),
    "'cost (number)'\" became \"'price (number)'": make_cell(
        "'price 4'", make_value("'cost 3'"), tags=("nbval-ignore-output",)
    ),
    "its outputs [['stdout'], ['text/plain']] became [['text/plain'], ['stdout']]": make_cell(
        "display(1)\nprint(2)", make_stream("2\n"), new_output("display_data", data={"text/plain": "1"})
    ),
    "the tags 'raises-exception' and 'raises:NameOfTheException' go together": make_cell(
        "{}['a']",
        new_output("error", ename="KeyError", evalue="'a'", traceback=[]),
        tags=("raises-exception",),
    ),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return pytest's output for three notebooks, run with the course's own conftest."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("one", "two"):
        is_other_machine = "(('+14', '+14'), True)"
        save(
            folder,
            make_cell(PROGRESS, make_value(f"'{name}.json'")),
            make_cell(MACHINE, make_value(is_other_machine)),
            name=name,
        )
    save(folder, *FAULTS.values(), name="faults")
    (folder / "conftest.py").write_bytes((ROOT / "conftest.py").read_bytes())
    learners_file = folder / "mine.json"
    process = subprocess.run(
        [sys.executable, *PYTEST.split()],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LESSON_PROGRESS": str(learners_file)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not learners_file.exists()
    return process.stdout


def test_each_notebook_has_its_own_progress_on_another_machine(report: str) -> None:
    """Progress is separate from the other notebooks' and the learner's; time zone and folders differ."""
    assert f"{len(FAULTS)} failed, 4 passed" in report, report


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_that_nbval_ignores_are_found(report: str, fault: str) -> None:
    """Each cell passes nbval's comparison with its stored outputs, and fails because of a rule."""
    assert fault in report, report
