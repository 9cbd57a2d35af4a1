"""The board of a verdict."""

import pytest

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.exercises.catalogue import MISCONCEPTIONS
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.verdict import Verdict
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected


def test_not_yet_shows_the_scenario_and_the_belief() -> None:
    """What was seen and expected comes first, and then the truth, the claim and a cell that shows it."""
    identifier, belief = next(iter(MISCONCEPTIONS.items()))
    facts = (("Scenario", "acme is loaded twice."), ("Seen", "16 rows"), ("Expected", "8 rows"))
    verdict = Verdict("2.3", Outcome.NOT_YET, facts, identifier)
    lines = repr(verdict).splitlines()
    assert lines[:6] == [
        "! Exercise 2.3: not yet",
        "  Scenario: acme is loaded twice.",
        "  Seen: 16 rows",
        "  Expected: 8 rows",
        f"  {belief.truth}",
        f"  ✗ You may have assumed that {belief.claim}.",
    ]
    assert all(line.strip() in repr(verdict) for line in belief.cell.splitlines())


def test_each_other_outcome_has_a_text_and_a_sign() -> None:
    """A verdict on an exception also shows the learner's own line."""
    assert repr(Verdict("1.1", Outcome.NOT_ATTEMPTED, lines=("Put your answer there.",))) == (
        "○ Exercise 1.1: not attempted\n  Put your answer there."
    )
    raised = Verdict(
        "1.2", Outcome.RAISED, (("Raised", "ValueError: no luck"), ("Where", "line 3: raise ..."))
    )
    assert repr(raised) == (
        "✗ Exercise 1.2: your code raised\n  Raised: ValueError: no luck\n  Where: line 3: raise ..."
    )
    assert repr(Verdict("1.2", Outcome.RIGHT, lines=("Keep it.",))) == "✓ Exercise 1.2: right\n  Keep it."


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_learners_text_is_escaped(name: str) -> None:
    """It is escaped in every part of the board, and a long text is shortened."""
    html = render_html(Verdict(name, Outcome.RAISED, ((name, name),), lines=(name,)).board())
    assert find_injected(html) == []
    assert len(html.encode()) < 20_000
