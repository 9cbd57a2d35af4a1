"""The board of a backfill: how many keys it loaded, and which it refused, and why."""

from lesson_lib.classroom.display.board import Board, Line, Mark, Segment, Strip, Table, describe
from lesson_lib.classroom.display.safe_text import format_count, join_lines, keep_ends, shorten_name
from lesson_lib.pipeline import Backfill

_MAX_ROWS = 20


@describe.register
def _describe_backfill(backfill: Backfill) -> Board:
    loaded, unchanged, refused = map(len, (backfill.loaded, backfill.unchanged, backfill.refused))
    rows = format_count(sum(backfill.loaded.values()), "row")
    title = f"Backfill of {format_count(loaded + unchanged + refused, 'key')}: {loaded:,} loaded"
    why_unchanged = " Unchanged keys were loaded before from the same file." if unchanged else ""
    remark = Line(f"It loaded {rows}.{why_unchanged}")
    strip = Strip(
        "The keys by outcome",
        [
            Segment("loaded", loaded, Mark.GOOD),
            Segment("unchanged", unchanged, Mark.OPEN),
            Segment("refused", refused, Mark.BAD),
        ],
    )
    if not refused:
        return Board(title, [strip, remark], Mark.GOOD)
    kept = keep_ends(list(backfill.refused.items()), _MAX_ROWS)
    reasons = [(Line(shorten_name(key)), Line(join_lines(reason))) for key, reason in kept]
    table = Table("", ("refused", "why"), reasons).with_gap(refused - len(kept))
    next_move = Line("Correct these files and call backfill again. It skips what is already loaded.")
    return Board(f"{title}, {refused:,} refused", [strip, remark, table, next_move], Mark.ODD)
