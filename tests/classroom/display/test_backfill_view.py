"""What a backfill shows of itself."""

import pytest

from lesson_lib.classroom.display import describe
from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from lesson_lib.pipeline import Backfill
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

MANY = [f"customer-{number:04}" for number in range(1, 1_001)]


def make_board(backfill: Backfill) -> Board:
    """Return the board that a notebook shows."""
    board = describe(backfill)
    assert board
    return board


def test_numbers_and_the_reason_of_each_refusal() -> None:
    """A backfill shows its numbers, and the reason for each refused key without local folders."""
    why = "'customer-0002' has no file: customer-0002.csv is not in /srv/jo/source. Put it there."
    backfill = Backfill(dict.fromkeys(MANY[2:], 8), MANY[:1], {MANY[1]: why})
    assert render_text(make_board(backfill)).splitlines() == [
        "! Backfill of 1,000 keys: 998 loaded, 1 refused",
        "  The keys by outcome: ✓ loaded 998, ○ unchanged 1, ✗ refused 1",
        "  It loaded 7,984 rows. Unchanged keys were loaded before from the same file.",
        "    refused        why",
        "    customer-0002  'customer-0002' has no file: customer-0002.csv is not in …/source. Put it there.",
        "  Correct these files and call backfill again. It skips what is already loaded.",
    ]


def test_where_nothing_was_refused_there_is_no_table() -> None:
    """Without refused keys there is neither a table nor a next move."""
    assert render_text(make_board(Backfill({}, MANY, {}))).splitlines() == [
        "✓ Backfill of 1,000 keys: 0 loaded",
        "  The keys by outcome: ○ unchanged 1,000",
        "  It loaded 0 rows. Unchanged keys were loaded before from the same file.",
    ]


def test_a_thousand_refusals_are_shortened() -> None:
    """Of a thousand refused keys, the first ones, the last one and the number in between are shown."""
    board = make_board(Backfill({}, [], dict.fromkeys(MANY, "a reason " * 100)))
    lines = render_text(board).splitlines()
    assert lines[0] == "! Backfill of 1,000 keys: 0 loaded, 1,000 refused"
    assert [line.split("  ")[2] for line in lines[4:-1]] == [*MANY[:19], "… 980 more", MANY[-1]]
    assert len(render_html(board).encode()) < 20_000


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_names(name: str) -> None:
    """A hostile name stays text, as a key and in a reason."""
    html = render_html(make_board(Backfill({name: 8}, [name], {name: name})))
    assert find_injected(html) == []
    assert not {"\u202e", "\x00", "\x1b"} & set(html)
