"""The board of a backfill: how many keys it loaded, and which it refused, and why."""

from lesson_lib.classroom.display.board import Board, Facts, Line, Mark, Table, describe
from lesson_lib.classroom.display.safe_text import format_count, join_lines, keep_ends, shorten_name
from lesson_lib.pipeline import Backfill

_MAX_ROWS = 20


@describe.register
def _describe_backfill(backfill: Backfill) -> Board:
    loaded, unchanged, refused = map(len, (backfill.loaded, backfill.unchanged, backfill.refused))
    rows = sum(backfill.loaded.values())
    facts = [
        ("loaded", f"{format_count(loaded, 'key')}, with {format_count(rows, 'row')}"),
        ("unchanged", f"{format_count(unchanged, 'key')}, loaded before from the same file"),
        ("refused", format_count(refused, "key")),
    ]
    title = f"Backfill of {format_count(loaded + unchanged + refused, 'key')}: {loaded:,} loaded"
    if not refused:
        return Board(title, [Facts(facts)], Mark.GOOD)
    kept = keep_ends(list(backfill.refused.items()), _MAX_ROWS)
    reasons = [(Line(shorten_name(key)), Line(join_lines(reason))) for key, reason in kept]
    table = Table("", ("refused", "why"), reasons).with_gap(refused - len(kept))
    next_move = Line("Correct these files, and call backfill again: it leaves out what is loaded.")
    return Board(f"{title}, {refused:,} refused", [Facts(facts), table, next_move], Mark.ODD)
