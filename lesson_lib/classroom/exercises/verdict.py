"""What a check says of an answer: not attempted, not yet right, raised or right, which are four things."""

from dataclasses import dataclass
from enum import Enum

from lesson_lib.classroom.boards.board import Block, Board, Facts, Line, Mark
from lesson_lib.classroom.boards.shown import Shown
from lesson_lib.classroom.boards.wording import stable
from lesson_lib.classroom.misconceptions import MISCONCEPTIONS


class Outcome(Enum):
    """How an answer stands."""

    NOT_ATTEMPTED = "not attempted"
    NOT_YET = "not yet"
    RAISED = "your code raised"
    RIGHT = "right"


_MARKS = {
    Outcome.NOT_ATTEMPTED: Mark.OPEN,
    Outcome.NOT_YET: Mark.ODD,
    Outcome.RAISED: Mark.BAD,
    Outcome.RIGHT: Mark.GOOD,
}


@dataclass(frozen=True, repr=False)
class Verdict(Shown):
    """The outcome of one check; it prints nothing and keeps nothing.

    Attributes:
        exercise: its id, such as `2.3`.
        outcome: how the answer stands.
        told: the scenario that failed with what was seen and expected; or what the code raised; or what to
            take along from a right answer; or how to begin.
        misconception: the id of the belief behind a wrong answer, if it has a known one.
        where: the learner's own line that raised.
    """

    exercise: str
    outcome: Outcome
    told: str
    misconception: str = ""
    where: str = ""

    def board(self) -> Board:
        """Show the outcome, what was seen, and the belief behind it with a cell to see it with."""
        blocks: list[Block] = [Line(stable(self.told))]
        if self.where:
            blocks.append(Facts([("Where", stable(self.where))]))
        if self.misconception:
            belief = MISCONCEPTIONS[self.misconception].board()
            blocks += [Line(f"{belief.title}."), *belief.blocks]
        return Board(f"Exercise {self.exercise}: {self.outcome.value}", blocks, _MARKS[self.outcome])
