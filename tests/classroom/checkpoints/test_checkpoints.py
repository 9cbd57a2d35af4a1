"""`checkpoint` leads to the same state as running the notebook from the top, and has no other effect."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import nbformat
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author.notebook_files import list_notebooks, read_notebook, write_notebook
from lesson_lib.author.notebook_runner import execute, wait_for
from lesson_lib.classroom import checkpoint
from lesson_lib.classroom.checkpoints import replay, section_starts
from lesson_lib.classroom.checkpoints.section_starts import SectionStart, find_section_starts
from lesson_lib.notebook_cells import EXERCISE, RAISES, SECTION, find_tag
from tests.classroom.shells import new_shell

# The course's notebooks

NOTEBOOKS = [pytest.param(path, id=path.stem) for path in list_notebooks()]
NAMES = [path.stem for path in list_notebooks()]

# Names with a leading underscore stay. The file is tested as it is, and not as it was committed.
BEGIN = """
import json as _json
from lesson_lib.classroom import checkpoint as _checkpoint
from lesson_lib.classroom.checkpoints import section_starts as _starts
_starts.read_committed = lambda path: None

def _describe(value):
    kind = type(value).__name__
    plain = isinstance(value, bool | int | float | str | list | dict)
    return _json.dumps([kind, value], default=lambda part: type(part).__name__) if plain else kind

def _state():
    import duckdb
    names = {name: _describe(value) for name, value in globals().items()
             if name[0] != "_" and name not in {"In", "Out", "exit", "quit", "open", "get_ipython"}}
    if "lab" in names:  # its path is another one each time
        names = _json.loads(_json.dumps(names).replace(str(lab.folder), "the lab's folder"))
    state = {"names": names}
    if "lab" in names:
        state["files"] = {path.relative_to(lab.folder).as_posix(): path.stat().st_size
                          for path in sorted(lab.folder.rglob("*.csv"))}
    if "lab" in names and lab.database.exists():
        with duckdb.connect(lab.database) as con:
            for (table,) in con.sql("show tables").fetchall():
                rows = con.sql(f"from {table}").fetchall()
                state[table] = [str(con.sql(f"describe {table}").fetchall()), sorted(map(str, rows))]
    if "instance" in names:
        state["keys"] = {name: instance.get_dynamic_partitions(name) for name in ("s3", "s33")}
        state["runs"] = [run.status.value for run in instance.get_runs()]
    if "instance" in names and "assets" in names:
        state["materialized"] = [sorted(instance.get_materialized_partitions(each.key)) for each in assets]
    return state

_given = set(globals())
"""
FORGET = (
    "for _name in [name for name in globals() if name[0] != '_' and name not in _given]: del globals()[_name]"
)
SHOW_STATE = "print(_json.dumps(_state()))"


class Course(NamedTuple):
    """A notebook and its sections, and the results of the two ways to one of them."""

    stored: NotebookNode
    sections: list[SectionStart]
    section: SectionStart
    arrival: str
    state_by_checkpoint: dict[str, object]
    state_from_the_top: dict[str, object]
    section_as_stored: list[NotebookNode]
    section_as_run: list[NotebookNode]


@pytest.fixture(scope="module", params=NOTEBOOKS)
def course(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Go to a section by its checkpoint, run it, and then go to the same section from the top."""
    path: Path = request.param
    stored = read_notebook(path)
    sections = find_section_starts(path.stem[:2], path.read_text(encoding="utf-8"))
    # One section, late in one notebook and early in the next: all of them would take minutes. Which cells run
    # before each of the others is compared without a kernel. What stands before the section runs twice: where
    # that is expensive, as in notebook 04, the section is an early one.
    place = len(sections) // 4 if NAMES.index(path.stem) % 2 else len(sections) * 2 // 3
    section, start, end = (
        sections[place],
        *(count_above(stored, each) for each in sections[place : place + 2]),
    )
    before, within = rules.list_code_cells(stored)[:start], rules.list_code_cells(stored)[start:end]

    # All in one kernel, because starting it and importing costs more than most cells.
    by_checkpoint = [new_code_cell(f"_checkpoint({section.id!r})"), new_code_cell(SHOW_STATE), *within]
    from_the_top = [new_code_cell(FORGET), *(cell for cell in before if not is_exercise(cell))]
    cells = [new_code_cell(BEGIN), *by_checkpoint, *from_the_top, new_code_cell(SHOW_STATE)]
    # Each cell with an id of its own.
    cells = [nbformat.from_dict({**cell, "id": str(number)}) for number, cell in enumerate(cells)]
    own = {"LESSON_PROGRESS": str(tmp_path_factory.mktemp("progress") / "progress.json")}
    notebook = new_notebook(cells=cells)
    assert not wait_for(execute(notebook, path.parent, through_errors=True, env=own))
    _, arrival, state, *rest = notebook.cells
    return Course(
        stored,
        sections,
        section,
        arrival=read_output(arrival),
        state_by_checkpoint=json.loads(read_output(state)),
        state_from_the_top=json.loads(read_output(rest[-1])),
        section_as_stored=within,
        section_as_run=rest[: len(within)],
    )


