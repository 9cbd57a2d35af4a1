"""Help is given a step at a time, and progress says so."""

from pathlib import Path

import pytest

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.exercises import hint, solution
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, load

ASKED = EXERCISES["2.4"]


def test_each_call_gives_one_more_hint_and_then_all_of_them() -> None:
    """Also in another kernel: what counts is what is kept; the list of all counts no more."""
    number = len(ASKED.hints)
    for given, text in enumerate(ASKED.hints, 1):
        shown = hint("2.4")
        assert (shown.title, shown.lines) == (f"Hint {given} of {number} for 2.4", (text, ""))
        assert load().of("2.4") == ExerciseProgress(hints=given)
    for _ in range(2):
        shown = hint("2.4")
        assert shown.title == "All hints for 2.4"
        assert shown.lines == (*ASKED.hints, 'That is all. solution("2.4") shows a worked answer.')
        assert load().of("2.4") == ExerciseProgress(hints=number)


def test_a_solution_is_shown_with_what_to_take_along() -> None:
    """Its code whole, in an open fold that does not scroll, and as text; that it was looked at is kept."""
    shown = solution("2.4")
    assert (shown.title, shown.code, shown.lines) == (
        "A solution for 2.4",
        ASKED.solution,
        (ASKED.takeaway, ""),
    )
    assert '<details class="lesson-whole" open>' in render_html(shown.board())
    lines = [line.strip() for line in repr(shown).splitlines()]
    assert [line.strip() for line in ASKED.solution.splitlines() if line.strip() not in lines] == []
    assert load().of("2.4") == ExerciseProgress(solution_seen=True)


@pytest.mark.parametrize("help_with", [hint, solution])
def test_help_with_a_prediction_is_given_too(help_with: type) -> None:
    """It is an exercise as well."""
    assert "1.1" in repr(help_with("1.1"))


@pytest.mark.parametrize("help_with", [hint, solution])
def test_trouble_with_the_progress_file_is_told(
    help_with: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the help."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    assert "Your progress is held in this kernel's memory for now" in repr(help_with("2.4"))
