"""`hint` and `solution`: help that the learner asks for, one step at a time."""

from dataclasses import dataclass

from lesson_lib.classroom.display.board import Block, Board, Fold, Line
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.exercises.checking import find
from lesson_lib.classroom.exercises.progress_store import HintGiven, SolutionSeen, load, record


@dataclass(frozen=True, repr=False)
class Help(Displayable):
    """What was asked for: a few lines, and code where it is a solution."""

    title: str
    lines: tuple[str, ...]
    code: str = ""

    def board(self) -> Board:
        """Show all of it."""
        code = (
            [Fold("One way to write it", self.code, self.code.splitlines(), is_open=True)]
            if self.code
            else []
        )
        blocks: list[Block] = [*code, *map(Line, filter(None, self.lines))]
        return Board(self.title, blocks)


def hint(exercise: str) -> Help:
    """Give one more hint at each call, from a nudge to nearly the solution; after the last, all of them.

    Raises:
        UsageError: there is no such exercise.
    """
    hints = find(exercise).hints
    given = load().of(exercise).hints
    if given >= len(hints):
        last = f'That is all. solution("{exercise}") shows a worked answer.'
        return Help(f"All hints for {exercise}", (*hints, last))
    note = record(HintGiven(exercise)).note
    return Help(f"Hint {given + 1} of {len(hints)} for {exercise}", (hints[given], note))


def solution(exercise: str) -> Help:
    """Show a worked answer; your progress says that you looked at it, unless yours was right before.

    Raises:
        UsageError: there is no such exercise.
    """
    asked = find(exercise)
    note = record(SolutionSeen(exercise)).note
    return Help(f"A solution for {exercise}", (asked.takeaway, note), asked.solution)
