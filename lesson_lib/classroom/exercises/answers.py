"""Read the short answers of learners: letters, a value for each of several names, and guesses."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from lesson_lib.classroom.exercises.exercise import NoAnswer


def read_letters(answer: object, known: Iterable[str], count: int, question: str = "") -> list[str]:
    """Read letters from what a learner wrote: `"b"`, `"B)"`, `"bca"`, `"b, c, a"`, `["b", "c", "a"]`.

    Raises:
        NoAnswer: the number of letters is wrong, or a letter is unknown or repeated. The message lists the
            known letters, and names the question if there are several.
    """
    parts = [str(part) for part in answer] if isinstance(answer, list | tuple) else [str(answer)]
    found = [letter for part in parts for letter in re.findall(r"[^\W_]", part.lower())]
    known = list(known)
    if len(found) != count or len(set(found) & set(known)) != count:
        what = "one letter" if count == 1 else f"{count} different letters"
        which = f"The answer to {question}" if question else "The answer"
        raise NoAnswer(f"{which} is {what} out of {', '.join(known)}, such as {''.join(known[:count])!r}.")
    return found


def is_same(guesses: tuple[object, ...], fact: object) -> bool:
    """Return whether guesses and fact have the same values, whatever their brackets and case."""
    return format_value(guesses).casefold() == format_value(fact).casefold()


def format_value(value: object) -> str:
    """Format a guess or a fact: values, and lists of them, with commas."""
    return ", ".join(format_values(value))


def format_values(value: Any) -> list[str]:  # noqa: ANN401 - a learner's guess can have any type
    """Format each value of a guess or a fact, whatever lists they are in."""
    if hasattr(value, "tolist"):  # NumPy and pandas
        value = value.tolist()
    if isinstance(value, list | tuple | range):
        return [text for part in value for text in format_values(part)]
    if isinstance(value, set | frozenset):
        return sorted(text for part in value for text in format_values(part))
    if isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return [str(value).removesuffix(".0")]  # 8.0 rows are 8


def read_one_for_each(answer: object, names: Collection[object], such_as: str) -> list[object]:
    """Read the value of each name from a dict; `2` and `"2"` are the same name.

    Raises:
        NoAnswer: the answer is not a dict, or lacks a name; the message gives an example.
    """
    given = {_name(name): value for name, value in answer.items()} if isinstance(answer, Mapping) else {}
    if missing := [repr(name) for name in names if _name(name) not in given]:
        lacks = f" Yours has nothing for {', '.join(missing)}." if given else ""
        raise NoAnswer(f"The answer is a dict, such as {such_as}.{lacks}")
    return [given[_name(name)] for name in names]


def _name(name: object) -> str:
    return str(name).strip().casefold()
