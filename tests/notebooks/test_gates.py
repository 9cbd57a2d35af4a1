"""Every notebook of the course keeps every rule of `lesson_lib/author`.

`make test` executes a notebook twice, each time as if on another machine: the kernel's time zone and folder
for temporary files are not the author's. What proves what:

- nbval runs it from top to bottom, as a learner would, and compares each cell with what is stored. To the
  same outputs `conftest.py` applies what nbval does not look at: the order of outputs, the name of an
  announced error, stderr, ids and dates, and the outputs that nbval ignores.
- `execute_repeatedly` runs each cell twice in a row, and then each exercise's solution, in one kernel. nbval
  proves that the cells also work when they are run only once.
- Everything else is read from the file as it is committed.
"""

from pathlib import Path

import pytest
from nbformat import NotebookNode

import lesson_lib.author.notebook_rules as rules
from conftest import another_machine
from lesson_lib.author.editions import make_learner_edition
from lesson_lib.author.exercise_outcomes import find_unsolved, read_outcomes
from lesson_lib.author.notebook_files import format_notebook, list_notebooks, read_notebook, tidy
from lesson_lib.author.rhythm import find_broken_rhythm
from lesson_lib.classroom.exercises.catalogue import LESSONS, find_lesson
from lesson_lib.classroom.exercises.plan import Lesson
from tests.notebooks.repeated_run import RepeatedRun, execute_repeatedly

NOTEBOOKS = [pytest.param(path, id=path.stem) for path in list_notebooks()]


@pytest.fixture(scope="module", params=NOTEBOOKS)
def path(request: pytest.FixtureRequest) -> Path:
    """One notebook of the course."""
    return request.param


@pytest.fixture(scope="module")
def stored(path: Path) -> NotebookNode:
    """The notebook as it is committed."""
    return read_notebook(path)


@pytest.fixture(scope="module")
def lesson(path: Path) -> Lesson:
    """The notebook's exercises, objectives and sections."""
    found = find_lesson(path.stem)
    assert found, f"{path.name} belongs to no lesson"
    return found


@pytest.fixture(scope="module")
def run(
    path: Path, stored: NotebookNode, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
) -> RepeatedRun:
    """The notebook, executed with each cell twice in a row and each exercise solved."""
    machine = another_machine(tmp_path_factory.mktemp("another-machine"))
    return execute_repeatedly(stored, lesson, path.parent, env=machine)


def expect_none(findings: list[str]) -> None:
    """Fail with the findings, one a line."""
    assert not findings, "\n" + "\n".join(findings)


def test_the_course_has_its_notebooks() -> None:
    """The tests below find the notebooks: a moved folder does not make them pass."""
    assert [path.stem for path in list_notebooks()] == [lesson.notebook for lesson in LESSONS]
    assert {"01_irregular_partitions", "02_reload_safely"} <= {lesson.notebook for lesson in LESSONS}
    assert all(lesson.exercises for lesson in LESSONS)


def test_renewal_would_not_change_it(path: Path, stored: NotebookNode) -> None:
    """No interpreter version, widget state or random id is left: each renewal gives the same bytes."""
    assert path.read_text(encoding="utf-8") == format_notebook(tidy(stored)), "renew it: make notebooks"


def test_every_cell_ran_in_order(stored: NotebookNode) -> None:
    """Every code cell holds code and was executed, from the first to the last."""
    expect_none(rules.find_cells_out_of_order(stored))


def test_each_stored_error_is_the_announced_one(stored: NotebookNode) -> None:
    """A deliberate failure is stored with the exception that its tag names, and nothing else has failed."""
    expect_none(rules.find_unannounced_errors(stored))


def test_every_cell_can_be_run_twice(run: RepeatedRun) -> None:
    """Run again at once, a cell works, and shows the same unless its tag says otherwise."""
    expect_none(rules.find_unrepeatable_cells(run.first, run.again))


def test_no_semicolon_hides_a_value(stored: NotebookNode) -> None:
    """JupyterLab and nbval show the same of each cell."""
    expect_none(rules.find_hidden_values(stored))


def test_nothing_is_written_to_stderr(stored: NotebookNode, run: RepeatedRun) -> None:
    """Logs and warnings do not reach the learner, who may run a cell twice or solve an exercise."""
    for notebook in (stored, *run):
        expect_none(rules.find_stderr(notebook))


def test_nothing_unstable_is_shown(stored: NotebookNode) -> None:
    """No path, id, time, address or pid is in an output."""
    expect_none(rules.find_unstable_text(stored))


def test_nothing_is_fetched(stored: NotebookNode) -> None:
    """The notebook can be read without a network."""
    expect_none(rules.find_fetches(stored))


def test_few_outputs_are_ignored(stored: NotebookNode) -> None:
    """The markers that switch a comparison off are counted and capped."""
    expect_none(rules.find_excess_markers(stored))


def test_the_rhythm_is_kept(stored: NotebookNode) -> None:
    """About 40 short cells lead from the promise to what the learner can do now."""
    expect_none(find_broken_rhythm(stored))


def test_it_asks_what_the_library_asks(stored: NotebookNode, lesson: Lesson) -> None:
    """Each exercise has its cells, with its own task and starter; so have the objectives."""
    filled_in = make_learner_edition(stored, lesson)
    differing = [cell.source for cell, was in zip(filled_in.cells, stored.cells, strict=True) if cell != was]
    assert differing == [], "renew the notebook: make notebooks"


def test_untouched_it_holds_no_attempt(stored: NotebookNode, lesson: Lesson, run: RepeatedRun) -> None:
    """Before anybody answers, each exercise says so, the first time and the second."""
    untouched = {
        exercise.id: ["no guess yet", "no guess"] if exercise.is_prediction else ["not attempted"]
        for exercise in lesson.exercises
    }
    for notebook in (stored, run.first, run.again):
        assert read_outcomes(notebook, lesson) == untouched


def test_solved_it_has_every_exercise_right(lesson: Lesson, run: RepeatedRun) -> None:
    """Each check is right and each guess is the fact; no error comes but the announced ones."""
    expect_none(find_unsolved(run.solved, lesson))
    expect_none(rules.find_unannounced_errors(run.solved))


def test_no_answer_is_given_away(stored: NotebookNode, lesson: Lesson) -> None:
    """No solution, and no line of one that is not taught, is in any cell, output or metadata."""
    expect_none(rules.find_leaked_answers(stored, lesson))
