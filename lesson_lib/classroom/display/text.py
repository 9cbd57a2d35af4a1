"""Draw a board as plain text, which terminals, diffs and nbval show."""

import textwrap
from collections.abc import Iterator, Sequence

from lesson_lib.classroom.display.board import (
    Block,
    Board,
    Box,
    Facts,
    Fold,
    Graph,
    Line,
    Loop,
    Picture,
    Strip,
    Table,
)
from lesson_lib.classroom.display.safe_text import make_plain, measure_width

_INDENT = "  "
_MAX_SIGNS = 40  # keys of a strip; of more, only the numbers are written
_UNBROKEN = "\N{NO-BREAK SPACE}"  # keeps the words of a stage on one line
_WIDTH = 100  # columns, for sentences and facts; a table is as wide as its cells


def render_text(board: Board) -> str:
    """Return the board as lines of text, without a final line break."""
    blocks = (_INDENT + line for block in board.blocks for line in _render_block(block))
    return "\n".join([_render_line(Line(board.title, board.mark)), *blocks])


def _render_block(block: Block) -> Iterator[str]:
    match block:
        case Line():
            yield from _wrap(_render_line(block))
        case Facts():
            yield from _render_facts(block.pairs)
        case Table() if block.rows:
            yield from _render_table(block)
        case Graph():
            for box in block.boxes:
                yield from _render_box(box)
        case Loop(boxes=[_, *_]):
            stages = [_render_stage(box).replace(" ", _UNBROKEN) for box in block.boxes]
            yield from (line.replace(_UNBROKEN, " ") for line in _wrap(" → ".join(stages)))
        case Strip(is_in_text=True) if sum(segment.count for segment in block.segments) > 1:
            yield from _render_strip(block)
        case Fold(unfolded=[_, *_]):
            yield f"{make_plain(block.summary)}:"
            yield from (_INDENT + make_plain(line) for line in block.unfolded)
        case Table() | Loop() | Strip() | Fold() | Picture():
            pass


def _render_line(line: Line) -> str:
    return f"{line.mark.value} {make_plain(line.text)}" if line.mark else make_plain(line.text)


def _wrap(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=_INDENT * 2, break_long_words=False, break_on_hyphens=False
    )


def _render_facts(pairs: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in pairs:
        yield from _wrap(f"{make_plain(name)}: {make_plain(value)}".rstrip())


def _render_stage(box: Box) -> str:
    mark = f"{box.outcome.mark.value} " if box.outcome.mark else ""
    return f"{mark}{make_plain(box.name)}: {make_plain(box.outcome.text)}"


def _render_box(box: Box) -> Iterator[str]:
    after = f", after {', '.join(map(make_plain, box.after))}" if box.after else ""
    yield f"{'→ ' if box.is_lit else ''}{_render_stage(box)}{after}"
    yield from (_INDENT * 2 + fact for fact in _render_facts(box.facts))
    yield from (_INDENT * 2 + part for line in box.lines for part in _wrap(_render_line(line)))


def _render_strip(strip: Strip) -> Iterator[str]:
    """Write a sign for each key if they fit into a line, and how many keys are in each state."""
    signs = "".join(segment.mark.value * segment.count for segment in strip.segments)
    states = ", ".join(f"{state.mark.value} {state.label} {state.count:,}" for state in strip.count_states())
    ends = f", {make_plain(strip.ends[0])} to {make_plain(strip.ends[1])}" if strip.ends else ""
    yield from _wrap(f"{make_plain(strip.caption)}{ends}: {signs if len(signs) <= _MAX_SIGNS else states}")
    if len(signs) <= _MAX_SIGNS:
        yield from _wrap(_INDENT + states)


def _render_table(table: Table) -> Iterator[str]:
    rows = [list(map(make_plain, table.columns)), *(list(map(_render_line, row)) for row in table.rows)]
    widths = [max(map(measure_width, column)) for column in zip(*rows, strict=True)]
    if table.caption:
        yield make_plain(table.caption)
    for row in rows:
        cells = (text + " " * (width - measure_width(text)) for text, width in zip(row, widths, strict=True))
        yield (_INDENT + _INDENT.join(cells)).rstrip()
