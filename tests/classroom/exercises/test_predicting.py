"""A guess before the fact, the fact beside it, and the guesses that were off."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lesson_lib.classroom.exercises import checking, fact, predict, predicting, surprises
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.progress_store import Predicted, Prediction, load, record
from lesson_lib.classroom.exercises.questions import prediction


@pytest.fixture(autouse=True)
def new_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """No guess has been made yet."""
    monkeypatch.setattr(predicting, "_guesses", {})


def test_without_a_guess_the_fact_is_shown_alone() -> None:
    """How to guess first; the lesson goes on, and nothing is kept."""
    assert repr(predict("1.1", ...)) == (
        "○ Prediction 1.1: no guess yet\n"
        "  Put your guess in the place of the dots, and run the cell. It may be wrong."
    )
    assert repr(predict("1.1")).startswith("○ Prediction 1.1: no guess yet")
    assert repr(fact("1.1", 0)) == "○ Prediction 1.1: no guess\n  It is: 0"
    assert not load().exercises


def test_a_guess_stands_beside_its_fact() -> None:
    """Off with the belief behind it, or as it is; each guess is kept, in order."""
    assert repr(predict("2.1", 8, 8, 8)) == (
        "○ Prediction 2.1: noted\n  You guess 8, 8, 8. The cell below shows what is so."
    )
    off = fact("2.1", [8, 16, 24])
    assert repr(off).splitlines()[:3] == [
        "! Prediction 2.1: not as you guessed",
        "  You guessed: 8, 8, 8",
        "  It is: 8, 16, 24",
    ]
    assert off.misconception == "loading-twice-is-harmless"
    predict("2.1", "8, 16, 24")
    assert repr(fact("2.1", [8, 16, 24])) == (
        "✓ Prediction 2.1: as you guessed\n  You guessed: 8, 16, 24\n  It is: 8, 16, 24"
    )
    assert load().of("2.1").predictions == (
        Prediction("8, 8, 8", "8, 16, 24", off=True),
        Prediction("8, 16, 24", "8, 16, 24", off=False),
    )


@pytest.mark.parametrize(
    ("exercise", "guesses", "asked"),
    [
        ("1.1", (None,), '1 number, in the place of the dots: predict("1.1", ...)'),
        ("1.1", ("none",), '1 number, in the place of the dots: predict("1.1", ...)'),
        ("1.1", (True,), '1 number, in the place of the dots: predict("1.1", ...)'),
        ("1.1", ([],), '1 number, in the place of the dots: predict("1.1", ...)'),
        ("1.1", (np.array([1, 2]),), '1 number, in the place of the dots: predict("1.1", ...)'),
        ("2.1", (8,), '3 numbers, in the place of the dots: predict("2.1", ..., ..., ...)'),
        ("2.1", ("8, 16",), '3 numbers, in the place of the dots: predict("2.1", ..., ..., ...)'),
        ("2.1", (8, 16, 24, 32), '3 numbers, in the place of the dots: predict("2.1", ..., ..., ...)'),
        ("2.1", (8, 16, "more"), '3 numbers, in the place of the dots: predict("2.1", ..., ..., ...)'),
    ],
)
def test_what_is_no_guess_is_asked_for_again(exercise: str, guesses: tuple[object, ...], asked: str) -> None:
    """It is not noted, and not counted as off."""
    assert repr(predict(exercise, *guesses)) == (
        f"○ Prediction {exercise}: no guess yet\n  {exercise} asks for {asked}"
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
def test_the_solution_tells_what_is_asked_for(
    solution: str, guesses: tuple[object, ...], *, is_noted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many values, all of them numbers where those of the solution are; one text may be a list."""
    asked = replace(EXERCISES["1.1"], id="9.9", solution=solution)
    monkeypatch.setattr(checking, "EXERCISES", {"9.9": asked})
    assert (predict("9.9", *guesses).guesses == guesses) is is_noted


def test_a_guess_that_the_exercise_cannot_make_anything_of_is_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a belief behind it."""

    def belief_of(guess: Any) -> str:  # noqa: ANN401 - of any kind
        return str(guess / 2)

    asked = replace(
        EXERCISES["1.1"], id="9.9", solution='predict("9.9", "acme")', scenarios=(prediction(belief_of),)
    )
    monkeypatch.setattr(checking, "EXERCISES", {"9.9": asked})
    predict("9.9", "zenith")
    shown = fact("9.9", "acme")
    assert (shown.guess, shown.is_off, shown.misconception) == ("zenith", True, "")


def test_a_guess_that_cannot_be_written_fails_where_it_is_made() -> None:
    """And not in the cell of the fact, which is not the learner's; the guess before it stands."""
    predict("1.1", 6)
    with pytest.raises(ValueError, match="integer string conversion"):
        predict("1.1", 10**5_000)
    assert fact("1.1", 0).guess == "6"


@pytest.mark.parametrize(
    ("off", "title"),
    [
        ({}, "You have made no guess so far"),
        ({"1.1": False}, "You have made 1 guess, and none was off"),
        ({"1.1": True}, "You have made 1 guess, and 1 was off"),
        ({"1.1": True, "2.1": False}, "You have made 2 guesses, and 1 was off"),
        ({"1.1": True, "2.1": True}, "You have made 2 guesses, and 2 were off"),
    ],
)
def test_surprises_are_counted_in_a_sentence(off: dict[str, bool], title: str) -> None:
    """With a line for each."""
    for exercise, is_off in off.items():
        record(Predicted(exercise, "6", "0", off=is_off))
    lines = repr(surprises()).splitlines()
    assert lines[0] == title
    assert len(lines) == 1 + sum(off.values())


def test_trouble_with_the_progress_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the fact, and below the surprises."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    predict("1.1", 6)
    for shown in (fact("1.1", 0), surprises()):
        assert "Your progress is held in this kernel's memory for now" in repr(shown)
