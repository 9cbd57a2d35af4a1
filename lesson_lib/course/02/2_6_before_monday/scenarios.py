"""Exercise 2.6: what the three records looked like on a Monday, and what may have happened to each key.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Mapping

from lesson_lib.classroom.exercises.answers import read_letters
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer

_TRUE = {"bluebird": "d", "o'hare": "b", "zenith": "c"}
# The key afterwards: is it registered, was it materialized, did its last run fail, does it have rows?
_LEFT = {
    "a": (True, False, False, False),
    "b": (False, True, False, True),
    "c": (True, True, True, False),
    "d": (True, True, False, False),
    "e": (False, True, False, False),
}
_WORDS = (
    {True: "is registered", False: "is not registered"},
    {True: "has been materialized", False: "has never been materialized"},
    {True: "has a failed last run", False: "has no failed run"},
    {True: "has rows", False: "has no rows"},
)
# The answers that one of the known beliefs explains.
_BELIEFS = {
    ("bluebird", "a"): "adding-again-starts-afresh",
    ("o'hare", "e"): "three-records-are-one",
    ("zenith", "d"): "delete-then-insert-is-safe",
}


def _what_fits(answer: object) -> Miss | None:
    """What happened to each of the three keys."""
    if not isinstance(answer, Mapping) or not set(_TRUE) <= set(answer):
        raise NoAnswer(
            "The answer is a letter for each of the three keys, such as "
            """{"bluebird": "a", "o'hare": "a", "zenith": "a"}."""
        )
    given = {key: read_letters(answer[key], _LEFT, count=1)[0] for key in _TRUE}
    for key, letter in given.items():
        for words, is_so, would_be in zip(_WORDS, _LEFT[_TRUE[key]], _LEFT[letter], strict=True):
            if is_so != would_be:
                return Miss(
                    _BELIEFS.get((key, letter), ""),
                    seen=f"{key} {words[is_so]}",
                    expected=f"after {letter}, as you say, it {words[would_be]}",
                )
    return None


SCENARIOS = (_what_fits,)
