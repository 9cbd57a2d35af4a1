"""A board is what an object shows, as data: a title and blocks. `render_html` and `render_text` draw it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import singledispatch
from itertools import compress, groupby


class Mark(Enum):
    """The state of a thing, by a sign that stands beside words, never alone."""

    GOOD = "✓"
    BAD = "✗"
    ODD = "!"
    OPEN = "○"


@dataclass(frozen=True)
class Line:
    """A sentence, with a mark if it is a verdict; an empty one is not drawn."""

    text: str
    mark: Mark | None = None
    link: str = ""  # where the text leads, such as `#a-heading` or `02_reload_safely.ipynb`


@dataclass(frozen=True)
class Facts:
    """Names and values, such as an asset's metadata; if there are none, nothing is drawn."""

    pairs: Sequence[tuple[str, str]]

    @classmethod
    def of_known(cls, *pairs: tuple[str, str]) -> "Facts":
        """Omit the pairs whose value is empty."""
        return cls([(name, value) for name, value in pairs if value])


@dataclass(frozen=True)
class Table:
    """Rows under named columns, of which the first names the row; without rows, nothing is drawn."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Line]]

    def with_gap(self, left_out: int) -> "Table":
        """Insert a row before the last one that says how many were left out there, if any."""
        if not left_out:
            return self
        gap = [Line(f"… {left_out:,} more"), *[Line("")] * (len(self.columns) - 1)]
        return replace(self, rows=[*self.rows[:-1], gap, *self.rows[-1:]])

    def without_empty_columns(self) -> "Table":
        """Omit the columns that are empty in all rows, except for a first one, and fill other empty cells."""
        has_text = [any(row[column].text for row in self.rows) for column in range(len(self.columns))]
        has_text[0] |= not any(has_text)
        rows = [
            [Line(cell.text or "none", cell.mark) for cell in compress(row, has_text)] for row in self.rows
        ]
        return Table(self.caption, list(compress(self.columns, has_text)), rows)


@dataclass(frozen=True)
class Box:
    """One asset, step or other thing in a picture with arrows."""

    name: str
    outcome: Line
    facts: Sequence[tuple[str, str]] = ()
    lines: Sequence[Line] = ()
    after: Sequence[str] = ()  # the names of the boxes from which arrows come
    is_lit: bool = False  # whether it is emphasized


@dataclass(frozen=True)
class Graph:
    """Boxes, each of which comes after all those that it needs; without boxes, nothing is drawn."""

    boxes: Sequence[Box]


@dataclass(frozen=True)
class Loop:
    """Stages that follow one another again and again; without boxes, nothing is drawn."""

    boxes: Sequence[Box]  # each comes after the one before it, whatever `after` says
    start: str  # the name of the box where the next round begins
    again: str  # what leads back to it, such as `the next tick`


@dataclass(frozen=True)
class Segment:
    """Keys that stand side by side in the same state."""

    label: str  # the state
    count: int  # how many keys
    mark: Mark


def group_keys(states: Iterable[tuple[str, Mark]]) -> list[Segment]:
    """Group keys that stand side by side in the same state, which is given by its label and mark."""
    return [Segment(label, sum(1 for _ in same), mark) for (label, mark), same in groupby(states)]


@dataclass(frozen=True)
class Strip:
    """Keys in their order, as Dagster's UI draws the health of partitions; a single key is not drawn."""

    caption: str  # what the keys are, such as `5 keys in the order of their registration`
    segments: Sequence[Segment]
    ends: tuple[str, str] | None = None  # the first key and the last, written below the strip
    is_in_text: bool = True  # False if a table beside it says the same

    def count_states(self) -> list[Segment]:
        """Return how many keys are in each state, in the order in which the states first occur."""
        states: dict[str, Segment] = {}
        for segment in self.segments:
            count = segment.count + (states[segment.label].count if segment.label in states else 0)
            states[segment.label] = replace(segment, count=count)
        return [segment for segment in states.values() if segment.count]


@dataclass(frozen=True)
class Fold:
    """A text of many lines behind a summary, one click deep."""

    summary: str  # what is behind it
    text: str
    unfolded: Sequence[str] = ()  # the lines that the text output shows, which has no folds
    is_open: bool = False  # whether the text is visible from the start


@dataclass(frozen=True)
class Picture:
    """A drawing whose facts are also in another block, which the text output shows instead."""

    svg: str


Block = Line | Facts | Table | Graph | Loop | Strip | Fold | Picture


@dataclass(frozen=True)
class Board:
    """Everything that an object shows."""

    title: str  # the one sentence for readers in a hurry, and the name that a screen reader says
    blocks: Sequence[Block] = ()  # the parts below it
    mark: Mark | None = None  # the state of the whole


@singledispatch
def describe(value: object) -> Board | None:
    """Describe a value as a board, or return None if IPython shows it well. Views register their types."""
    raise TypeError(f"A {type(value).__name__} has no board.")
