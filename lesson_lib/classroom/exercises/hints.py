"""`hint` and `solution`: help for a learner who asks for it, one step at a time."""

import os
from pathlib import Path

from lesson_lib.classroom.display.board import Fold, Line, Mark, Table
from lesson_lib.classroom.display.displayable import Displayable, DisplayableBoard
from lesson_lib.classroom.exercises.catalogue import LESSONS, find_lesson
from lesson_lib.classroom.exercises.checking import find_exercise
from lesson_lib.classroom.exercises.progress_store import HintGiven, SolutionSeen, load, record
from lesson_lib.classroom.exercises.verdict import show_hidden_verdict


def hint(exercise: str = "") -> Displayable:
    """Show the next hint, from a nudge to nearly the solution; after the last one, show all of them.

    Without an exercise, list the exercises.

    Raises:
        UsageError: the exercise does not exist.
    """
    show_hidden_verdict()
    if exercise == "":
        return _list_exercises("hint")
    hints = find_exercise(exercise).hints
    given = load().of(exercise).hints
    if given < len(hints):
        title = f"Hint {given + 1} of {len(hints)} for {exercise}"
        lines = [hints[given], record(HintGiven(exercise)).note]
    else:
        title = f"All hints for {exercise}"
        lines = [*hints, f'That is all. solution("{exercise}") shows a worked answer.']
    return DisplayableBoard(title, [Line(line) for line in lines if line])


def solution(exercise: str = "") -> Displayable:
    """Show a worked answer. Your progress records that you looked, unless your own was right before.

    Without an exercise, list the exercises.

    Raises:
        UsageError: the exercise does not exist.
    """
    show_hidden_verdict()
    if exercise == "":
        return _list_exercises("solution")
    asked = find_exercise(exercise)
    code = Fold("One way to write it", asked.solution, asked.solution.splitlines(), is_open=True)
    lines = (asked.takeaway, record(SolutionSeen(exercise)).note)
    return DisplayableBoard(f"A solution for {exercise}", [code, *(Line(line) for line in lines if line)])


def _list_exercises(function: str) -> Displayable:
    """List the exercises of this notebook, or of all notebooks if Jupyter does not say which one it is."""
    lesson = find_lesson(Path(os.environ.get("JPY_SESSION_NAME", "")).stem)
    lessons = [lesson] if lesson else LESSONS
    such_as = next(exercise.id for lesson in lessons for exercise in lesson.exercises)
    how = f'Write the number of the exercise in quotes, such as {function}("{such_as}").'
    columns = ("exercise", "title")
    tables = [
        Table(
            each.notebook, columns, [(Line(exercise.id), Line(exercise.title)) for exercise in each.exercises]
        )
        for each in lessons
    ]
    return DisplayableBoard(f"{function}: for which exercise?", [Line(how), *tables], Mark.OPEN)
