"""A board as plain text: what a terminal, a diff and nbval see."""

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from lesson_lib.classroom.display.board import Block, Board, Box, Facts, Fold, Graph, Line, Picture, Table
from lesson_lib.classroom.display.safe_text import plain

_INDENT = "  "
_WIDTH = 100  # columns, for sentences and facts; a table is as wide as it is


def as_text(board: Board) -> str:
    """Return the board as lines of text, without a final line break."""
    title = Line(board.title, board.mark)
    return "\n".join([_line(title), *(_INDENT + line for block in board.blocks for line in _block(block))])


def _block(block: Block) -> Iterator[str]:
    match block:
        case Line():
            yield from _wrapped(_line(block))
        case Facts():
            yield from _facts(block.of)
        case Table():
            yield from _table(block)
        case Graph():
            for box in block.boxes:
                yield from _box(box)
        case Fold():
            yield from _fold(block)
        case Picture():
            pass


def _line(line: Line) -> str:
    return f"{line.mark.value} {plain(line.text)}" if line.mark else plain(line.text)


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, subsequent_indent=_INDENT * 2, break_long_words=False, break_on_hyphens=False
    )


def _facts(facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    for name, value in facts:
        yield from _wrapped(f"{plain(name)}: {plain(value)}".rstrip())


def _fold(fold: Fold) -> Iterator[str]:
    if fold.unfolded:
        yield f"{plain(fold.summary)}:"
        yield from (_INDENT + plain(line) for line in fold.unfolded)


def _box(box: Box) -> Iterator[str]:
    after = f", after {', '.join(map(plain, box.after))}" if box.after else ""
    mark = f"{box.outcome.mark.value} " if box.outcome.mark else ""
    yield f"{mark}{plain(box.name)}: {plain(box.outcome.text)}{after}"
    yield from (_INDENT * 2 + fact for fact in _facts(box.facts))
    yield from (_INDENT * 2 + part for line in box.lines for part in _wrapped(_line(line)))


def _table(table: Table) -> Iterator[str]:
    rows = [[plain(name) for name in table.columns], *([_line(cell) for cell in row] for row in table.rows)]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    if table.caption:
        yield plain(table.caption)
    for row in rows:
        cells = (text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        yield (_INDENT + _INDENT.join(cells)).rstrip()


def _width(text: str) -> int:
    """Return how many columns of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)
