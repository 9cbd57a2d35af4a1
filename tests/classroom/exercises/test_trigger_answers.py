"""What notebook 03 says of answers that are none, and of wrong ones."""

import re

import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.outcome import Outcome

SOURCES = ("exchange", "customers", "report", "invoices", "export")


def triggers(*words: str) -> dict[str, str]:
    """Return an answer to 3.1."""
    return dict(zip(SOURCES, words, strict=True))


@pytest.mark.parametrize(
    ("exercise", "answer", "said"),
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
def test_what_is_no_answer_is_told_what_would_be_one(exercise: str, answer: object, said: str) -> None:
    """It counts as no attempt."""
    verdict = judge(EXERCISES[exercise], (answer,))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert said in " ".join(verdict.lines)


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
            triggers("schedule", "sensor", "sensor", "sensor", "sensor"),
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
def test_a_wrong_answer_is_told_where_and_not_the_right_one(
    exercise: str, answer: object, facts: tuple[str, str]
) -> None:
    """What was seen, and which way to look."""
    verdict = judge(EXERCISES[exercise], (answer,))
    assert verdict.outcome is Outcome.NOT_YET
    assert tuple(value for _, value in verdict.facts[1:]) == facts


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("3.1", triggers("sensor", "schedule", "schedule", "schedule", "schedule")),
        ("3.1", triggers("schedule", "sensor", "sensor", "schedule", "schedule")),
        ("3.1", triggers("schedule", "sensor", "schedule", "sensor", "schedule")),
        ("3.4", {"a": 3, "b": 5, "c": 6, "d": 9}),
        ("3.4", {"a": 9, "b": 5, "c": 6, "d": 9}),
        ("3.4", {"a": 10, "b": 10, "c": 6, "d": 9}),
        ("3.4", {"a": 10, "b": 5, "c": 6, "d": 10}),
    ],
)
def test_no_belief_is_named_that_the_answer_does_not_show(exercise: str, answer: dict[str, object]) -> None:
    """Two sensors do not say that sensors suit every source, nor line 3 that ticks begin from nothing."""
    verdict = judge(EXERCISES[exercise], (answer,))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert dict(verdict.facts)["Seen"]


@pytest.mark.parametrize("name", SOURCES)
def test_what_decides_is_quoted_from_the_task(name: str) -> None:
    """Word for word, and from what is told of this source."""
    right = triggers("schedule", "sensor", "schedule", "sensor", "sensor")
    wrong = right | {name: "sensor" if right[name] == "schedule" else "schedule"}
    said = dict(judge(EXERCISES["3.1"], (wrong,)).facts)["Seen"]
    found = re.match(rf'{name}, "(.+)": ', said)
    assert found
    [told] = [line for line in EXERCISES["3.1"].task.splitlines() if line.startswith(f"- **{name}** ")]
    assert found[1] in told
