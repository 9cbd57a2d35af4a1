"""Each exercise ships its proofs: how it judges a blank, its solution, another one, and mistakes."""

from collections.abc import Callable
from typing import Any

import pytest

from lesson_lib.classroom.exercises import predicting
from lesson_lib.classroom.exercises.catalogue import LESSONS, MISCONCEPTIONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import load
from lesson_lib.classroom.exercises.verdict import Verdict

EXERCISES = [done for lesson in LESSONS for done in lesson.exercises]
CHECKS = [pytest.param(done, id=done.id) for done in EXERCISES if not done.is_prediction]
PREDICTIONS = [pytest.param(done, id=done.id) for done in EXERCISES if done.is_prediction]


def each(cells: Callable[[Exercise], Any], among: list[Any]) -> list[Any]:
    """Return a parameter for each cell of each exercise."""
    return [
        pytest.param(done, cell, id=f"{done.id}-{number}")
        for [done] in (param.values for param in among)
        for number, cell in enumerate(cells(done), 1)
    ]


@pytest.mark.parametrize("exercise", CHECKS)
def test_a_blank_is_not_attempted(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """As the notebook hands it out; and nothing is recorded of it."""
    verdict = run_cell(exercise.starter)
    assert isinstance(verdict, Verdict)
    assert (verdict.exercise, verdict.outcome) == (exercise.id, Outcome.NOT_ATTEMPTED)
    assert not verdict.is_begun
    assert not load().exercises


@pytest.mark.parametrize(("exercise", "cell"), each(lambda done: (done.solution, *done.also_right), CHECKS))
def test_each_solution_is_right(exercise: Exercise, cell: str, run_cell: Callable[[str], Any]) -> None:
    """The one that is shown, and those that are written differently."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert exercise.takeaway in verdict.lines
    assert load().of(exercise.id).outcome is Outcome.RIGHT


@pytest.mark.parametrize(("exercise", "wrong"), each(lambda done: done.wrong, CHECKS))
def test_each_mistake_is_named(
    exercise: Exercise, wrong: tuple[str, str], run_cell: Callable[[str], Any]
) -> None:
    """By exactly the misconception behind it."""
    cell, misconception = wrong
    verdict = run_cell(cell)
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, misconception), repr(verdict)
    assert MISCONCEPTIONS[misconception].truth in repr(verdict)
    assert load().of(exercise.id).misconceptions == (misconception,)


@pytest.mark.parametrize("exercise", PREDICTIONS)
def test_a_prediction_is_judged_by_its_fact(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """No guess, the right one, one that is spelt differently, and those that are off."""
    truth = run_cell(exercise.solution).guesses
    assert run_cell(exercise.starter).guesses == ()
    assert predicting.fact(exercise.id, truth).guess == ""
    assert not load().exercises
    for cell in (exercise.solution, *exercise.also_right):
        run_cell(cell)
        assert not predicting.fact(exercise.id, truth).is_off
    for cell, misconception in exercise.wrong:
        run_cell(cell)
        shown = predicting.fact(exercise.id, truth)
        assert (shown.is_off, shown.misconception) == (True, misconception), cell


@pytest.mark.parametrize("exercise", [*CHECKS, *PREDICTIONS])
def test_every_exercise_ships_enough_of_them(exercise: Exercise) -> None:
    """One other solution and three mistakes at the least, no two the same."""
    cells = [exercise.starter, exercise.solution, *exercise.also_right, *(cell for cell, _ in exercise.wrong)]
    assert len(set(cells)) == len(cells)
    assert exercise.also_right
    assert len(exercise.wrong) >= 3
    assert exercise.hints
