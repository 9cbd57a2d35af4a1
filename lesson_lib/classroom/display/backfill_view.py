"""What a backfill did: how many keys it loaded, and which it refused, and why."""

from collections.abc import Callable, Mapping
from typing import Any

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Mark, Table
from lesson_lib.classroom.display.safe_text import LONGEST_NAME, both_ends, counted, in_a_line, shortened
from lesson_lib.pipeline import Backfill

_MOST_ROWS = 20


def backfill_board(backfill: Backfill) -> Board:
    """Describe what became of the keys: numbers, and a table of the refused ones."""
    loaded, unchanged, refused = map(len, (backfill.loaded, backfill.unchanged, backfill.refused))
    rows = sum(backfill.loaded.values())
    blocks: list[Block] = [
        Facts(
            [
                ("loaded", f"{counted(loaded, 'key')}, with {counted(rows, 'row')}"),
                ("unchanged", f"{counted(unchanged, 'key')}, loaded before from the same file"),
                ("refused", counted(refused, "key")),
            ]
        )
    ]
    if refused:
        blocks += [_refusals(backfill.refused), Line(_NEXT)]
    told = f"Backfill of {counted(loaded + unchanged + refused, 'key')}: {loaded:,} loaded"
    return Board(
        f"{told}, {refused:,} refused" if refused else told, blocks, Mark.ODD if refused else Mark.GOOD
    )


_NEXT = "Correct these files, and call backfill again: it leaves out what is loaded."


def _refusals(refused: Mapping[str, str]) -> Table:
    shown = both_ends(list(refused.items()), _MOST_ROWS)
    rows = [(Line(shortened(key, LONGEST_NAME)), Line(in_a_line(why))) for key, why in shown]
    return Table("", ("refused", "why"), rows).with_gap(len(refused) - len(shown))


BOARDS: Mapping[type, Callable[[Any], Board]] = {Backfill: backfill_board}
