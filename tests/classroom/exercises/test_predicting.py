"""`predict`, `fact` and `surprises`: guesses, the facts beside them, and the guesses that were off."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lesson_lib.classroom.exercises import checking, fact, predict, predicting, surprises
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Miss
from lesson_lib.classroom.exercises.progress_store import Predicted, load, record


@pytest.fixture(autouse=True)
def new_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test without a guess."""
    monkeypatch.setattr(predicting, "pending_guesses", {})


def test_without_a_guess_the_fact_is_shown_alone() -> None:
    """The board says how to guess, the lesson continues, and nothing is recorded."""
    assert repr(predict("1.1", ...)) == (
        "○ Prediction 1.1: no guess yet\n"
        "  Replace the dots with your guess and run the cell. A wrong guess is fine."
    )
    assert repr(predict("1.1")).startswith("○ Prediction 1.1: no guess yet")
    assert repr(fact("1.1", 0)) == "○ Prediction 1.1: no guess\n  It is: 0"
    assert not load().exercises


def test_a_guess_is_shown_beside_its_fact() -> None:
    """A guess that is off shows its belief, and each guess is recorded in order."""
    assert repr(predict("2.1", 8, 8, 8)) == (
        "○ Prediction 2.1: noted\n  You guess 8, 8, 8. Run the next cell to compare."
    )
    off = fact("2.1", [8, 16, 24])
    assert repr(off).splitlines()[:3] == [
        "! Prediction 2.1: not what you guessed",
        "  You guessed: 8, 8, 8",
        "  It is: 8, 16, 24",
    ]
    assert off.misconception == "loading-twice-is-harmless"
    predict("2.1", "8, 16, 24")
    assert repr(fact("2.1", [8, 16, 24])) == (
        "✓ Prediction 2.1: as you guessed\n  You guessed: 8, 16, 24\n  It is: 8, 16, 24"
    )
    assert load().of("2.1").predictions == (
        Predicted("2.1", "8, 8, 8", "8, 16, 24", off=True),
        Predicted("2.1", "8, 16, 24", "8, 16, 24", off=False),
    )


@pytest.mark.parametrize(
    ("exercise", "guesses", "expected"),
    [
        ("1.1", (None,), '1 number in place of the dots: predict("1.1", ...)'),
        ("1.1", ("none",), '1 number in place of the dots: predict("1.1", ...)'),
        ("1.1", (True,), '1 number in place of the dots: predict("1.1", ...)'),
        ("1.1", ([],), '1 number in place of the dots: predict("1.1", ...)'),
        ("1.1", (np.array([1, 2]),), '1 number in place of the dots: predict("1.1", ...)'),
        ("2.1", (8,), '3 numbers in place of the dots: predict("2.1", ..., ..., ...)'),
        ("2.1", ("8, 16",), '3 numbers in place of the dots: predict("2.1", ..., ..., ...)'),
        ("2.1", (8, 16, 24, 32), '3 numbers in place of the dots: predict("2.1", ..., ..., ...)'),
        ("2.1", (8, 16, "more"), '3 numbers in place of the dots: predict("2.1", ..., ..., ...)'),
    ],
)
def test_an_unusable_guess_is_rejected(exercise: str, guesses: tuple[object, ...], expected: str) -> None:
    """It is not recorded, and the board says what the exercise asks for."""
    assert repr(predict(exercise, *guesses)) == (
        f"○ Prediction {exercise}: no guess yet\n  {exercise} asks for {expected}"
    )
    assert fact(exercise, 0).guess == ""
    assert not load().exercises


@pytest.mark.parametrize(
    ("solution", "guesses", "is_noted"),
    [
        ('predict("9.9", "acme")', (["acme", "zenith"],), True),
        ('predict("9.9", {"acme", "zenith"})', ({"acme"},), True),
        ('predict("9.9", "acme", "zenith")', ("acme",), False),
        ('predict("9.9", "acme", "zenith")', ("zenith", "acme"), True),
        ('predict("9.9", True)', (False,), True),
        ('predict("9.9", 1.5)', (2,), True),
        ('predict("9.9", 1, "acme")', ("one", "acme"), True),
    ],
)
def test_the_solution_defines_what_is_asked_for(
    solution: str, guesses: tuple[object, ...], *, is_noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guess needs as many values as the solution, all numbers if those are; one text may be a list."""
    exercise = replace(EXERCISES["1.1"], id="9.9", solution=solution)
    monkeypatch.setattr(checking, "EXERCISES", {"9.9": exercise})
    assert ("noted" in repr(predict("9.9", *guesses))) is is_noted


def test_a_guess_that_the_exercise_cannot_interpret_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shows no belief."""

    def compare(_fact: object, guess: Any) -> Miss:  # noqa: ANN401 - of any type
        return Miss(str(guess / 2))

    exercise = replace(EXERCISES["1.1"], id="9.9", solution='predict("9.9", "acme")', scenarios=(compare,))
    monkeypatch.setattr(checking, "EXERCISES", {"9.9": exercise})
    predict("9.9", "zenith")
    judged = fact("9.9", "acme")
    assert (judged.guess, judged.is_off, judged.misconception) == ("zenith", True, "")


def test_a_guess_that_cannot_be_formatted_fails_in_predict() -> None:
    """It does not fail in the cell of the fact, which the learner did not write; the earlier guess stays."""
    predict("1.1", 6)
    with pytest.raises(ValueError, match="integer string conversion"):
        predict("1.1", 10**5_000)
    assert fact("1.1", 0).guess == "6"


@pytest.mark.parametrize(
    ("off", "title"),
    [
        ({}, "You have not guessed anything so far"),
        ({"1.1": False}, "You have made 1 guess, and none was off"),
        ({"1.1": True}, "You have made 1 guess, and 1 was off"),
        ({"1.1": True, "2.1": False}, "You have made 2 guesses, and 1 was off"),
        ({"1.1": True, "2.1": True}, "You have made 2 guesses, and 2 were off"),
    ],
)
def test_surprises_are_counted(off: dict[str, bool], title: str) -> None:
    """The title contains their number, and each one has a line."""
    for exercise, is_off in off.items():
        record(Predicted(exercise, "6", "0", off=is_off))
    lines = repr(surprises()).splitlines()
    assert lines[0] == title
    assert len(lines) == 1 + sum(off.values())


def test_a_problem_with_the_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The note is shown below the fact and below the surprises."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    predict("1.1", 6)
    for displayed in (fact("1.1", 0), surprises()):
        assert "For now, your progress is kept in this kernel's memory" in repr(displayed)
