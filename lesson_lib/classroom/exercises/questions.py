"""The short questions: one choice of several, a letter for each of several names, and predictions.

Each is one Markdown page. Its front matter says what is right, and which belief a wrong answer shows, so an
exercise and all its proofs are made of it.
"""

import ast
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from string import ascii_lowercase
from types import CodeType
from typing import Any

from lesson_lib.classroom.exercises.answers import (
    format_value,
    format_values,
    is_same,
    read_letters,
    read_one_for_each,
)
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, WrongAnswer
from lesson_lib.classroom.pages import Page

_BULLET = re.compile(r"^( *)- \*\*(.+?)\*\*", re.MULTILINE)


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
        wrong=tuple(WrongAnswer(letter, cell(letter), belief) for letter, belief in beliefs.items()),
    )


def _complete_matching(exercise: Exercise, page: Page) -> Exercise:
    """Complete a question whose answer is a dict: a letter for each name."""
    answers = page.front["answers"]
    wrong = {
        name: {letter: _read_reason(reason) for letter, reason in reasons.items()}
        for name, reasons in page.front["wrong"].items()
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
                belief, reason = wrong[name][letter]
                return Miss(belief, f"{name}, {letter}: {reason}", page.front["instead"])
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
            WrongAnswer(f"{name}: {letter}", cell(**{name: letter}), belief)
            for name in names
            for letter, (belief, _) in wrong[name].items()
            if belief
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


def _read_reason(value: Any) -> tuple[str, str]:  # noqa: ANN401 - of YAML
    """Return the belief behind a wrong letter, which may be empty, and why the letter is wrong."""
    if isinstance(value, str):
        return "", value
    [(belief, text)] = value.items()
    return belief, text


def _complete_prediction(exercise: Exercise, page: Page) -> Exercise:
    right = _as_list(page.front["guess"])
    letters = ascii_lowercase[: len(right)]
    beliefs = {belief: _read_belief(page, belief, letters) for belief in page.front["beliefs"]}

    def compare_guess(fact: object, *guesses: object) -> Miss | None:
        """Your guess and the fact."""
        if is_same(guesses, fact):
            return None
        numbers = dict(zip(letters, map(float, format_values(guesses)), strict=True))
        for belief, (when, _) in beliefs.items():
            if eval(when, {"__builtins__": {}}, numbers):  # noqa: S307 - the course's own expression
                return Miss(belief)
        return Miss()

    def cell(*values: object) -> str:
        return f'predict("{exercise.id}", {", ".join(map(str, values))})'

    other_ways = [cell(f'"{format_value(right)}"'), *([cell(right)] if len(right) > 1 else [])]
    return replace(
        exercise,
        starter=cell(*["..."] * len(right)),
        solution=cell(*right),
        scenarios=(compare_guess,),
        also_right=tuple(other_ways),
        wrong=tuple(
            WrongAnswer(str(guess), cell(*_as_list(guess)), belief)
            for belief, (_, such_as) in beliefs.items()
            for guess in such_as
        ),
        is_prediction=True,
    )


def _read_belief(page: Page, belief: str, letters: str) -> tuple[CodeType, list[Any]]:
    """Return when a guess shows a belief, as an expression of its numbers a, b, c, ..., and such guesses."""
    try:
        such_as = page.front["beliefs"][belief]["such as"]
        when = ast.parse(str(page.front["beliefs"][belief]["when"]), mode="eval")
    except (KeyError, SyntaxError, TypeError):
        fault = "A belief has `when`, an expression, and `such as`, guesses."
        raise page.error(fault, f"{belief}:") from None
    if unknown := {node.id for node in ast.walk(when) if isinstance(node, ast.Name)} - {*letters}:
        fault = f"There is no {', '.join(sorted(unknown))}: the guesses are {', '.join(letters)}."
        raise page.error(fault, f"{belief}:")
    return compile(when, str(page.path), "eval"), such_as


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 - of YAML
    return value if isinstance(value, list) else [value]


# The kinds of question, by the key of the front matter that distinguishes them. Each has its keys, beside
# those of every question, and the function that adds the cells and the scenario to an exercise.
QUESTIONS: Mapping[str, tuple[Collection[str], Callable[[Exercise, Page], Exercise]]] = {
    "answer": (("answer", "beliefs"), _complete_choice),
    "answers": (("answers", "wrong", "cell", "scenario", "instead"), _complete_matching),
    "guess": (("guess", "beliefs"), _complete_prediction),
}
