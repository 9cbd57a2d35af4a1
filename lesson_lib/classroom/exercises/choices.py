"""Questions that are answered with letters: one choice of several, or lines to put in order."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer


@dataclass(frozen=True)
class Choice:
    """One of the answers to choose from.

    Attributes:
        text: Markdown, one sentence.
        misconception: the id of the belief that makes this choice look right; empty for the right one.
    """

    text: str
    misconception: str = ""


def multiple_choice(  # noqa: PLR0913 - the fields of an exercise, each by its name
    identifier: str,
    title: str,
    *,
    objective: str,
    minutes: int,
    question: str,
    choices: Mapping[str, Choice],
    takeaway: str,
    hints: tuple[str, ...],
) -> Exercise:
    """Make an exercise of a question with one right choice; each wrong one names its misconception.

    Args:
        identifier: the exercise's id.
        title: as in `Exercise`.
        objective: as in `Exercise`.
        minutes: as in `Exercise`.
        question: Markdown; how to answer it is said behind it, and the choices are listed below.
        choices: by letter, in the order in which they are shown.
        takeaway: as in `Exercise`.
        hints: as in `Exercise`.
    """
    [right] = [letter for letter, choice in choices.items() if not choice.misconception]

    def chosen(answer: object) -> Miss | None:
        """Your choice."""
        [letter] = letters(answer, choices, count=1)
        return None if letter == right else Miss(choices[letter].misconception)

    def cell(letter: str) -> str:
        return f'check("{identifier}", "{letter}")'

    listed = "\n".join(f"- **{letter}** {choice.text}" for letter, choice in choices.items())
    return Exercise(
        id=identifier,
        title=title,
        objective=objective,
        minutes=minutes,
        task=f"{question} Answer with a letter, in quotes.\n\n{listed}",
        starter=cell("____"),
        solution=cell(right),
        takeaway=takeaway,
        hints=hints,
        scenarios=(chosen,),
        also_right=(cell(f" {right.upper()}) "),),
        wrong=tuple(
            (cell(letter), choice.misconception) for letter, choice in choices.items() if letter != right
        ),
    )


def letters(answer: object, known: Iterable[str], count: int, question: str = "") -> list[str]:
    """Read letters from what a learner wrote: `"b"`, `"B)"`, `"bca"`, `"b, c, a"`, `["b", "c", "a"]`.

    Raises:
        NoAnswer: they are not that many, or one is not known or there twice; the message names those known,
            and the question, if there are several.
    """
    told = [str(part) for part in answer] if isinstance(answer, list | tuple) else [str(answer)]
    found = [letter for part in told for letter in re.findall(r"[^\W_]", part.lower())]
    known = list(known)
    if len(found) != count or len(set(found) & set(known)) != count:
        what = "one letter" if count == 1 else f"{count} different letters"
        which = f"The answer to {question}" if question else "The answer"
        raise NoAnswer(f"{which} is {what} out of {', '.join(known)}, such as {''.join(known[:count])!r}.")
    return found


def prediction(belief_of: Callable[..., str]) -> Callable[..., Miss | None]:
    """Make the scenario of a prediction.

    Args:
        belief_of: takes the guesses, and returns the id of the misconception behind them, or an empty string.
    """

    def compared(fact: object, *guesses: object) -> Miss | None:
        """Your guess and the fact."""
        if same(guesses, fact):
            return None
        return Miss(belief_of(*guesses), seen=told(fact), expected=told(guesses))

    return compared


def same(guesses: tuple[object, ...], fact: object) -> bool:
    """Tell whether guesses and fact say the same, however they are bracketed or spelt."""
    return told(guesses).casefold() == told(fact).casefold()


def told(value: object) -> str:
    """Write a guess or a fact: values, and lists of them, with commas."""
    return ", ".join(values_told(value))


def values_told(value: Any) -> list[str]:  # noqa: ANN401 - whatever a learner guesses
    """Write each value of a guess or a fact, however they are bracketed."""
    if hasattr(value, "tolist"):  # of NumPy or pandas
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return [text for part in value for text in values_told(part)]
    if isinstance(value, set | frozenset):
        return sorted(text for part in value for text in values_told(part))
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(value).removesuffix(".0")]  # 8.0 rows are 8


def one_for_each(answer: object, names: Collection[object], such_as: str) -> list[object]:
    """Read what a learner gave to each of these names, in a dict; `2` and `"2"` are the same name.

    Raises:
        NoAnswer: it is no dict, or has none for a name; the message says what would be an answer.
    """
    given = {_name(name): value for name, value in answer.items()} if isinstance(answer, Mapping) else {}
    if missing := [repr(name) for name in names if _name(name) not in given]:
        lacks = f" Yours has nothing for {', '.join(missing)}." if given else ""
        raise NoAnswer(f"The answer is a dict, such as {such_as}.{lacks}")
    return [given[_name(name)] for name in names]


def _name(name: object) -> str:
    return str(name).strip().casefold()