def count_above(stored: NotebookNode, section: SectionStart) -> int:
    """Return how many code cells stand above a section."""
    above = [cell for cell in stored.cells if section.heading in headings_in(cell)]
    return len(rules.list_code_cells(new_notebook(cells=stored.cells[: stored.cells.index(above[0])])))


def headings_in(cell: NotebookNode) -> list[str]:
    """Return the headings of the sections that begin in a cell."""
    return SECTION.findall(cell.source) if cell.cell_type == "markdown" else []


def is_exercise(cell: NotebookNode) -> bool:
    """Return whether a cell is for the learner's own work."""
    return bool(find_tag(cell, EXERCISE))


def read_output(cell: NotebookNode) -> str:
    """Return the only output of a cell as text."""
    [output] = cell.outputs
    return str(output.get("text") or output.data["text/plain"])


def test_every_section_has_a_checkpoint(course: Course) -> None:
    """They are numbered in the order of the headings."""
    headings = [heading for cell in rules.list_prose_cells(course.stored) for heading in headings_in(cell)]
    assert len(headings) > 5
    assert [section.heading for section in course.sections[1:]] == headings
    number = course.sections[0].id
    ids = [f"{number}.{place}" for place in range(1, len(headings) + 1)]
    assert [section.id for section in course.sections[1:]] == ids


def test_the_cells_above_a_section_are_run(course: Course) -> None:
    """These are all code cells except the exercises, with the errors that they announce."""
    cells = rules.list_code_cells(course.stored)
    for section in course.sections[1:]:
        above = [cell for cell in cells[: count_above(course.stored, section)] if not is_exercise(cell)]
        assert [cell.source for cell in section.before] == [cell.source for cell in above]
        assert [cell.error for cell in section.before] == [find_tag(cell, RAISES) for cell in above]
        assert [cells[cell.number - 1].source for cell in section.before] == [cell.source for cell in above]
    assert course.sections[0].before == ()


def test_the_state_is_that_of_running_from_the_top(course: Course) -> None:
    """Names and their values, files, keys, runs, materializations, tables and rows are the same."""
    assert course.state_by_checkpoint == course.state_from_the_top
    assert course.state_by_checkpoint["names"]


def test_the_section_shows_its_stored_outputs(course: Course) -> None:
    """The outputs of its cells are compared as strictly as nbval compares them."""
    stored, as_run = (
        new_notebook(cells=cells) for cells in (course.section_as_stored, course.section_as_run)
    )
    assert stored.cells
    assert rules.find_changed_outputs(stored, as_run) == []


def test_the_only_output_is_the_arrival(course: Course) -> None:
    """The cells that have run show no figure, no text and no error."""
    assert course.arrival.startswith(f"You are at {course.section.id} {course.section.heading}\n")


# A course with one small notebook, in this process

SMALL = [
    new_markdown_cell("# 07 · A small one\n\nText."),
    new_code_cell("import sys\nrows = [8]\nprint('loud')\nprint('loud', file=sys.stderr)\nrows"),
    new_markdown_cell("Text.\n\n## What comes first?"),
    new_code_cell("rows = undone", metadata={"tags": ["exercise:7.1"]}),
    new_code_cell("%%capture\nkept, rest = 'kept', 1"),
    new_code_cell("rows[1]", metadata={"tags": ["raises-exception", "raises:IndexError"]}),
    new_markdown_cell("### Exercise\n\n## And then?\n\nText."),
    new_code_cell("for row in rows:\n    doubled = 2 * row\n\ndef double(row):\n    return row * len(rows)"),
    new_markdown_cell("## And last?"),
    new_code_cell("raise SystemExit"),
]


@pytest.fixture
def shell() -> Iterator[InteractiveShell]:
    """Return a shell like a notebook's."""
    yield new_shell()
    InteractiveShell.clear_instance()


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: InteractiveShell) -> Path:
    """Return the only notebook of a course; the shell has the name `mine`."""
    monkeypatch.setattr(section_starts, "notebooks_folder", lambda: tmp_path)
    path = tmp_path / "07_small.ipynb"
    nbformat.write(new_notebook(cells=SMALL), path)
    shell.push({"mine": [1], "rows": "mine, too", "checkpoint": checkpoint})
    return path


def change_notebook(path: Path, change: Callable[[list[NotebookNode]], None]) -> None:
    """Change the cells of a notebook and save it."""
    notebook = read_notebook(path)
    change(notebook.cells)
    assert write_notebook(path, notebook)


