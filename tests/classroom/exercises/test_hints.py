"""`hint` gives help one step at a time, and progress records it."""

import re
from collections.abc import Callable
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
def test_without_an_exercise_they_are_listed(
    help_with: Callable[..., DisplayableBoard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has those of the open notebook, or all if Jupyter does not name it; nothing is recorded."""
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    listed = repr(help_with())
    assert all(f"{each.id}  " in listed and each.title in listed for each in EXERCISES.values())
    monkeypatch.setenv("JPY_SESSION_NAME", "notebooks/03_trigger_runs.ipynb")
    lines = repr(help_with()).splitlines()
    assert lines[1] == f'  Write the number of the exercise in quotes, such as {help_with.__name__}("3.1").'
    assert [line.split()[0] for line in lines[4:]] == ["3.1", "3.2", "3.3", "3.4", "3.5", "3.6"]
    assert not load().exercises


WRONG = 'check("1.5", "a")'
BELOW = {
    f"{WRONG}\nhint('1.5')": ["1.5: not yet"],
    f"{WRONG}\nsolution('1.5')": ["1.5: not yet"],
    f"{WRONG}\nhint()": ["1.5: not yet"],
    f"{WRONG}\nprogress()": ["1.5: not yet"],
    f"{WRONG}\nhint('1.5')\nsolution('1.5')": ["1.5: not yet"],
    f"{WRONG}\ncheck('1.5', 'c')": ["1.5: not yet"],
    f"{WRONG}\ncheck('1.5', '____')\nhint('1.5')": ["1.5: not yet", "1.5: not attempted"],
    f"{WRONG}\ntry:\n    hint('nine')\nexcept Exception:\n    pass": ["1.5: not yet"],
    f"print({WRONG})\nhint('1.5')": ["1.5: not yet"],
    f"{WRONG}": [],
    "hint('1.5')": [],
}


@pytest.mark.parametrize("cell", BELOW, ids=range(len(BELOW)))
def test_a_verdict_above_other_help_is_shown(
    cell: str, run_cell: Callable[[str], object], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown once, before the help; a notebook shows only the last value of a cell by itself."""
    # IPython's own output of the last value is not captured by the shell of these tests.
    run_cell("from lesson_lib.classroom.exercises import progress")
    capsys.readouterr()
    last = repr(run_cell(cell))
    shown = capsys.readouterr().out.replace(last, "")
    assert re.findall(r"Exercise (\d.*)", shown) == BELOW[cell]


@pytest.mark.parametrize("help_with", [hint, solution])
def test_a_problem_with_the_progress_file_is_reported(
    help_with: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note is shown below the help."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    assert "For now, your progress is kept in this kernel's memory" in repr(help_with("2.4"))
