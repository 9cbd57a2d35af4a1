"""`predict`, `fact` and `surprises`: a guess before a surprising cell, and the fact beside it afterwards."""

import ast
from dataclasses import dataclass
from typing import Any

from IPython.core.error import UsageError

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable, DisplayableBoard
from lesson_lib.classroom.display.safe_text import format_count
from lesson_lib.classroom.exercises.answers import format_value, format_values
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import find_exercise
from lesson_lib.classroom.exercises.exercise import Exercise, Miss
from lesson_lib.classroom.exercises.placeholders import has_placeholder
from lesson_lib.classroom.exercises.progress_store import Predicted, load, record
from lesson_lib.classroom.exercises.verdict import describe_belief

pending_guesses: dict[str, tuple[object, ...]] = {}  # of this kernel, by the id of the prediction


@dataclass(frozen=True, repr=False)
class Fact(Displayable):
    """A fact, the guess if there was one, and the belief behind a guess that was off."""

    exercise: str
    fact: str
    guess: str = ""
    misconception: str = ""
    is_off: bool = False
    note: str = ""

    def board(self) -> Board:
        """Describe the guess beside the fact."""
        name = f"Prediction {self.exercise}"
        blocks: list[Block] = [Facts.of_known(("You guessed", self.guess), ("It is", self.fact))]
        if self.misconception:
            blocks += describe_belief(self.misconception)
        if self.note:
            blocks.append(Line(self.note))
        if not self.guess:
            return Board(f"{name}: no guess", blocks, Mark.OPEN)
        if self.is_off:
            return Board(f"{name}: not what you guessed", blocks, Mark.ODD)
        return Board(f"{name}: as you guessed", blocks, Mark.GOOD)


def predict(exercise: str, *guesses: object) -> Displayable:
    """Commit to a guess before the cell that shows the fact.

    Args:
        exercise: the id, such as `"2.1"`.
        guesses: as many values as the exercise asks for; any other number is rejected.

    Raises:
        UsageError: the prediction does not exist.
    """
    asked = _find_prediction(exercise)
    if not guesses or has_placeholder(guesses):
        how = "Replace the dots with your guess and run the cell. A wrong guess is fine."
    else:
        how = _explain_expected(asked, format_values(guesses))
    if how:
        pending_guesses.pop(exercise, None)
        return DisplayableBoard(f"{asked.name}: no guess yet", [Line(how)], Mark.OPEN)
    pending_guesses[exercise] = guesses
    noted = f"You guess {format_value(guesses)}. Run the next cell to compare."
    return DisplayableBoard(f"{asked.name}: noted", [Line(noted)], Mark.OPEN)


def fact(exercise: str, value: object) -> Fact:
    """Show the fact that a cell has found beside the guess.

    Raises:
        UsageError: the prediction does not exist.
    """
    [compare] = _find_prediction(exercise).scenarios
    guesses = pending_guesses.get(exercise, ())
    if not guesses:
        return Fact(exercise, format_value(value))
    try:
        miss = compare(value, *guesses)
    except Exception:  # noqa: BLE001 - a guess can have any type, such as text instead of a number
        miss = Miss()
    is_off = miss is not None
    note = record(Predicted(exercise, format_value(guesses), format_value(value), off=is_off)).note
    belief = miss.misconception if miss else ""
    return Fact(exercise, format_value(value), format_value(guesses), belief, is_off=is_off, note=note)


def surprises() -> Displayable:
    """List the guesses that were off in all notebooks. The first guess of each prediction counts."""
    progress = load()
    off = [
        (exercise, f"you guessed {made[0].guess}, and it is {made[0].fact} ({asked.title})")
        for exercise, asked in EXERCISES.items()
        if (made := progress.of(exercise).predictions) and made[0].off  # later ones knew the fact
    ]
    guessed = sum(bool(progress.of(exercise).predictions) for exercise in EXERCISES)
    if guessed:
        how_many = {0: "none was", 1: "1 was"}.get(len(off), f"{len(off)} were")
        guesses = "1 guess" if guessed == 1 else f"{guessed} guesses"
        title = f"You have made {guesses}, and {how_many} off"
    else:
        title = "You have not guessed anything so far"
    return DisplayableBoard(title, [Facts(off), *([Line(progress.note)] if progress.note else [])])


def _explain_expected(exercise: Exercise, given: list[str]) -> str:
    """Return what the prediction asks for, unless the guesses have its number and type of values."""
    call: Any = ast.parse(exercise.solution).body[-1]
    asked = [ast.literal_eval(value) for value in call.value.args[1:]]
    are_numbers = all(type(value) in (int, float) for value in asked)
    is_free = len(asked) == 1 and not are_numbers  # the guess can be a list of any length
    if is_free or (len(given) == len(asked) and (not are_numbers or all(map(_is_number, given)))):
        return ""
    what = format_count(len(asked), "number" if are_numbers else "value")
    return f"{exercise.id} asks for {what} in place of the dots: {exercise.starter.splitlines()[-1]}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _find_prediction(exercise: str) -> Exercise:
    found = find_exercise(exercise)
    if not found.is_prediction:
        raise UsageError(f"{exercise} is not a prediction: check({exercise!r}, ...) takes your answer.")
    return found