def replace_source(number: int, source: str) -> Callable[[list[NotebookNode]], None]:
    """Return a function that changes the text of one cell."""
    return lambda cells: cells[number].update(source=source)


@pytest.mark.usefixtures("small")
def test_the_cells_above_have_run_and_show_nothing(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str]
) -> None:
    """The only output is the board; exercises are left out, and magics work."""
    mine = shell.user_ns["mine"]
    shell.run_cell("checkpoint('07.3')").raise_error()
    expected = (
        "Out[0]: \nYou are at 07.3 And last?\n"
        "  Names that are ready: double, doubled, kept, rest, rows\n"
        "  Continue with the cells of this section.\n"
    )
    assert capsys.readouterr() == (expected, "")
    assert shell.user_ns["mine"] is mine
    assert shell.ev("rows, kept, doubled, double(1)") == ([8], "kept", 16, 1)
    shell.user_ns["rows"] = [1, 2, 3]
    assert shell.ev("double(1)") == 3  # functions use the learner's names


@pytest.mark.usefixtures("small")
def test_the_history_does_not_change(shell: InteractiveShell) -> None:
    """`In`, `Out`, `_` and the number of the next cell depend only on the cells that the learner ran."""
    shell.run_cell("6 * 7", store_history=True)
    count, before = shell.execution_count, {name: shell.user_ns[name] for name in ("In", "Out", "_", "_i")}
    outs = dict(shell.user_ns["Out"])
    shell.run_cell("here = checkpoint('07.3')").raise_error()
    shell.run_cell("here = checkpoint('07.2')").raise_error()
    assert shell.execution_count == count
    assert {name: shell.user_ns[name] for name in before} == before
    assert shell.user_ns["Out"] == outs == {1: 42}


def test_the_start_runs_nothing(small: Path, shell: InteractiveShell) -> None:
    """No cell is above the first one."""
    assert small.exists()
    assert repr(checkpoint("07")) == "You are at 07 A small one: the start\n  Continue with the first cell."
    assert shell.user_ns["rows"] == "mine, too"


@pytest.mark.usefixtures("small")
def test_without_a_section_all_sections_are_listed() -> None:
    """Their numbers and headings are listed below the name of their notebook."""
    assert repr(checkpoint()) == (
        "The sections of the course\n"
        '  checkpoint("02.4") takes your notebook to the start of section 02.4.\n'
        "    checkpoint  section\n"
        "    07_small\n"
        "    07          A small one: the start\n"
        "    07.1        What comes first?\n"
        "    07.2        And then?\n"
        "    07.3        And last?"
    )


@pytest.mark.usefixtures("small", "shell")
def test_the_headings_of_the_list_lead_to_their_sections(monkeypatch: pytest.MonkeyPatch) -> None:
    """JupyterLab follows a heading's link in this notebook, and opens another notebook."""
    links = r'<a href="([^"]+)"><bdi>And then\?</bdi></a>'
    assert re.findall(links, checkpoint()._repr_html_()) == ["07_small.ipynb#07.2-·-And-then?"]
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/07_small.ipynb")
    assert re.findall(links, checkpoint()._repr_html_()) == ["#07.2-·-And-then?"]


