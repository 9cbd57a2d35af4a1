"""A stopwatch for ways to load customers, and the chart that compares what they cost."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from time import perf_counter

from lesson_lib.classroom.display.board import Board, Line, Picture, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.safe_text import format_count, make_plain
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.lab.cost_chart import draw_chart
from lesson_lib.classroom.lab.cost_lines import CostLine
from lesson_lib.classroom.lab.progress_bar import show_activity

_MAX_WAY_LENGTH = 60  # characters
_MANY = 100  # customers, who may take seconds
_MIN_SECONDS = 1e-4  # a coarse clock may measure 0, which a logarithmic axis cannot show


class Stopwatch:
    """Measures how long each way of loading takes for a number of customers."""

    def __init__(self) -> None:
        """Start without a measurement."""
        self._seconds: dict[str, dict[int, float]] = {}

    @contextmanager
    def __call__(self, way: str, *, customers: int) -> Iterator[None]:
        """Measure the body, and replace an earlier measurement of this way and number.

        A body that raises changes nothing. While many customers are loaded, a bar moves below the cell.

        Args:
            way: the name of the way in a few words, such as `one run per key`.
            customers: how many the body loads.

        Raises:
            ValueError: the way is not text, or `customers` is not a positive integer.
        """
        if not isinstance(way, str) or not way.strip():
            raise ValueError(
                f"A stopwatch takes the way in words first, not {way!r}. "
                'Write with watch("one run per key", customers=30): ...'
            )
        _require_number("customers", customers)
        text = f"{make_plain(way, _MAX_WAY_LENGTH)}, {format_count(customers, 'customer')}"
        with show_activity(text) if customers >= _MANY else nullcontext():
            began = perf_counter()
            yield
            seconds = perf_counter() - began
        self._seconds.setdefault(way.strip(), {})[customers] = max(seconds, _MIN_SECONDS)

    def chart(self, up_to: int = 10_000) -> "CostChart":
        """Draw seconds against customers, both on logarithmic scales, with a line for each way.

        Args:
            up_to: the number of customers up to which to extrapolate: from one measurement in proportion,
                from several by the cost of each further customer between the last two.

        Raises:
            ValueError: nothing was measured yet, or `up_to` is not a positive integer.
        """
        _require_number("up_to", up_to)
        if not self._seconds:
            raise ValueError(
                "The stopwatch has measured nothing yet, so there is nothing to draw. "
                'Time something first: with watch("one run per key", customers=30): ...'
            )
        lines = [
            CostLine(make_plain(way, _MAX_WAY_LENGTH), dict(sorted(seconds.items())), up_to)
            for way, seconds in self._seconds.items()
        ]
        return CostChart(lines)

    def __repr__(self) -> str:
        """Return what was timed, without the seconds, which differ each time."""
        timed = [f"{way}: {_format_measured(seconds)}" for way, seconds in self._seconds.items()]
        return "\n  ".join(["stopwatch", *timed]) if timed else "stopwatch (nothing measured yet)"


@dataclass(frozen=True, repr=False)
class CostChart(Displayable):
    """The cost of each way, as a picture and as a table.

    `print` writes the table. The plain text that a notebook stores contains no measured number.
    """

    lines: Sequence[CostLine]  # one for each way, in the order of their measurement

    def board(self) -> Board:
        """Describe the picture and the table."""
        numbers = sorted({number for line in self.lines for number in (*line.seconds, line.end[0])})
        times = [[line.way, *map(line.format_time, numbers)] for line in self.lines]
        ways = "; ".join(
            f"{way}: {', '.join(f'{time} for {n:,}' for n, time in zip(numbers, row, strict=True) if time)}"
            for way, *row in times
        )
        description = (
            f"Chart of the time against the number of customers, both on logarithmic scales. {ways}. "
            "≈: estimated, not measured."
        )
        rows = [[Line(text or "-") for text in row] for row in times]
        caption = "Time by the number of customers (≈: estimated, not measured)"
        table = Table(caption, ["way", *(f"{number:,}" for number in numbers)], rows)
        return Board(_TITLE, [Picture(draw_chart(self.lines, description)), table])

    def __repr__(self) -> str:
        """Return what was compared, without the measured numbers."""
        measured = [Line(f"{line.way}: {_format_measured(line.seconds)}") for line in self.lines]
        return render_text(Board(_TITLE, measured))

    def __str__(self) -> str:
        """Return the table."""
        return render_text(self.board())


_TITLE = "What loading customers costs"


def _require_number(name: str, number: object) -> None:
    if type(number) is not int or number < 1:
        raise ValueError(f"{name} is a number of customers, not {number!r}. Write {name}=1_000, for example.")


def _format_measured(seconds: Mapping[int, float]) -> str:
    *others, last = sorted(seconds)
    return f"measured for {''.join(f'{number:,}, ' for number in others)}{format_count(last, 'customer')}"
