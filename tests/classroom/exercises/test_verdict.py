"""What a verdict shows."""

import pytest

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.exercises.catalogue import MISCONCEPTIONS
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.verdict import Verdict
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected


def test_not_yet_names_the_scenario_and_the_belief_behind_it() -> None:
    """What was seen and expected first; then what is true, why, and a cell to see it with."""
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
        f"  ✗ Not so: {belief.claim}",
    ]
    assert all(line.strip() in repr(verdict) for line in belief.cell.splitlines())


def test_the_other_outcomes_say_what_they_are() -> None:
    """A word and a sign for each, and the learner's own line where there is one."""
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
def test_what_a_learner_raised_is_only_text(name: str) -> None:
    """In every place of the board."""
    html = render_html(Verdict(name, Outcome.RAISED, ((name, name),), lines=(name,)).board())
    assert find_injected(html) == []
    assert len(html.encode()) < 20_000
