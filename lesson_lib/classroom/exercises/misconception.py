"""A mistaken belief, with a cell that lets learners see the truth for themselves."""

from dataclasses import dataclass

from lesson_lib.classroom.display.board import Board, Fold, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable


@dataclass(frozen=True, repr=False)
class Misconception(Displayable):
    """A mistaken belief about partitions, and the truth.

    Attributes:
        id: a name to say aloud, such as `definition-creates-keys`. Progress files and reports contain it, so
            it never changes.
        claim: the belief in the learner's words, one sentence.
        truth: one sentence.
        explanation: why, and what to do, in 20 to 45 words.
        cell: a few lines of Python for a fresh kernel. The value of the last expression, or the exception
            that it raises, shows the truth.
        output: what the cell prints, and the value; of an exception, its name and the start of its message.
    """

    id: str
    claim: str
    truth: str
    explanation: str
    cell: str
    output: str

    def board(self) -> Board:
        """Describe the truth first, because it is what learners should remember."""
        return Board(
            self.truth.removesuffix("."),
            (
                Line(f"Not so: {self.claim}", Mark.BAD),
                Line(self.explanation),
                Fold("To see it, run this in a cell", self.cell, unfolded=self.cell.splitlines()),
            ),
        )
