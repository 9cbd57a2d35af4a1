"""A call of this library with wrong arguments shows how it is meant."""

from collections.abc import Callable

import pytest

from lesson_lib.classroom import draw_range, open_lab, three_records
from lesson_lib.classroom.display.call_view import describe_wrong_call
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.exercises import check
from lesson_lib.pipeline import backfill


def explain(call: Callable[[], object]) -> str:
    """Return the board of the TypeError that a call raises."""
    with pytest.raises(TypeError) as caught:
        call()
    board = describe_wrong_call(caught.value)
    return render_text(board) if board else ""


@pytest.mark.parametrize(
    ("call", "lines"),
    [
        (
            check,
            [
                "How to call check",
                "  Call: check(exercise, *answers)",
                "  What it does: Run your answer against the scenarios of an exercise.",
            ],
        ),
        (lambda: open_lab().bring_in(), ["How to call Lab.bring_in", "  Call: bring_in(arrival)"]),
        (three_records, ["How to call three_records"]),
        (backfill, ["How to call backfill"]),
        (lambda: draw_range(None, "a", "b", "c"), ["How to call draw_range"]),
        (lambda: draw_range(None, begin="a"), ["How to call draw_range"]),
    ],
)
def test_a_wrong_call_shows_the_right_one(call: Callable[[], object], lines: list[str]) -> None:
    """The board has the parameters without their types, and the first sentence of the documentation."""
    assert explain(call).splitlines()[: len(lines)] == lines


def simulate(sensor: object) -> None:
    """Do nothing; the library has another function of this name."""


@pytest.mark.parametrize("call", [simulate, lambda: int("a", "b", "c"), lambda: "".join(1, 2)])
def test_other_calls_are_left_alone(call: Callable[[], object]) -> None:
    """Python's own functions, and the learner's, have messages of their own."""
    assert explain(call) == ""
