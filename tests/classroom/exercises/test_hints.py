"""`hint` gives help one step at a time, and progress records it."""

from pathlib import Path

import pytest

from lesson_lib.classroom.display.board import Fold, Line
from lesson_lib.classroom.display.displayable import DisplayableBoard
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.exercises import hint, solution
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, load

EXERCISE = EXERCISES["2.4"]


def test_each_call_gives_one_more_hint_and_then_all_of_them() -> None:
    """The recorded number decides which hint comes next, and listing all hints does not raise it."""
    number = len(EXERCISE.hints)
    for given, text in enumerate(EXERCISE.hints, 1):
        assert hint("2.4") == DisplayableBoard(f"Hint {given} of {number} for 2.4", [Line(text)])
        assert load().of("2.4") == ExerciseProgress(hints=given)
    for _ in range(2):
        lines = (*EXERCISE.hints, 'That is all. solution("2.4") shows a worked answer.')
        assert hint("2.4") == DisplayableBoard("All hints for 2.4", list(map(Line, lines)))
        assert load().of("2.4") == ExerciseProgress(hints=number)


def test_a_solution_is_shown_with_its_takeaway() -> None:
    """The whole code is in an open fold and in the text, and progress records that it was seen."""
    worked = solution("2.4")
    code, *lines = worked.board().blocks
    assert worked.board().title == "A solution for 2.4"
    assert isinstance(code, Fold)
    assert code.text == EXERCISE.solution
    assert lines == [Line(EXERCISE.takeaway)]
    assert '<details class="lesson-whole" open>' in render_html(worked.board())
    displayed = [line.strip() for line in repr(worked).splitlines()]
    assert [line.strip() for line in EXERCISE.solution.splitlines() if line.strip() not in displayed] == []
    assert load().of("2.4") == ExerciseProgress(solution_seen=True)


@pytest.mark.parametrize("help_with", [hint, solution])
def test_a_prediction_has_help_as_well(help_with: type) -> None:
    """Its hints and its solution are those of an exercise."""
    assert "1.1" in repr(help_with("1.1"))


@pytest.mark.parametrize("help_with", [hint, solution])
def test_a_problem_with_the_progress_file_is_reported(
    help_with: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note is shown below the help."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    assert "Your progress is held in this kernel's memory for now" in repr(help_with("2.4"))