def test_a_section_of_another_notebook_is_an_error(
    small: Path, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error only if Jupyter names the open notebook, and that notebook is part of the course."""
    nbformat.write(new_notebook(cells=SMALL), small.with_name("08_other.ipynb"))
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/08_other.ipynb")
    with pytest.raises(UsageError, match=r"^Section 07\.2 is in 07_small, and this is 08_other\. Open that"):
        checkpoint("07.2")
    assert shell.user_ns["rows"] == "mine, too"
    for open_now in ("notebooks/07_small.ipynb", "my own copy.ipynb", ""):
        monkeypatch.setenv("JPY_SESSION_NAME", open_now)
        assert repr(checkpoint("07.1")).startswith("You are at 07.1 What comes first?")


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("wanted", ["07.4", "", "And then?", ["07.1"]])
def test_an_unknown_section_is_an_error(wanted: str) -> None:
    """The message lists the sections."""
    with pytest.raises(UsageError, match=r"There are: 07, 07\.1 to 07\.3; checkpoint\(\) lists them"):
        checkpoint(wanted)


SECTION_07_1 = (
    "A section's number stands in quotes and begins with the two digits of its notebook: "
    'checkpoint("07.1") leads to \'What comes first?\'; hint("7.1") helps with exercise 7.1.'
)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("7.1", SECTION_07_1),
        (7.1, SECTION_07_1),
        (7, "leads to 'A small one: the start'."),
        ("7", "leads to 'A small one: the start'."),
        ("7.9", "7.9 is the number of an exercise, and a checkpoint leads to a section, such as 07.1"),
    ],
)
def test_the_number_of_an_exercise_is_explained(wanted: str, message: str) -> None:
    """The message names the section with almost the same number, and the help for the exercise."""
    with pytest.raises(UsageError, match=re.escape(message)):
        checkpoint(wanted)


@pytest.mark.usefixtures("small")
def test_the_list_has_an_example_of_the_open_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one of another notebook only if Jupyter does not name the open one."""
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/07_small.ipynb")
    assert 'checkpoint("07.1") takes your notebook to the start of section 07.1.' in repr(checkpoint())


@pytest.mark.parametrize(
    ("number", "source", "reason"),
    [
        (
            1,
            "rows = []\n1 / 0",
            "in cell [1], 'rows = []': ZeroDivisionError: division by zero. Your variables are",
        ),
        (
            5,
            "rows.clear",
            "in cell [4], 'rows.clear': it should raise IndexError, but raised nothing. Your variables",
        ),
        (5, "rows['a']", "in cell [4], \"rows['a']\": TypeError: list indices must be"),
        (4, "rows = (", "in cell [3], 'rows = (': SyntaxError: incomplete input. Your"),
        (4, "raise KeyboardInterrupt", "Stopped on the way to 07.2, in cell [3], 'raise KeyboardInterrupt'."),
        (
            4,
            "raise SystemExit",
            "Stopped on the way to 07.2, in cell [3], 'raise SystemExit'. Your variables have not changed",
        ),
    ],
)
def test_an_error_on_the_way_restores_the_names(
    small: Path, shell: InteractiveShell, number: int, source: str, reason: str
) -> None:
    """The message has the cell, the reason and the next move, and the learner can try again."""
    change_notebook(small, replace_source(number, source))
    before = dict(shell.user_ns)
    with pytest.raises(UsageError) as caught:
        checkpoint("07.2")
    assert reason in str(caught.value)
    assert 'checkpoint("07.2")' in str(caught.value)
    assert shell.user_ns == before
    change_notebook(small, replace_source(number, SMALL[number].source))
    checkpoint("07.2")
    assert shell.user_ns["rows"] == [8]


@pytest.mark.usefixtures("shell")
@pytest.mark.parametrize("text", ["", "[]", '{"cells": [{}]}', '{"cells": 1}'])
def test_a_damaged_notebook_is_an_error(small: Path, text: str) -> None:
    """The message has the command that restores the file."""
    small.write_text(text, encoding="utf-8")
    with pytest.raises(
        UsageError, match=r"07_small.ipynb cannot .*`git checkout -- notebooks/07_small.ipynb`"
    ):
        checkpoint("07.1")


@pytest.mark.skipif(not shutil.which("git"), reason="only git knows the last commit")
def test_an_edited_notebook_is_run_as_it_was_committed(small: Path, shell: InteractiveShell) -> None:
    """The board reports changed cells above the section, but no changed exercises and no later cells."""

    def git(*arguments: str) -> None:
        author = ["-c", "user.name=me", "-c", "user.email=me@example.org", "-c", "commit.gpgsign=false"]
        subprocess.run(
            ["git", *author, *arguments],  # noqa: S607 - this test is skipped without git
            cwd=small.parent,
            check=True,
            capture_output=True,
            env={**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull},
        )

    git("init")
    git("add", small.name)
    git("commit", "--message", "the course's own")
    note = "You have changed cells above. The course's own versions of them were run."
    change_notebook(small, replace_source(3, "rows = 'my answer'"))
    change_notebook(small, replace_source(7, "my = 'experiment'"))
    assert note not in repr(checkpoint("07.2"))
    assert note in repr(checkpoint("07.3"))
    assert shell.ev("doubled") == 16
    assert "my" not in shell.user_ns
    change_notebook(small, lambda cells: cells.insert(1, new_markdown_cell("## My notes", id="mine")))
    assert "07.3        And last?" in repr(checkpoint())
    assert note in repr(checkpoint("07.2"))
    small.write_text("{", encoding="utf-8")
    assert note in repr(checkpoint("07.2"))


@pytest.mark.usefixtures("small", "shell")
def test_progress_is_shown_if_it_takes_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is removed at the end."""
    monkeypatch.setattr(replay, "_SECONDS_BEFORE_PROGRESS", -1)
    checkpoint("07.2")
    out = capsys.readouterr().out
    clear = "\033[2K\r"
    assert out.endswith(clear)
    lines = [line for line in out.split(clear) if line]
    assert lines == [f"On the way to 07.2: cell {number} of 3" for number in (1, 2, 3)]


@pytest.mark.usefixtures("small")
def test_checkpoint_needs_ipython() -> None:
    """Listing the sections works without it."""
    InteractiveShell.clear_instance()
    with pytest.raises(UsageError, match="call it in a notebook, or wherever IPython runs"):
        checkpoint("07.2")
    assert "07.2" in repr(checkpoint())
