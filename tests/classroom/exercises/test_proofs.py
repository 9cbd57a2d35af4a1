"""Each exercise judges its own starter, right answers and wrong answers as its files say.

Solutions are proved in their notebooks, by `tests/notebooks/test_gates.py`.
"""

from collections.abc import Callable
from typing import Any

import pytest

from lesson_lib.classroom.exercises import predicting
from lesson_lib.classroom.exercises.catalogue import LESSONS, MISCONCEPTIONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import load
from lesson_lib.classroom.exercises.verdict import Verdict

EXERCISES = [exercise for lesson in LESSONS for exercise in lesson.exercises]
CHECKS = [pytest.param(each, id=each.id) for each in EXERCISES if not each.is_prediction]
PREDICTIONS = [pytest.param(each, id=each.id) for each in EXERCISES if each.is_prediction]


def list_cells(choose: Callable[[Exercise], Any]) -> list[Any]:
    """Return a parameter for each cell that the function chooses of each exercise with a check."""
    return [
        pytest.param(exercise, cell, id=f"{exercise.id}-{number}")
        for exercise in EXERCISES
        if not exercise.is_prediction
        for number, cell in enumerate(choose(exercise), 1)
    ]


@pytest.mark.parametrize("exercise", CHECKS)
def test_the_starter_is_not_attempted(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """The cell that the notebook hands out counts as not attempted, and nothing is recorded."""
    verdict = run_cell(exercise.starter)
    assert isinstance(verdict, Verdict)
    assert (verdict.exercise, verdict.outcome) == (exercise.id, Outcome.NOT_ATTEMPTED)
    assert not verdict.is_begun
    assert not load().exercises


@pytest.mark.parametrize(("exercise", "cell"), list_cells(lambda each: each.also_right))
def test_each_right_answer_is_right(exercise: Exercise, cell: str, run_cell: Callable[[str], Any]) -> None:
    """The answers in `right/` pass all scenarios, and are recorded."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert exercise.takeaway in verdict.lines
    assert load().of(exercise.id).outcome is Outcome.RIGHT


@pytest.mark.usefixtures("keep_databases_open")
@pytest.mark.parametrize(("exercise", "wrong"), list_cells(lambda each: each.wrong))
def test_each_wrong_answer_shows_its_belief(
    exercise: Exercise, wrong: tuple[str, str], run_cell: Callable[[str], Any]
) -> None:
    """The verdict names exactly the belief that the file of the answer is named after."""
    cell, misconception = wrong
    verdict = run_cell(cell)
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, misconception), repr(verdict)
    assert MISCONCEPTIONS[misconception].truth in repr(verdict)
    assert load().of(exercise.id).misconceptions == (misconception,)


@pytest.mark.parametrize("exercise", PREDICTIONS)
def test_a_prediction_is_judged_by_its_fact(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """A right guess is right in each spelling, and a guess that is off shows its belief."""
    run_cell(exercise.solution)
    truth = predicting.pending_guesses[exercise.id]
    run_cell(exercise.starter)
    assert exercise.id not in predicting.pending_guesses
    assert predicting.fact(exercise.id, truth).guess == ""
    assert not load().exercises
    for cell in (exercise.solution, *exercise.also_right):
        run_cell(cell)
        assert not predicting.fact(exercise.id, truth).is_off
    for cell, misconception in exercise.wrong:
        run_cell(cell)
        judged = predicting.fact(exercise.id, truth)
        assert (judged.is_off, judged.misconception) == (True, misconception), cell


@pytest.mark.parametrize("exercise", [*CHECKS, *PREDICTIONS])
def test_every_exercise_has_enough_answers(exercise: Exercise) -> None:
    """Each has hints, another right answer and three wrong ones, and no two cells are the same."""
    cells = [exercise.starter, exercise.solution, *exercise.also_right, *(cell for cell, _ in exercise.wrong)]
    assert len(set(cells)) == len(cells)
    assert exercise.also_right
    assert len(exercise.wrong) >= 3
    assert exercise.hints
