"""Every notebook of the course keeps every rule of `lesson_lib/author/notebook_rules.py`.

Each notebook is executed here from top to bottom: as it is, with every cell run twice in a row, and solved.
The kernels' time zone and folder for temporary files are not the author's, as on a second machine.
"""

import asyncio
import datetime as dt
from pathlib import Path
from typing import NamedTuple

import pytest
from nbformat import NotebookNode

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author.editions import learner_edition, solved_edition
from lesson_lib.author.notebook_runs import course_notebooks, executed, executed_twice, read, text_of, tidied
from lesson_lib.author.standings import not_right, standings
from lesson_lib.classroom.exercises.catalogue import LESSONS, find_lesson
from lesson_lib.classroom.exercises.plan import Lesson

NOTEBOOKS = [pytest.param(path, id=path.stem) for path in course_notebooks()]


class Runs(NamedTuple):
    """What a notebook showed when it was executed just now, and on which days that was."""

    fresh: NotebookNode
    first: NotebookNode
    again: NotebookNode
    solved: NotebookNode
    days: set[dt.date]


@pytest.fixture(scope="module", params=NOTEBOOKS)
def path(request: pytest.FixtureRequest) -> Path:
    """One notebook of the course."""
    return request.param


@pytest.fixture(scope="module")
def stored(path: Path) -> NotebookNode:
    """The notebook as it is committed."""
    return read(path)


@pytest.fixture(scope="module")
def lesson(path: Path) -> Lesson:
    """What the registry of exercises has for the notebook."""
    found = find_lesson(path.stem)
    assert found, f"{path.name} belongs to no lesson"
    return found


@pytest.fixture(scope="module")
def runs(path: Path, stored: NotebookNode, lesson: Lesson, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """The notebook executed side by side in all three ways."""
    elsewhere = {"TZ": "Pacific/Kiritimati", "TMPDIR": str(tmp_path_factory.mktemp("another-machine"))}

    async def all_ways() -> tuple[NotebookNode, tuple[NotebookNode, NotebookNode], NotebookNode]:
        return await asyncio.gather(
            executed(path, stored, through_errors=True, env=elsewhere),
            executed_twice(path, stored, env=elsewhere),
            executed(path, solved_edition(stored, lesson), through_errors=True, env=elsewhere),
        )

    # Kiritimati is a day ahead of most of the world.
    days = {dt.datetime.now(dt.UTC).date() + dt.timedelta(days=ahead) for ahead in (-1, 0, 1)}
    fresh, (first, again), solved = asyncio.run(all_ways())
    return Runs(fresh, first, again, solved, days)


def expect_none(findings: list[str]) -> None:
    """Fail with the findings, one a line."""
    assert not findings, "\n" + "\n".join(findings)


def test_the_course_has_its_notebooks() -> None:
    """The gates below look at something: a moved folder does not make them pass."""
    assert [path.stem for path in course_notebooks()] == [lesson.notebook for lesson in LESSONS]
    assert {"01_irregular_partitions", "02_reload_safely"} <= {lesson.notebook for lesson in LESSONS}
    assert all(lesson.exercises for lesson in LESSONS)


def test_it_is_as_renewal_writes_it(path: Path, stored: NotebookNode) -> None:
    """No interpreter version, widget state or random id is left: each renewal gives the same bytes."""
    assert path.read_text(encoding="utf-8") == text_of(tidied(stored)), "renew the notebook: make notebooks"


def test_every_cell_ran_in_order(stored: NotebookNode) -> None:
    """Every code cell holds code and was executed, from the first to the last."""
    expect_none(rules.cells_ran_in_order(stored))


def test_each_error_is_the_announced_one(stored: NotebookNode, runs: Runs) -> None:
    """A deliberate failure fails with the exception it names, stored and afresh; nothing else fails."""
    expect_none(rules.errors_are_announced(stored) + rules.errors_are_announced(runs.fresh))


def test_a_fresh_run_shows_what_is_stored(stored: NotebookNode, runs: Runs) -> None:
    """Each cell's outputs are stored, all of them, and nothing that is no longer shown."""
    expect_none(rules.same_outputs(stored, runs.fresh))


def test_every_cell_can_be_run_twice(runs: Runs) -> None:
    """Run again at once, a cell works, and shows the same unless its tag says otherwise."""
    expect_none(rules.repeats_well(runs.first, runs.again))


def test_no_semicolon_hides_a_value(stored: NotebookNode) -> None:
    """What a cell shows in JupyterLab, it shows under nbval."""
    expect_none(rules.no_semicolon_hides(stored))


def test_nothing_is_written_to_stderr(stored: NotebookNode, runs: Runs) -> None:
    """Logs and warnings do not reach the learner."""
    expect_none(rules.nothing_on_stderr(stored) + rules.nothing_on_stderr(runs.fresh))


def test_nothing_unstable_is_shown(stored: NotebookNode, runs: Runs) -> None:
    """No path, id, time, date of today, address or pid is in an output."""
    places = rules.machine_places()
    expect_none(rules.nothing_unstable(stored, places=places))
    expect_none(rules.nothing_unstable(runs.fresh, places=places, days=runs.days))


def test_nothing_is_fetched(stored: NotebookNode) -> None:
    """The notebook is read without a network."""
    expect_none(rules.nothing_fetched(stored))


def test_few_outputs_are_ignored(stored: NotebookNode) -> None:
    """Markers that switch a comparison off are counted and capped."""
    expect_none(rules.ignores_are_few(stored))


def test_the_rhythm_is_kept(stored: NotebookNode) -> None:
    """Some 40 short cells, from the promise to what the learner can do now."""
    expect_none(rules.rhythm_is_kept(stored))


def test_it_asks_what_the_library_asks(stored: NotebookNode, lesson: Lesson) -> None:
    """Each exercise of the registry has its cells, with its very task and starter; so have the objectives."""
    filled_in = learner_edition(stored, lesson)
    differing = [cell.source for cell, was in zip(filled_in.cells, stored.cells, strict=True) if cell != was]
    assert differing == [], "renew the notebook: make notebooks"


def test_untouched_it_holds_no_attempt(stored: NotebookNode, lesson: Lesson, runs: Runs) -> None:
    """Run All of what nobody has filled in says so of each exercise, and ends well."""
    untouched = {
        exercise.id: ["no guess yet", "no guess"] if exercise.is_prediction else ["not attempted"]
        for exercise in lesson.exercises
    }
    assert standings(stored, lesson) == untouched
    assert standings(runs.fresh, lesson) == untouched


def test_solved_it_runs_with_every_exercise_right(lesson: Lesson, runs: Runs) -> None:
    """Each check is right, each guess as the fact; no error comes but those that are announced."""
    expect_none(not_right(runs.solved, lesson))
    expect_none(rules.errors_are_announced(runs.solved))
    expect_none(rules.nothing_on_stderr(runs.solved))


def test_no_answer_is_given_away(stored: NotebookNode, lesson: Lesson) -> None:
    """No solution, and no line of one that is not taught, is in any cell, output or metadata."""
    expect_none(rules.no_answer_is_given_away(stored, lesson))
