"""The short questions: one choice of several, a letter for each of several names, and predictions.

Each is one Markdown page. Its front matter says what is right, and which belief a wrong answer shows, so an
exercise and all its proofs are made of it.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from string import ascii_lowercase
from typing import Any

from lesson_lib.classroom.exercises.answers import (
    format_value,
    format_values,
    is_same,
    read_letters,
    read_one_for_each,
)
from lesson_lib.classroom.exercises.exercise import Exercise, Miss
from lesson_lib.classroom.pages import Page

_BULLET = re.compile(r"^( *)- \*\*(.+?)\*\*", re.MULTILINE)


@dataclass(frozen=True)
class Question:
    """A kind of short question.

    Attributes:
        keys: those of its front matter, beside those of every question.
        complete: takes the exercise without its cells, and the page; returns it with them.
    """

    keys: Collection[str]
    complete: Callable[[Exercise, Page], Exercise]


def _complete_choice(exercise: Exercise, page: Page) -> Exercise:
    right, beliefs = page.front["answer"], page.front["beliefs"]
    known = [letter for _, letter in _BULLET.findall(page.body)]
    if sorted(known) != sorted([right, *beliefs]):
        fault = f"The page lists {', '.join(known)}. `answer` names one of them, `beliefs` all others."
        raise page.error(fault, "beliefs:")

    def judge_choice(answer: object) -> Miss | None:
        """Your choice."""
        [letter] = read_letters(answer, known, count=1)
        return None if letter == right else Miss(beliefs[letter])

    def cell(letter: str) -> str:
        return f'check("{exercise.id}", "{letter}")'

    return replace(
        exercise,
        starter=cell("____"),
        solution=cell(right),
        scenarios=(judge_choice,),
        also_right=(cell(f" {right.upper()}) "),),
        wrong=tuple((cell(letter), belief) for letter, belief in beliefs.items()),
    )


def _complete_matching(exercise: Exercise, page: Page) -> Exercise:
    """Complete a question whose answer is a dict: a letter for each name."""
    answers = page.front["answers"]
    wrong = {
        name: {letter: _Against.read(text) for letter, text in texts.items()}
        for name, texts in page.front["wrong"].items()
    }
    letters = _letters_of_each(page, answers)
    for name, known in letters.items():
        if sorted(known) != sorted([answers[name], *wrong[name]]):
            fault = f"The page lists {', '.join(known)} for {name}. `wrong` says of each but one why not."
            raise page.error(fault, f"{name}:")
    names = list(answers)
    such_as = f'{{"{names[0]}": "a", "{names[1]}": "a", ...}}'

    def judge_letters(answer: object) -> Miss | None:
        given = read_one_for_each(answer, names, such_as)
        for name, value in zip(names, given, strict=True):
            [letter] = read_letters(value, letters[name], count=1, question=name)
            if letter != answers[name]:
                against = wrong[name][letter]
                return Miss(against.belief, f"{name}, {letter}: {against.text}", page.front["instead"])
        return None

    judge_letters.__doc__ = page.front["scenario"]
    starter = page.front["cell"].strip()

    def cell(**changed: str) -> str:
        values = iter((answers | changed).values())
        return re.sub(r"\.\.\.", lambda _: f'"{next(values)}"', starter)

    return replace(
        exercise,
        starter=starter,
        solution=cell(),
        scenarios=(judge_letters,),
        also_right=(cell(**{name: f" {letter.upper()}) " for name, letter in answers.items()}),),
        wrong=tuple(
            (cell(**{name: letter}), against.belief)
            for name in names
            for letter, against in wrong[name].items()
            if against.belief
        ),
    )


def _letters_of_each(page: Page, names: Collection[str]) -> dict[str, list[str]]:
    """Return the letters from which each name has one: those listed below it, or else the page's own."""
    own: dict[str, list[str]] = {name: [] for name in names}
    shared: list[str] = []
    name = ""
    for margin, bold in _BULLET.findall(page.body):
        if bold in own:
            name = bold
        elif margin:
            own[name].append(bold)
        else:
            shared.append(bold)
    return {name: letters or shared for name, letters in own.items()}


@dataclass(frozen=True)
class _Against:
    """What speaks against a wrong letter, and the id of the belief behind it; empty if there is none."""

    text: str
    belief: str = ""

    @classmethod
    def read(cls, value: Any) -> "_Against":  # noqa: ANN401 - of YAML
        """Read a text, or a mapping of one belief to a text."""
        if isinstance(value, str):
            return cls(value)
        [(belief, text)] = value.items()
        return cls(text, belief)


def _complete_prediction(exercise: Exercise, page: Page) -> Exercise:
    right = _as_list(page.front["guess"])
    beliefs = {belief: _Blame(page, belief, len(right)) for belief in page.front["beliefs"]}

    def belief_of(*guesses: object) -> str:
        numbers = [float(value) for value in format_values(guesses)]
        return next((belief for belief, blame in beliefs.items() if blame.is_shown_by(numbers)), "")

    def cell(*values: object) -> str:
        return f'predict("{exercise.id}", {", ".join(map(str, values))})'

    other_ways = [cell(f'"{format_value(right)}"'), *([cell(right)] if len(right) > 1 else [])]
    return replace(
        exercise,
        starter=cell(*["..."] * len(right)),
        solution=cell(*right),
        scenarios=(prediction(belief_of),),
        also_right=tuple(other_ways),
        wrong=tuple(
            (cell(*_as_list(guess)), belief) for belief, blame in beliefs.items() for guess in blame.examples
        ),
        is_prediction=True,
    )


class _Blame:
    """When a guess shows a belief: an expression of the guessed numbers, which are called a, b, c, ..."""

    def __init__(self, page: Page, belief: str, count: int) -> None:
        try:
            self.examples = page.front["beliefs"][belief]["such as"]
            when = ast.parse(str(page.front["beliefs"][belief]["when"]), mode="eval")
        except (KeyError, SyntaxError, TypeError):
            raise page.error(
                "A belief has `when`, an expression, and `such as`, guesses.", f"{belief}:"
            ) from None
        self._names = ascii_lowercase[:count]
        if unknown := {node.id for node in ast.walk(when) if isinstance(node, ast.Name)} - {*self._names}:
            fault = f"There is no {', '.join(sorted(unknown))}: the guesses are {', '.join(self._names)}."
            raise page.error(fault, f"{belief}:")
        self._when = compile(when, str(page.path), "eval")

    def is_shown_by(self, numbers: list[float]) -> bool:
        values = dict(zip(self._names, numbers, strict=True))
        return bool(eval(self._when, {"__builtins__": {}}, values))  # noqa: S307 - the course's own expression


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - of YAML
    return value if isinstance(value, list) else [value]


def prediction(belief_of: Callable[..., str]) -> Callable[..., Miss | None]:
    """Make the scenario of a prediction.

    Args:
        belief_of: takes the guesses, and returns the id of the misconception behind them, or an empty string.
    """

    def compare_guess(fact: object, *guesses: object) -> Miss | None:
        """Your guess and the fact."""
        if is_same(guesses, fact):
            return None
        return Miss(belief_of(*guesses), seen=format_value(fact), expected=format_value(guesses))

    return compare_guess


# By the key of the front matter that says which kind a page is.
QUESTIONS: Mapping[str, Question] = {
    "answer": Question(("answer", "beliefs"), _complete_choice),
    "answers": Question(("answers", "wrong", "cell", "scenario", "instead"), _complete_matching),
    "guess": Question(("guess", "beliefs"), _complete_prediction),
}
