"""Predict, run, explain: a guess before a surprising cell, and after it the guess beside the fact."""

from dataclasses import dataclass

from IPython.core.error import UsageError

from lesson_lib.classroom.boards.board import Block, Board, Facts, Line, Mark
from lesson_lib.classroom.boards.shown import Shown
from lesson_lib.classroom.exercises.blanks import is_blank
from lesson_lib.classroom.exercises.checking import find
from lesson_lib.classroom.exercises.choices import told
from lesson_lib.classroom.exercises.course import EXERCISES
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.verdict import belief_blocks
from lesson_lib.classroom.progress_store import Predicted, load, record

_guesses: dict[str, tuple[object, ...]] = {}  # of this kernel, until the fact is known


@dataclass(frozen=True, repr=False)
class Guess(Shown):
    """A guess that waits for its fact; without one, how to make it."""

    exercise: str
    guesses: tuple[object, ...]

    def board(self) -> Board:
        """Show what was guessed."""
        if not self.guesses:
            how = "Put your guess in the place of the dots, and run the cell. It may be wrong."
            return Board(f"Prediction {self.exercise}: no guess yet", [Line(how)], Mark.OPEN)
        noted = f"You guess {told(self.guesses)}. The cell below shows what is so."
        return Board(f"Prediction {self.exercise}: noted", [Line(noted)], Mark.OPEN)


@dataclass(frozen=True, repr=False)
class Fact(Shown):
    """A fact, beside the guess where one was made; the belief behind a guess that was off."""

    exercise: str
    fact: str
    guess: str = ""
    misconception: str = ""
    is_off: bool = False
    note: str = ""

    def board(self) -> Board:
        """Show guess beside fact."""
        facts = [("You guessed", self.guess), ("It is", self.fact)]
        blocks: list[Block] = [Facts([fact for fact in facts if fact[1]])]
        if self.misconception:
            blocks += belief_blocks(self.misconception)
        if self.note:
            blocks.append(Line(self.note))
        if not self.guess:
            return Board(f"Prediction {self.exercise}: no guess", blocks, Mark.OPEN)
        if self.is_off:
            return Board(f"Prediction {self.exercise}: not as you guessed", blocks, Mark.ODD)
        return Board(f"Prediction {self.exercise}: as you guessed", blocks, Mark.GOOD)


@dataclass(frozen=True, repr=False)
class Surprises(Shown):
    """The guesses that were off: what is surprising is remembered, if it is looked at twice."""

    off: tuple[tuple[str, str, str], ...]
    note: str = ""

    def board(self) -> Board:
        """Show a line for each guess that was off."""
        facts = [
            Facts([(exercise, f"you guessed {guess}, and it was {fact}")])
            for exercise, guess, fact in self.off
        ]
        blocks: list[Block] = [*facts, *([Line(self.note)] if self.note else [])]
        return Board("What surprised you" if self.off else "No guess of yours was off so far", blocks)


def predict(exercise: str, *guesses: object) -> Guess:
    """Commit to a guess, before the cell that shows the fact.

    Args:
        exercise: its id, such as `"2.1"`.
        guesses: one value, or as many as are asked for.

    Raises:
        UsageError: there is no such prediction.
    """
    _find_prediction(exercise)
    _guesses[exercise] = () if is_blank(guesses) else guesses
    return Guess(exercise, _guesses[exercise])


def fact(exercise: str, value: object) -> Fact:
    """Show what is so, beside what was guessed.

    Args:
        exercise: the prediction's id.
        value: what the cell has found.

    Raises:
        UsageError: there is no such prediction.
    """
    [compared] = _find_prediction(exercise).scenarios
    guesses = _guesses.get(exercise, ())
    if not guesses:
        return Fact(exercise, told(value))
    miss = compared(value, *guesses)
    note = record(Predicted(exercise, told(guesses), told(value), off=miss is not None)).note
    return Fact(
        exercise,
        told(value),
        told(guesses),
        miss.misconception if miss else "",
        is_off=miss is not None,
        note=note,
    )


def surprises() -> Surprises:
    """List the guesses that were off, of all notebooks."""
    progress = load()
    off = [
        (f"{exercise} {EXERCISES[exercise].title}", made.guess, made.fact)
        for exercise, done in progress.exercises.items()
        if exercise in EXERCISES
        for made in done.predictions
        if made.off
    ]
    return Surprises(tuple(off), progress.note)


def _find_prediction(exercise: str) -> Exercise:
    found = find(exercise)
    if not found.is_prediction:
        raise UsageError(f"{exercise} is no prediction: check({exercise!r}, ...) takes your answer.")
    return found
