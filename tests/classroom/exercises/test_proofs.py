"""Each exercise judges its own starter, right answers and wrong answers as its files say.

Solutions are proved in their notebooks, by `tests/notebooks/test_gates.py`.
"""

from collections.abc import Callable
from typing import Any

import pytest

from lesson_lib.author.wrong_answers import PAGE, Catch, read_page
from lesson_lib.classroom.exercises import predicting
from lesson_lib.classroom.exercises.catalogue import LESSONS, MISCONCEPTIONS
from lesson_lib.classroom.exercises.exercise import Exercise, WrongAnswer
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import load
from lesson_lib.classroom.exercises.verdict import Verdict

EXERCISES = [exercise for lesson in LESSONS for exercise in lesson.exercises]
CHECKS = [pytest.param(each, id=each.id) for each in EXERCISES if not each.is_prediction]
CATCHES = read_page(PAGE.read_text(encoding="utf-8"))
PREDICTIONS = [pytest.param(each, id=each.id) for each in EXERCISES if each.is_prediction]


def list_answers(choose: Callable[[Exercise], Any]) -> list[Any]:
    """Return a parameter for each answer that the function chooses of each exercise with a check."""
    return [
        pytest.param(exercise, answer, id=f"{exercise.id}-{getattr(answer, 'name', number)}")
        for exercise in EXERCISES
        if not exercise.is_prediction
        for number, answer in enumerate(choose(exercise), 1)
    ]


@pytest.mark.parametrize("exercise", CHECKS)
def test_the_starter_is_not_attempted(exercise: Exercise, run_cell: Callable[[str], Any]) -> None:
    """The cell that the notebook hands out counts as not attempted, and nothing is recorded."""
    verdict = run_cell(exercise.starter)
    assert isinstance(verdict, Verdict)
    assert (verdict.exercise, verdict.outcome) == (exercise.id, Outcome.NOT_ATTEMPTED)
    assert not verdict.is_begun
    assert not load().exercises


@pytest.mark.parametrize(("exercise", "cell"), list_answers(lambda each: each.also_right))
def test_each_right_answer_is_right(exercise: Exercise, cell: str, run_cell: Callable[[str], Any]) -> None:
    """The answers in `right/` pass all scenarios, and are recorded."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert exercise.takeaway in verdict.lines
    assert load().of(exercise.id).outcome is Outcome.RIGHT


@pytest.mark.parametrize(("exercise", "wrong"), list_answers(lambda each: each.wrong))
def test_each_wrong_answer_gets_its_verdict(
    exercise: Exercise, wrong: WrongAnswer, run_cell: Callable[[str], Any]
) -> None:
    """The verdict names exactly the belief that the file of the answer is named after, or none."""
    verdict = run_cell(wrong.cell)
    assert (verdict.outcome, verdict.misconception) == (wrong.outcome, wrong.misconception), repr(verdict)
    beliefs = (wrong.misconception,) if wrong.misconception else ()
    assert all(MISCONCEPTIONS[belief].truth in " ".join(repr(verdict).split()) for belief in beliefs)
    assert load().of(exercise.id).misconceptions == beliefs
    if exercise.kinds:
        caught = Catch(dict(verdict.facts)["Scenario"], verdict.misconception)
        assert CATCHES[exercise.id, wrong.name] == caught, "renew docs/wrong-answers.md: make notebooks"


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
    for wrong in exercise.wrong:
        run_cell(wrong.cell)
        judged = predicting.fact(exercise.id, truth)
        assert (judged.is_off, judged.misconception) == (True, wrong.misconception), wrong.cell


@pytest.mark.parametrize("exercise", [*CHECKS, *PREDICTIONS])
def test_every_exercise_has_enough_answers(exercise: Exercise) -> None:
    """Each has hints, another right answer and three wrong ones, and no two cells are the same."""
    cells = [
        exercise.starter,
        exercise.solution,
        *exercise.also_right,
        *(wrong.cell for wrong in exercise.wrong),
    ]
    assert len(set(cells)) == len(cells)
    assert exercise.also_right
    assert len(exercise.wrong) >= 3
    assert exercise.hints
