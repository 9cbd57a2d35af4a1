"""`hint` and `solution`: help for a learner who asks for it, one step at a time."""

from dataclasses import dataclass

from lesson_lib.classroom.display.board import Block, Board, Fold, Line
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.exercises.checking import find_exercise
from lesson_lib.classroom.exercises.progress_store import HintGiven, SolutionSeen, load, record


@dataclass(frozen=True, repr=False)
class Help(Displayable):
    """A few lines of help, and the code of a solution."""

    title: str
    lines: tuple[str, ...]
    code: str = ""

    def board(self) -> Board:
        """Describe the code and then the lines."""
        code = (
            [Fold("One way to write it", self.code, self.code.splitlines(), is_open=True)]
            if self.code
            else []
        )
        blocks: list[Block] = [*code, *map(Line, filter(None, self.lines))]
        return Board(self.title, blocks)


def hint(exercise: str) -> Help:
    """Show the next hint, from a nudge to nearly the solution; after the last one, show all of them.

    Raises:
        UsageError: the exercise does not exist.
    """
    hints = find_exercise(exercise).hints
    given = load().of(exercise).hints
    if given >= len(hints):
        last = f'That is all. solution("{exercise}") shows a worked answer.'
        return Help(f"All hints for {exercise}", (*hints, last))
    note = record(HintGiven(exercise)).note
    return Help(f"Hint {given + 1} of {len(hints)} for {exercise}", (hints[given], note))


def solution(exercise: str) -> Help:
    """Show a worked answer. Your progress records that you looked, unless your own was right before.

    Raises:
        UsageError: the exercise does not exist.
    """
    asked = find_exercise(exercise)
    note = record(SolutionSeen(exercise)).note
    return Help(f"A solution for {exercise}", (asked.takeaway, note), asked.solution)
