"""Exercise 2.6: what happened to each key, according to the three records of a Monday."""

from collections.abc import Mapping

from lesson_lib.classroom.exercises.answers import read_letters
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer

_SOLUTION = {"bluebird": "d", "o'hare": "b", "zenith": "c"}
# The records of a key after each event: registered, materialized, last run failed, has rows.
_RECORDS = {
    "a": (True, False, False, False),
    "b": (False, True, False, True),
    "c": (True, True, True, False),
    "d": (True, True, False, False),
    "e": (False, True, False, False),
}
_TEXTS = (
    {True: "is registered", False: "is not registered"},
    {True: "has been materialized", False: "has never been materialized"},
    {True: "has a failed last run", False: "has no failed run"},
    {True: "has rows", False: "has no rows"},
)
# The wrong answers that a belief explains.
_BELIEFS = {
    ("bluebird", "a"): "adding-again-starts-afresh",
    ("o'hare", "e"): "three-records-are-one",
    ("zenith", "d"): "delete-then-insert-is-safe",
}


def _what_fits(answer: object) -> Miss | None:
    """What happened to each of the three keys."""
    if not isinstance(answer, Mapping) or not set(_SOLUTION) <= set(answer):
        raise NoAnswer(
            "The answer is a letter for each of the three keys, such as "
            """{"bluebird": "a", "o'hare": "a", "zenith": "a"}."""
        )
    given = {key: read_letters(answer[key], _RECORDS, count=1)[0] for key in _SOLUTION}
    for key, letter in given.items():
        for texts, actual, expected in zip(_TEXTS, _RECORDS[_SOLUTION[key]], _RECORDS[letter], strict=True):
            if actual != expected:
                return Miss(
                    _BELIEFS.get((key, letter), ""),
                    seen=f"{key} {texts[actual]}",
                    expected=f"after {letter}, as you say, it {texts[expected]}",
                )
    return None


SCENARIOS = (_what_fits,)
