"""The verdict on an answer: not attempted, not yet right, raised, or right."""

from dataclasses import dataclass

from IPython.core.getipython import get_ipython
from IPython.display import display

from lesson_lib.classroom.display.board import Block, Board, Facts, Fold, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.exercises.catalogue import MISCONCEPTIONS
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.unstable_text import hide_unstable

_MARKS = {
    Outcome.NOT_ATTEMPTED: Mark.OPEN,
    Outcome.NOT_YET: Mark.ODD,
    Outcome.RAISED: Mark.BAD,
    Outcome.RIGHT: Mark.GOOD,
}

_MAX_PRINTED_LINES = 20  # in the text output

_hidden: dict[int, "Verdict"] = {}  # the latest verdict by the number of its cell, until it is shown


@dataclass(frozen=True, repr=False)
class Verdict(Displayable):
    """The result of one check."""

    exercise: str  # the id, such as `2.3`
    outcome: Outcome
    facts: tuple[tuple[str, str], ...] = ()  # names and values, such as what was seen and what was expected
    misconception: str = ""  # the id of the belief behind a wrong answer, if it is known
    lines: tuple[str, ...] = ()  # sentences, such as the takeaway of a right answer, or how to begin
    printed: str = ""  # what a wrong answer printed while it ran
    is_begun: bool = False  # whether an answer that is not attempted contains anything beyond the starter

    def board(self) -> Board:
        """Describe the outcome, the facts, and the belief behind a wrong answer with its cell."""
        if self in _hidden.values():
            _hidden.clear()
        blocks: list[Block] = []
        if self.facts:
            blocks.append(Facts([(name, hide_unstable(value)) for name, value in self.facts]))
        if self.misconception:
            blocks += describe_belief(self.misconception)
        blocks += [Line(hide_unstable(line)) for line in self.lines if line]
        if printed := hide_unstable(self.printed.strip("\n")):
            blocks.append(Fold("What your code printed", printed, printed.splitlines()[:_MAX_PRINTED_LINES]))
        stands = "not checked yet" if self.is_begun else self.outcome.value
        return Board(f"Exercise {self.exercise}: {stands}", blocks, _MARKS[self.outcome])


def expect_display(verdict: Verdict) -> Verdict:
    """Return the verdict, which a notebook shows only if it is the last value of its cell."""
    if shell := get_ipython():
        _hidden.clear()
        _hidden[shell.execution_count] = verdict
    return verdict


def show_hidden_verdict() -> None:
    """Show the verdict of an earlier line of this cell, which what follows it would hide."""
    if (shell := get_ipython()) and (verdict := _hidden.get(shell.execution_count)):
        display(verdict)


def describe_belief(misconception: str) -> list[Block]:
    """Return the board of a misconception as blocks for another board."""
    belief = MISCONCEPTIONS[misconception].board()
    return [Line(f"{belief.title}."), *belief.blocks]
