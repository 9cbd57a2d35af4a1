"""Read what learners write as answers: letters, a value for each of several names, and guesses."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lesson_lib.classroom.exercises.exercise import NoAnswer


def read_letters(answer: object, known: Iterable[str], count: int, question: str = "") -> list[str]:
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


def is_same(guesses: tuple[object, ...], fact: object) -> bool:
    """Tell whether guesses and fact say the same, however they are bracketed or spelt."""
    return format_value(guesses).casefold() == format_value(fact).casefold()


def format_value(value: object) -> str:
    """Write a guess or a fact: values, and lists of them, with commas."""
    return ", ".join(format_values(value))


def format_values(value: Any) -> list[str]:  # noqa: ANN401 - whatever a learner guesses
    """Write each value of a guess or a fact, however they are bracketed."""
    if hasattr(value, "tolist"):  # of NumPy or pandas
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return [text for part in value for text in format_values(part)]
    if isinstance(value, set | frozenset):
        return sorted(text for part in value for text in format_values(part))
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(value).removesuffix(".0")]  # 8.0 rows are 8


def read_one_for_each(answer: object, names: Collection[object], such_as: str) -> list[object]:
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
