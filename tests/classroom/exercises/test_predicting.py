"""A guess before the fact, the fact beside it, and the guesses that were off."""

from pathlib import Path

import numpy as np
import pytest

from lesson_lib.classroom.exercises import fact, predict, predicting, surprises
from lesson_lib.classroom.progress_store import Predicted, Prediction, load, record


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


def test_a_guess_of_another_kind_is_off_without_a_belief() -> None:
    """Also one that the exercise cannot make anything of."""
    predict("1.1", np.array([1, 2]))
    shown = fact("1.1", 0)
    assert (shown.guess, shown.is_off, shown.misconception) == ("1, 2", True, "")


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
