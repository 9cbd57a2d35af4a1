"""A stopwatch for ways to load customers, and the chart that compares what they cost."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lesson_lib.classroom.display.board import Board, Line, Picture, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.safe_text import counted, plain
from lesson_lib.classroom.display.text import as_text
from lesson_lib.classroom.lab.cost_lines import WIDTH, CostLine, drawn

_LONGEST_WAY = 60  # characters
_SHORTEST = 1e-4  # seconds; a coarse clock may see none at all, which no logarithmic axis can show


class Stopwatch:
    """Notes how long each way of loading takes for how many customers."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """Begin without a measurement.

        Args:
            clock: tells the time in seconds, counted from any moment.
        """
        self._clock = clock
        self._seconds: dict[str, dict[int, float]] = {}

    @contextmanager
    def __call__(self, way: str, *, customers: int) -> Iterator[None]:
        """Note how long the body takes; in the place of what was noted of this way and number before.

        A body that raises leaves everything as it was noted before.

        Args:
            way: what is measured, in a few words, such as `one run a key`.
            customers: how many the body loads.

        Raises:
            ValueError: the way is no text, or this is no number of customers.
        """
        if not isinstance(way, str) or not way.strip():
            raise ValueError(
                f"A stopwatch takes the way in words first, not {way!r}. "
                'Write with watch("one run a key", customers=30): ...'
            )
        _require_number("customers", customers)
        began = self._clock()
        yield
        self._seconds.setdefault(way.strip(), {})[customers] = max(self._clock() - began, _SHORTEST)

    def chart(self, up_to: int = 10_000) -> "CostChart":
        """Draw what was noted: seconds against customers, both on logarithmic scales, a line for each way.

        Args:
            up_to: how many customers to go on to from the last measurements of each way: in proportion from
                one; from more, by what each customer more has cost between the last two.

        Raises:
            ValueError: nothing was noted yet, or this is no number of customers.
            ModuleNotFoundError: matplotlib is not installed.
        """
        _require_number("up_to", up_to)
        if not self._seconds:
            raise ValueError(
                "The stopwatch has noted nothing yet, so there is nothing to draw. "
                'Time something first: with watch("one run a key", customers=30): ...'
            )
        lines = [
            CostLine(plain(way, _LONGEST_WAY), dict(sorted(seconds.items())), up_to)
            for way, seconds in self._seconds.items()
        ]
        return CostChart(lines, drawn(lines))

    def __repr__(self) -> str:
        """Return what was timed; the seconds differ each time, and are in the chart."""
        timed = [f"{way}: {_listed(seconds)}" for way, seconds in self._seconds.items()]
        return "\n  ".join(["stopwatch", *timed]) if timed else "stopwatch (nothing noted yet)"


@dataclass(frozen=True, repr=False)
class CostChart(Displayable):
    """What each way costs, as a picture and as a table.

    `print` writes the table; shown as plain text, as in a notebook's diff, it has no measured number in it.

    Attributes:
        lines: one for each way, in the order in which they were measured.
        png: the picture.
    """

    lines: Sequence[CostLine]
    png: bytes

    def board(self) -> Board:
        """Describe the picture, and the numbers in it."""
        table = Table("Time by the number of customers (≈: reckoned, not measured)", *self._cells())
        return Board(_TITLE, [Picture(self.png, WIDTH, self._told()), table])

    def __repr__(self) -> str:
        """Return what was compared, without what was measured."""
        measured = [Line(f"{line.way}: {_listed(line.seconds)}") for line in self.lines]
        return as_text(Board(_TITLE, measured))

    def __str__(self) -> str:
        """Return the table."""
        return as_text(self.board())

    def _cells(self) -> tuple[Sequence[str], Sequence[Sequence[Line]]]:
        """Return the columns, one for each number of customers, and the rows, one for each way."""
        rows = [
            [Line(line.way), *(Line(line.told(number) or "-") for number in self._numbers)]
            for line in self.lines
        ]
        return ["way", *(f"{number:,}" for number in self._numbers)], rows

    def _times(self, line: CostLine) -> Iterator[str]:
        for number in self._numbers:
            if told := line.told(number):
                yield f"{told} for {number:,}"

    @property
    def _numbers(self) -> list[int]:
        return sorted({number for line in self.lines for number in line.numbers})

    def _told(self) -> str:
        """Say in words all that the picture shows."""
        ways = "; ".join(f"{line.way}: {', '.join(self._times(line))}" for line in self.lines)
        return (
            f"Chart of the time against the number of customers, both on logarithmic scales. {ways}. "
            "≈: reckoned, not measured."
        )


_TITLE = "What loading customers costs"


def _require_number(name: str, number: object) -> None:
    if type(number) is not int or number < 1:
        raise ValueError(f"{name} is a number of customers, not {number!r}. Write {name}=1_000, for example.")


def _listed(seconds: Mapping[int, float]) -> str:
    *others, last = sorted(seconds)
    return f"measured for {''.join(f'{number:,}, ' for number in others)}{counted(last, 'customer')}"
