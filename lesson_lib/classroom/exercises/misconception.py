"""A mistaken belief, with a cell that lets learners see the truth for themselves."""

from dataclasses import dataclass

from lesson_lib.classroom.display.board import Board, Fold, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable


@dataclass(frozen=True, repr=False)
class Misconception(Displayable):
    """What somebody may believe of partitions, and what is so instead.

    Attributes:
        id: a name to say aloud, such as `definition-creates-keys`; progress and reports keep it, so it never
            changes.
        claim: what the learner believes, in their words, one sentence.
        truth: what is so instead, one sentence.
        explanation: why, and what to do, in 20 to 45 words.
        cell: a few lines of Python for a fresh kernel; the last expression, by its value or by the exception
            that it raises, shows the truth.
        output: what the cell prints and comes to; of an error, its name and the beginning of its message.
    """

    id: str
    claim: str
    truth: str
    explanation: str
    cell: str
    output: str

    def board(self) -> Board:
        """Show the truth first: it is what is to be remembered."""
        return Board(
            self.truth.removesuffix("."),
            (
                Line(f"Not so: {self.claim}", Mark.BAD),
                Line(self.explanation),
                Fold("To see it, run this in a cell", self.cell, unfolded=self.cell.splitlines()),
            ),
        )
