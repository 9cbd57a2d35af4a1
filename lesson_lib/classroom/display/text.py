"""Draw a board as plain text, which terminals, diffs and nbval show."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from lesson_lib.classroom.display.board import Block, Board, Box, Facts, Fold, Graph, Line, Picture, Table
from lesson_lib.classroom.display.safe_text import make_plain

_INDENT = "  "
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
        case Fold(unfolded=[_, *_]):
            yield f"{make_plain(block.summary)}:"
            yield from (_INDENT + make_plain(line) for line in block.unfolded)
        case Table() | Fold() | Picture():
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


def _render_box(box: Box) -> Iterator[str]:
    after = f", after {', '.join(map(make_plain, box.after))}" if box.after else ""
    mark = f"{box.outcome.mark.value} " if box.outcome.mark else ""
    yield f"{mark}{make_plain(box.name)}: {make_plain(box.outcome.text)}{after}"
    yield from (_INDENT * 2 + fact for fact in _render_facts(box.facts))
    yield from (_INDENT * 2 + part for line in box.lines for part in _wrap(_render_line(line)))


def _render_table(table: Table) -> Iterator[str]:
    rows = [list(map(make_plain, table.columns)), *(list(map(_render_line, row)) for row in table.rows)]
    widths = [max(map(_measure_width, column)) for column in zip(*rows, strict=True)]
    if table.caption:
        yield make_plain(table.caption)
    for row in rows:
        cells = (text + " " * (width - _measure_width(text)) for text, width in zip(row, widths, strict=True))
        yield (_INDENT + _INDENT.join(cells)).rstrip()


def _measure_width(text: str) -> int:
    """Return the number of a terminal's columns that the text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)
