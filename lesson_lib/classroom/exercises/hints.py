"""`hint` and `solution`: help for a learner who asks for it, one step at a time."""

from lesson_lib.classroom.display.board import Fold, Line
from lesson_lib.classroom.display.displayable import Displayable, DisplayableBoard
from lesson_lib.classroom.exercises.checking import find_exercise
from lesson_lib.classroom.exercises.progress_store import HintGiven, SolutionSeen, load, record


def hint(exercise: str) -> Displayable:
    """Show the next hint, from a nudge to nearly the solution; after the last one, show all of them.

    Raises:
        UsageError: the exercise does not exist.
    """
    hints = find_exercise(exercise).hints
    given = load().of(exercise).hints
    if given < len(hints):
        title = f"Hint {given + 1} of {len(hints)} for {exercise}"
        lines = [hints[given], record(HintGiven(exercise)).note]
    else:
        title = f"All hints for {exercise}"
        lines = [*hints, f'That is all. solution("{exercise}") shows a worked answer.']
    return DisplayableBoard(title, [Line(line) for line in lines if line])


def solution(exercise: str) -> Displayable:
    """Show a worked answer. Your progress records that you looked, unless your own was right before.

    Raises:
        UsageError: the exercise does not exist.
    """
    asked = find_exercise(exercise)
    code = Fold("One way to write it", asked.solution, asked.solution.splitlines(), is_open=True)
    lines = (asked.takeaway, record(SolutionSeen(exercise)).note)
    return DisplayableBoard(f"A solution for {exercise}", [code, *(Line(line) for line in lines if line)])
