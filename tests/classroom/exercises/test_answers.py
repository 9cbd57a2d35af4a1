"""Answers and guesses are compared by their values, however they are written."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from lesson_lib.classroom.exercises.answers import format_value, is_same, read_one_for_each
from lesson_lib.classroom.exercises.exercise import NoAnswer

FORMATTED = [
    (8, "8"),
    (8.0, "8"),
    ("8", "8"),
    ((8, 16, 24), "8, 16, 24"),
    ([[8], (16, 24)], "8, 16, 24"),
    ("8,16 , 24", "8, 16, 24"),
    (range(8, 25, 8), "8, 16, 24"),
    ({"b", "a", "c"}, "a, b, c"),
    (frozenset(), ""),
    (33597290.0, "33597290"),
    (1234567.25, "1234567.25"),
    (Decimal("0.10"), "0.10"),
    (np.int64(8), "8"),
    (np.float64(33597288.0), "33597288"),
    (np.array([8, 16]), "8, 16"),
    (None, "None"),
    (True, "True"),
]


@pytest.mark.parametrize(("value", "text"), FORMATTED, ids=range(len(FORMATTED)))
def test_a_value_is_formatted(value: object, text: str) -> None:
    """Several values are separated by commas, and whole numbers have no fraction."""
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("guess", "fact", "expected"),
    [
        (33597290.0, 33597288.0, False),
        (1234567.0, 1234567, True),
        (0.1 + 0.2, 0.3, False),
        ("TRUE", True, True),
        ((8, 16, 24), [8, 16, 24], True),
        ((8, 24, 16), (8, 16, 24), False),
        ({"a", "b"}, {"b", "a"}, True),
    ],
)
def test_a_guess_is_compared_with_all_its_digits(guess: Any, fact: object, *, expected: bool) -> None:  # noqa: ANN401 - of any type
    """The order of values matters, except in a set."""
    assert is_same((guess,), fact) is expected


@pytest.mark.parametrize(
    ("answer", "values"),
    [
        ({2: "a", "B": "c"}, ["a", "c"]),
        ({"b ": "c", "2": "a", "more": "d"}, ["a", "c"]),
        ({2: None, "b": ...}, [None, ...]),
    ],
)
def test_the_value_of_each_name_is_read(answer: object, values: list[object]) -> None:
    """The values are in the order of the names; case and blanks do not matter; other names are ignored."""
    assert read_one_for_each(answer, [2, "b"], "{...}") == values


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (["a", "c"], "The answer is a dict, such as {2: 'a'}."),
        ({}, "The answer is a dict, such as {2: 'a'}."),
        ({2: "a"}, "The answer is a dict, such as {2: 'a'}. Yours has nothing for 'b'."),
    ],
)
def test_a_name_without_a_value_is_reported(answer: object, message: str) -> None:
    """The message lists the missing names and gives an example of an answer."""
    with pytest.raises(NoAnswer) as raised:
        read_one_for_each(answer, [2, "b"], "{2: 'a'}")
    assert str(raised.value) == message
