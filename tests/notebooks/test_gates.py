"""Every notebook of the course keeps every rule of `lesson_lib/author`.

`make test` executes a notebook twice, each time with another time zone and another folder for temporary files
than the author's:

- nbval runs it from top to bottom, as a learner would, and compares each cell with its stored outputs. To the
  same outputs `conftest.py` applies the rules that nbval ignores: the order of outputs, the name of an
  announced error, stderr, ids and dates, and the outputs that nbval is told to ignore.
- `execute_repeatedly` runs each cell twice in a row, and then the solution of each exercise, in one kernel.
  The run of nbval proves that the cells also work when they run only once.

Everything else is read from the committed file.
"""

from pathlib import Path

import pytest
from nbformat import NotebookNode

import lesson_lib.author.notebook_rules as rules
from conftest import build_foreign_environment
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
    """Return the path of a notebook of the course."""
    return request.param


@pytest.fixture(scope="module")
def stored(path: Path) -> NotebookNode:
    """Return the notebook as it is committed."""
    return read_notebook(path)


@pytest.fixture(scope="module")
def lesson(path: Path) -> Lesson:
    """Return the plan of the notebook: exercises, objectives and sections."""
    found = find_lesson(path.stem)
    assert found, f"{path.name} belongs to no lesson"
    return found


@pytest.fixture(scope="module")
def run(
    path: Path, stored: NotebookNode, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory
) -> RepeatedRun:
    """Execute the notebook with each cell twice in a row and each exercise solved."""
    machine = build_foreign_environment(tmp_path_factory.mktemp("another-machine"))
    return execute_repeatedly(stored, lesson, path.parent, env=machine)


def assert_no_findings(findings: list[str]) -> None:
    """Fail with a line for each finding."""
    assert not findings, "\n" + "\n".join(findings)


def test_the_course_has_its_notebooks() -> None:
    """The tests below find all notebooks, so that they do not pass if the folder is moved."""
    assert [path.stem for path in list_notebooks()] == [lesson.notebook for lesson in LESSONS]
    assert {"01_irregular_partitions", "02_reload_safely"} <= {lesson.notebook for lesson in LESSONS}
    assert all(lesson.exercises for lesson in LESSONS)


def test_a_renewal_changes_nothing(path: Path, stored: NotebookNode) -> None:
    """No interpreter version, widget state or random id is stored, so each renewal gives the same bytes."""
    assert path.read_text(encoding="utf-8") == format_notebook(tidy(stored)), "renew it: make notebooks"


def test_every_cell_ran_in_order(stored: NotebookNode) -> None:
    """Every code cell contains code, and all were executed from the first to the last."""
    assert_no_findings(rules.find_cells_out_of_order(stored))


def test_each_stored_error_is_the_announced_one(stored: NotebookNode) -> None:
    """A deliberate failure is stored with the exception that its tag names, and no other cell has failed."""
    assert_no_findings(rules.find_unannounced_errors(stored))


def test_every_cell_can_be_run_twice(run: RepeatedRun) -> None:
    """The second run of a cell has the same outputs, unless a tag allows a change."""
    assert_no_findings(rules.find_unrepeatable_cells(run.first, run.second))


def test_no_semicolon_hides_a_value(stored: NotebookNode) -> None:
    """JupyterLab and nbval display the same outputs of each cell."""
    assert_no_findings(rules.find_hidden_values(stored))


def test_nothing_is_written_to_stderr(stored: NotebookNode, run: RepeatedRun) -> None:
    """Learners see no logs and warnings, also if they run a cell twice or solve an exercise."""
    for notebook in (stored, *run):
        assert_no_findings(rules.find_stderr(notebook))


def test_nothing_unstable_is_shown(stored: NotebookNode) -> None:
    """No output contains a path, id, time, address or pid."""
    assert_no_findings(rules.find_unstable_text(stored))


def test_nothing_is_fetched(stored: NotebookNode) -> None:
    """The notebook can be read without a network."""
    assert_no_findings(rules.find_fetches(stored))


def test_few_outputs_are_ignored(stored: NotebookNode) -> None:
    """The number of markers that turn a comparison off is limited."""
    assert_no_findings(rules.find_excess_markers(stored))


def test_the_rhythm_is_kept(stored: NotebookNode) -> None:
    """The notebook has about 40 short cells, from its promise to a list of what the learner can do now."""
    assert_no_findings(find_broken_rhythm(stored))


def test_the_cells_agree_with_the_library(stored: NotebookNode, lesson: Lesson) -> None:
    """The cells of each exercise contain its task and starter, and the objectives have their cell."""
    filled_in = make_learner_edition(stored, lesson)
    differing = [new.source for new, old in zip(filled_in.cells, stored.cells, strict=True) if new != old]
    assert differing == [], "renew the notebook: make notebooks"


def test_no_exercise_is_attempted_in_advance(stored: NotebookNode, lesson: Lesson, run: RepeatedRun) -> None:
    """Each exercise reports that nobody has answered, in both runs and in the stored outputs."""
    outcomes = {
        exercise.id: ["no guess yet", "no guess"] if exercise.is_prediction else ["not attempted"]
        for exercise in lesson.exercises
    }
    for notebook in (stored, run.first, run.second):
        assert read_outcomes(notebook, lesson) == outcomes


def test_every_solution_is_right(lesson: Lesson, run: RepeatedRun) -> None:
    """Each check is right, each guess equals its fact, and only the announced errors are raised."""
    assert_no_findings(find_unsolved(run.solved, lesson))
    assert_no_findings(rules.find_unannounced_errors(run.solved))


def test_no_answer_is_revealed(stored: NotebookNode, lesson: Lesson) -> None:
    """No cell, output or metadata contains a solution, or a line of one that the notebook does not teach."""
    assert_no_findings(rules.find_leaked_answers(stored, lesson))
