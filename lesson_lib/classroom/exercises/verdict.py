"""What a check says of an answer: not attempted, not yet right, raised or right, which are four things."""

from dataclasses import dataclass

from lesson_lib.classroom.display.board import Block, Board, Facts, Fold, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.exercises.catalogue import MISCONCEPTIONS
from lesson_lib.classroom.exercises.exercise import called
from lesson_lib.classroom.exercises.progress_store import Outcome
from lesson_lib.unstable_text import stable

_MARKS = {
    Outcome.NOT_ATTEMPTED: Mark.OPEN,
    Outcome.NOT_YET: Mark.ODD,
    Outcome.RAISED: Mark.BAD,
    Outcome.RIGHT: Mark.GOOD,
}

_MOST_LINES = 20  # of what was printed, in the text output


@dataclass(frozen=True, repr=False)
class Verdict(Displayable):
    """The outcome of one check; it prints nothing and keeps nothing.

    Attributes:
        exercise: its id, such as `2.3`.
        outcome: how the answer stands.
        facts: names and values, such as the scenario, what was seen and what was expected.
        misconception: the id of the belief behind a wrong answer, if it has a known one.
        lines: sentences, such as what to take along from a right answer, or how to begin.
        printed: what the answer printed while it was run, where that may help to mend it.
        is_begun: an answer that counts as not attempted is something, and could not be run as it is.
    """

    exercise: str
    outcome: Outcome
    facts: tuple[tuple[str, str], ...] = ()
    misconception: str = ""
    lines: tuple[str, ...] = ()
    printed: str = ""
    is_begun: bool = False

    def board(self) -> Board:
        """Show the outcome, what was seen, and the belief behind it with a cell to see it with."""
        blocks: list[Block] = []
        if self.facts:
            blocks.append(Facts([(name, stable(value)) for name, value in self.facts]))
        if self.misconception:
            blocks += belief_blocks(self.misconception)
        blocks += [Line(stable(line)) for line in self.lines if line]
        if printed := stable(self.printed.strip("\n")):
            blocks.append(Fold("What your code printed", printed, printed.splitlines()[:_MOST_LINES]))
        stands = "not checked yet" if self.is_begun else self.outcome.value
        return Board(f"{called(self.exercise)}: {stands}", blocks, _MARKS[self.outcome])


def belief_blocks(misconception: str) -> list[Block]:
    """Return what is said of a misconception below another title."""
    belief = MISCONCEPTIONS[misconception].board()
    return [Line(f"{belief.title}."), *belief.blocks]
