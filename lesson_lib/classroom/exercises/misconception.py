"""A mistaken belief, with a cell that lets learners see the truth for themselves."""

from dataclasses import dataclass

from lesson_lib.classroom.display.board import Board, Fold, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable


@dataclass(frozen=True, repr=False)
class Misconception(Displayable):
    """A mistaken belief about partitions, and the truth."""

    id: str  # such as `definition-creates-keys`; progress files contain it, so it never changes
    claim: str  # the belief, as a clause that follows `You may have assumed that`
    truth: str  # one sentence
    explanation: str  # why, and what to do, in 20 to 45 words
    cell: str  # Python for a fresh kernel, whose last expression shows the truth by its value or exception
    output: str  # what the cell prints, and the value, or the exception with the start of its message

    def board(self) -> Board:
        """Describe the truth first, because it is what learners should remember."""
        return Board(
            self.truth.removesuffix("."),
            (
                Line(f"You may have assumed that {self.claim}.", Mark.BAD),
                Line(self.explanation),
                Fold("To see it, run this in a cell", self.cell, unfolded=self.cell.splitlines()),
            ),
        )
