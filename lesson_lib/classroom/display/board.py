"""What an object shows of itself, as data: a title and blocks. `as_text` and `as_html` draw it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum


class Mark(Enum):
    """How something stands. The sign is shown beside words, never alone."""

    GOOD = "✓"
    BAD = "✗"
    ODD = "!"
    OPEN = "○"


@dataclass(frozen=True)
class Line:
    """A sentence, with a mark where it is a verdict."""

    text: str
    mark: Mark | None = None


@dataclass(frozen=True)
class Facts:
    """Names and values, such as an asset's metadata."""

    of: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Table:
    """Rows under named columns; the first cell of a row is its name."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Line]]

    def with_gap(self, left_out: int) -> "Table":
        """Say before the last row how many were left out there; nothing where none was."""
        if not left_out:
            return self
        gap = [Line(f"… {left_out:,} more"), *[Line("")] * (len(self.columns) - 1)]
        return replace(self, rows=[*self.rows[:-1], gap, *self.rows[-1:]])


@dataclass(frozen=True)
class Box:
    """One asset or job of a graph."""

    name: str
    outcome: Line
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[Line] = ()
    after: Sequence[str] = ()


@dataclass(frozen=True)
class Graph:
    """Boxes in an order in which each comes after all those that it needs."""

    boxes: Sequence[Box]


@dataclass(frozen=True)
class Fold:
    """A text of many lines behind a summary, one click deep.

    Attributes:
        summary: what lies behind it.
        text: the lines.
        unfolded: what of it stands in the text output, which has no folds.
        is_open: whether it shows its text until it is closed.
    """

    summary: str
    text: str
    unfolded: Sequence[str] = ()
    is_open: bool = False


@dataclass(frozen=True)
class Picture:
    """A drawing, on a ground of its own, so that it can be read in both themes.

    Attributes:
        png: the file's bytes.
        width: how wide it is shown, in CSS pixels, where there is room.
        told: all that it says, in words; the text output has no picture, and no words for it.
    """

    png: bytes
    width: int
    told: str


Block = Line | Facts | Table | Graph | Fold | Picture


@dataclass(frozen=True)
class Board:
    """All that an object shows.

    Attributes:
        title: the one sentence to read where there is time for one; also the name that a screen reader says.
        blocks: what stands below it.
        mark: how it stands, on the whole.
    """

    title: str
    blocks: Sequence[Block] = ()
    mark: Mark | None = None
