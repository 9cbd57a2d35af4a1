"""What notebook 03 says of answers that are none, and of wrong ones."""

import pytest

from lesson_lib.classroom.exercises.checking import judged
from lesson_lib.classroom.exercises.course import EXERCISES
from lesson_lib.classroom.progress_store import Outcome


@pytest.mark.parametrize(
    ("exercise", "answer", "said"),
    [
        ("3.4", {"a": 10, "b": 5}, 'such as {"a": 1, "b": 1, "c": 1, "d": 1}. Yours has nothing for c, d.'),
        ("3.4", [10, 5, 6, 4], 'The answer is a dict, such as {"a": 1, "b": 1, "c": 1, "d": 1}.'),
        ("3.4", {"a": 12, "b": 5, "c": 6, "d": 4}, "the answer is the number of a line, 1 to 11."),
        ("3.4", {"a": "cursor", "b": 5, "c": 6, "d": 4}, "the answer is the number of a line, 1 to 11."),
        ("3.4", {"a": (4, 5), "b": 5, "c": 6, "d": 4}, "the answer is the number of a line, 1 to 11."),
        ("3.1", "sensor", 'such as {"exchange": "sensor", "customers": "sensor", ...}'),
        ("3.1", dict.fromkeys(("exchange", "customers"), "sensor"), "nothing for report, invoices, export."),
        (
            "3.1",
            dict.fromkeys(("exchange", "customers", "report", "invoices", "export"), "schedule or sensor"),
            'For each source the answer is "schedule" or "sensor", and not \'schedule or sensor\'.',
        ),
        ("3.6", {2: "e", 3: "z", 4: "g", 5: "a"}, "one letter out of a, b, c, d, e, f, g, h"),
    ],
)
def test_what_is_no_answer_is_told_what_would_be_one(exercise: str, answer: object, said: str) -> None:
    """It counts as no attempt."""
    verdict = judged(EXERCISES[exercise], (answer,))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert said in " ".join(verdict.lines)


@pytest.mark.parametrize(
    ("exercise", "answer", "facts"),
    [
        ("3.4", {"a": 10, "b": 10, "c": 6, "d": 4}, ("b: line 10", "a line further up")),
        ("3.4", {"a": 10, "b": 3, "c": 6, "d": 4}, ("b: line 3", "a line further down")),
        (
            "3.1",
            dict.fromkeys(("exchange", "customers", "report", "invoices", "export"), "sensor"),
            (
                "exchange: for a day without a file a sensor asks for no run, so none fails",
                "a run for each day at six, which fails if its file is missing",
            ),
        ),
        (
            "3.6",
            {2: "e", 3: "f", 4: "g", 5: "a"},
            (
                "acme.csv has changed since tick 1, the last that loaded it",
                "another explanation of tick 3",
            ),
        ),
        ("3.6", {2: "e", 3: "a", 4: "g", 5: "a"}, ("tick 3: a", "another explanation of tick 3")),
    ],
)
def test_a_wrong_answer_is_told_where_and_not_the_right_one(
    exercise: str, answer: object, facts: tuple[str, str]
) -> None:
    """What was seen, and which way to look."""
    verdict = judged(EXERCISES[exercise], (answer,))
    assert verdict.outcome is Outcome.NOT_YET
    assert tuple(value for _, value in verdict.facts[1:]) == facts
