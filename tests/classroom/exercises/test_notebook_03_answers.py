"""Exercises 3.1, 3.4 and 3.6: values that are not answers, and wrong answers without a belief."""

import re

import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.outcome import Outcome

SOURCES = ("exchange", "customers", "report", "invoices", "export")


def answer_3_1(*words: str) -> dict[str, str]:
    """Return an answer to 3.1."""
    return dict(zip(SOURCES, words, strict=True))


@pytest.mark.parametrize(
    ("exercise", "answer", "message"),
    [
        (
            "3.4",
            {"a": 10, "b": 5},
            """such as {"a": 1, "b": 1, "c": 1, "d": 1}. Yours has nothing for 'c', 'd'.""",
        ),
        ("3.4", [10, 5, 6, 9], 'The answer is a dict, such as {"a": 1, "b": 1, "c": 1, "d": 1}.'),
        ("3.4", {"a": 12, "b": 5, "c": 6, "d": 9}, "the answer is the number of a line, 1 to 11."),
        ("3.4", {"a": "cursor", "b": 5, "c": 6, "d": 9}, "the answer is the number of a line, 1 to 11."),
        ("3.4", {"a": (4, 5), "b": 5, "c": 6, "d": 9}, "the answer is the number of a line, 1 to 11."),
        ("3.1", "sensor", 'such as {"exchange": "sensor", "customers": "sensor", ...}'),
        (
            "3.1",
            dict.fromkeys(("exchange", "customers"), "sensor"),
            "nothing for 'report', 'invoices', 'export'.",
        ),
        (
            "3.1",
            dict.fromkeys(SOURCES, "schedule or sensor"),
            'For each source the answer is "schedule" or "sensor", and not \'schedule or sensor\'.',
        ),
        ("3.6", {2: "e", 3: "z", 4: "g", 5: "a"}, "one letter out of a, b, c, d, e, f, g, h"),
    ],
)
def test_another_value_is_not_attempted(exercise: str, answer: object, message: str) -> None:
    """The message says what would be an answer."""
    verdict = judge(EXERCISES[exercise], (answer,))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert message in " ".join(verdict.lines)


@pytest.mark.parametrize(
    ("exercise", "answer", "facts"),
    [
        (
            "3.4",
            {"a": 3, "b": 5, "c": 6, "d": 9},
            ("a: line 3 reads what line 10 has written at the tick before", "a line further down"),
        ),
        ("3.4", {"a": 10, "b": 11, "c": 6, "d": 9}, ("b: line 11", "a line further up")),
        (
            "3.4",
            {"a": 10, "b": 4, "c": 6, "d": 10},
            ("d: whatever line 10 had written down is gone", "a line further up"),
        ),
        (
            "3.1",
            answer_3_1("schedule", "sensor", "sensor", "sensor", "sensor"),
            (
                'report, "every Monday at six in the morning": nothing arrives then that a sensor could see',
                "a run every Monday at six",
            ),
        ),
        (
            "3.6",
            {2: "e", 3: "f", 4: "g", 5: "a"},
            (
                "tick 3 shows acme.csv as changed; the daemon compares run keys, never content",
                "another explanation of tick 3",
            ),
        ),
    ],
)
def test_a_wrong_answer_is_located_without_the_right_one(
    exercise: str, answer: object, facts: tuple[str, str]
) -> None:
    """The verdict says what was seen, and in which direction to look."""
    verdict = judge(EXERCISES[exercise], (answer,))
    assert verdict.outcome is Outcome.NOT_YET
    assert tuple(value for _, value in verdict.facts[1:]) == facts


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("3.1", answer_3_1("sensor", "schedule", "schedule", "schedule", "schedule")),
        ("3.1", answer_3_1("schedule", "sensor", "sensor", "schedule", "schedule")),
        ("3.1", answer_3_1("schedule", "sensor", "schedule", "sensor", "schedule")),
        ("3.4", {"a": 3, "b": 5, "c": 6, "d": 9}),
        ("3.4", {"a": 9, "b": 5, "c": 6, "d": 9}),
        ("3.4", {"a": 10, "b": 10, "c": 6, "d": 9}),
        ("3.4", {"a": 10, "b": 5, "c": 6, "d": 10}),
    ],
)
def test_a_wrong_answer_may_show_no_belief(exercise: str, answer: dict[str, object]) -> None:
    """For example, two sensors do not show that the learner wants a sensor for every source."""
    verdict = judge(EXERCISES[exercise], (answer,))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert dict(verdict.facts)["Seen"]


@pytest.mark.parametrize("name", SOURCES)
def test_the_verdict_quotes_the_task(name: str) -> None:
    """It quotes what decides word for word from the line of this source."""
    right = answer_3_1("schedule", "sensor", "schedule", "sensor", "sensor")
    wrong = right | {name: "sensor" if right[name] == "schedule" else "schedule"}
    seen = dict(judge(EXERCISES["3.1"], (wrong,)).facts)["Seen"]
    found = re.match(rf'{name}, "(.+)": ', seen)
    assert found
    [line_of_source] = [
        line for line in EXERCISES["3.1"].task.splitlines() if line.startswith(f"- **{name}** ")
    ]
    assert found[1] in line_of_source
