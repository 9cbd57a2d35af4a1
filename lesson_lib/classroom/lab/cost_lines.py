"""The chart of what loading costs: one line for each way of loading, drawn by matplotlib into a PNG."""

import io
import logging
import math
import textwrap
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from typing import Any

WIDTH = 700  # in CSS pixels, like all lengths here without another unit
_MIN_HEIGHT = 400  # many labels, or long ones, take more
_LEFT, _RIGHT, _BELOW, _ABOVE = 76, 186, 58, 12  # around the axes
_PIXELS_PER_CSS_PIXEL = 2
_CSS_PIXELS_PER_INCH = 100

# Dark enough on white, and distinct for any kind of colour vision; each also has its own marker.
_COLOURS = ("#0060a8", "#c24a00", "#00735a", "#8f3a78", "#5a5a5a", "#7a6000")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_INK, _PALE_INK, _GRID = "#1f2328", "#57606a", "#d8dee4"

_LABEL_WIDTH = 16  # characters
_MAX_LABEL_LINES = 3
_LINE_HEIGHT, _GAP = 19, 9  # of a label, and the space between two labels
_LEGEND_HEIGHT = 48  # below the labels

_UNITS = (("ms", 0.001), ("s", 1.0), ("min", 60.0), ("h", 3_600.0), ("days", 86_400.0))
_TICKS = (
    *(10.0**power for power in range(-4, 2)),
    *(60.0, 600.0, 3_600.0, 36_000.0, 86_400.0, 864_000.0, 8_640_000.0),
)


@dataclass(frozen=True)
class CostLine:
    """The time that one way of loading takes."""

    way: str
    seconds: Mapping[int, float]  # measured, by the number of customers, in that order
    up_to: int  # customers up to which the line is extrapolated from its last points

    @property
    def last(self) -> int:
        """The largest number of customers that was measured."""
        return max(self.seconds)

    @property
    def is_extrapolated(self) -> bool:
        """Whether the line continues beyond the last measurement."""
        return self.up_to > self.last

    @property
    def end(self) -> tuple[int, float]:
        """The end of the line: customers and seconds."""
        customers = max(self.up_to, self.last)
        return customers, self._estimate(customers)

    def format_time(self, customers: int) -> str:
        """Format the time of a number of customers: `4.8 s`, or `≈ 22 min` for an estimate, or nothing."""
        if customers in self.seconds:
            return format_duration(self.seconds[customers])
        return f"≈ {format_duration(self._estimate(customers))}" if customers > self.last else ""

    def _estimate(self, customers: int) -> float:
        """Extrapolate from what each further customer cost last; the first ones also paid for the start."""
        *before, (last, taken) = self.seconds.items()
        number, seconds = before[-1] if before else (0, 0.0)
        if taken <= seconds:  # by chance; then estimate in proportion
            number, seconds = 0, 0.0
        return taken + (taken - seconds) / (last - number) * (customers - last)


def format_duration(seconds: float) -> str:
    """Format seconds with two digits and a fitting unit: `0.4 ms`, `4.8 s`, `22 min`, `1.5 h`."""
    # The largest unit of which there is at least one; a tenth of a second is enough.
    fitting = [
        (name, size)
        for name, size in _UNITS
        if _round_to_two_digits(seconds / size) >= (0.1 if name == "s" else 1)
    ]
    name, size = fitting[-1] if fitting else _UNITS[0]
    number = _round_to_two_digits(seconds / size)
    digits = f"{number:,.0f}" if number >= 10 else f"{number:.10f}".rstrip("0").rstrip(".")  # noqa: PLR2004 - two digits
    return f"{digits} {'day' if (name, digits) == ('days', '1') else name}"


def _round_to_two_digits(number: float) -> float:
    return float(f"{number:.1e}")


def draw_chart(lines: Sequence[CostLine]) -> bytes:
    """Draw the lines into a PNG, or raise a ModuleNotFoundError if matplotlib is not installed."""
    with _import_figure() as Figure:  # noqa: N806 - matplotlib's own name
        labels = [_Label(*each) for each in zip(lines, cycle(_COLOURS), cycle(_MARKERS), strict=False)]
        taken = sum(label.height + _GAP for label in labels)
        height = max(_MIN_HEIGHT, _BELOW + _ABOVE + _LEGEND_HEIGHT + taken)
        size = WIDTH / _CSS_PIXELS_PER_INCH, height / _CSS_PIXELS_PER_INCH
        figure = Figure(figsize=size, facecolor="white")
        inner = WIDTH - _LEFT - _RIGHT, height - _BELOW - _ABOVE
        axes = figure.add_axes((_LEFT / WIDTH, _BELOW / height, inner[0] / WIDTH, inner[1] / height))
        _draw_axes(axes, lines)
        for label in labels:
            _draw_line(axes, label)
        _draw_labels(axes, labels, *inner)
        file = io.BytesIO()
        figure.savefig(
            file, format="png", dpi=_CSS_PIXELS_PER_INCH * _PIXELS_PER_CSS_PIXEL, metadata={"Software": None}
        )
        return file.getvalue()


class _Label:
    """The label at the end of a line: its marker, its name and its time."""

    def __init__(self, line: CostLine, colour: str, marker: str) -> None:
        self.line, self.colour, self.marker = line, colour, marker
        name = textwrap.wrap(line.way, _LABEL_WIDTH, max_lines=_MAX_LABEL_LINES, placeholder=" …")
        self.text = "\n".join([*name, line.format_time(line.end[0])])
        self.height = _LINE_HEIGHT * (len(name) + 1)
        self.centre = 0.0  # above the lower end of the axes


@contextmanager
def _import_figure() -> Iterator[Any]:
    """Yield matplotlib's `Figure`, which needs no pyplot; the learner's own settings do not apply to it.

    Warnings of matplotlib, such as those about its caches and fonts, are not shown.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        try:
            import matplotlib as mpl  # noqa: PLC0415 - takes a second, and only the extra `lab` installs it
            from matplotlib.figure import Figure  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "The chart is drawn by matplotlib, which is not installed. Install the course with its extra "
                "`lab`, as in: pip install 'irregular-partitions[lab]'. What was measured is kept."
            ) from error

        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mpl.rcdefaults()
            yield Figure
    finally:
        logger.setLevel(level)


def _draw_axes(axes: Any, lines: Sequence[CostLine]) -> None:  # noqa: ANN401 - matplotlib is not imported here
    numbers = [number for line in lines for number in (*line.seconds, line.end[0])]
    seconds = [each for line in lines for each in (*line.seconds.values(), line.end[1])]
    low, high = min(numbers) / 1.5, max(numbers) * 1.5
    bottom, top = min(seconds) / 2, max(seconds) * 2
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(bottom, top))
    powers = [10**power for power in range(int(math.log10(high)) + 1) if 10**power >= low]
    # All numbers may lie between two powers of ten.
    x_ticks = powers if len(powers) > 1 else sorted({*numbers})
    axes.set_xticks(x_ticks, [f"{number:,}" for number in x_ticks])
    ticks = [tick for tick in _TICKS if bottom <= tick <= top]
    ticks = ticks if len(ticks) > 1 else sorted({_round_to_two_digits(each) for each in seconds})
    axes.set_yticks(ticks, [format_duration(tick) for tick in ticks])
    axes.minorticks_off()
    axes.tick_params(labelsize=11, colors=_PALE_INK, length=0, pad=6)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.set_xlabel("customers", fontsize=12, color=_INK, labelpad=6)


def _draw_line(axes: Any, label: _Label) -> None:  # noqa: ANN401 - as above
    line = label.line
    style = {"color": label.colour, "marker": label.marker, "markersize": 8}
    axes.plot(list(line.seconds), list(line.seconds.values()), linewidth=2.2, **style)
    if line.is_extrapolated:
        style |= {"linewidth": 1.8, "linestyle": (0, (4, 3))}
        style |= {"markerfacecolor": "white", "markeredgewidth": 1.8, "markevery": [1]}
        customers, seconds = line.end
        axes.plot([line.last, customers], [line.seconds[line.last], seconds], **style)


def _draw_labels(axes: Any, labels: Sequence[_Label], width: float, height: float) -> None:  # noqa: ANN401 - as above
    """Draw the labels to the right of the axes, each as near to the end of its line as possible."""
    outside = {"transform": axes.transAxes, "clip_on": False}
    small = {"fontsize": 10.5, "color": _PALE_INK, "va": "bottom", "linespacing": 1.4}
    large = {"fontsize": 11.5, "color": _INK, "va": "center", "linespacing": 1.25, "parse_math": False}
    leader = {"arrowstyle": "-", "color": _PALE_INK, "linewidth": 1, "linestyle": ":", "shrinkB": 6}
    is_extrapolated = any(label.line.is_extrapolated for label in labels)
    if is_extrapolated:
        axes.text(1 + 12 / width, 0, "solid: measured\ndashed: reckoned", **small, **outside)
    bottom, top = map(math.log, axes.get_ylim())
    for label in labels:
        label.centre = (math.log(label.line.end[1]) - bottom) / (top - bottom) * height
    _spread_out(labels, _LEGEND_HEIGHT if is_extrapolated else 0, height)
    for label in labels:
        up = label.centre / height
        axes.annotate("", label.line.end, (1 + 12 / width, up), textcoords=axes.transAxes, arrowprops=leader)
        axes.plot([1 + 19 / width], [up], color=label.colour, marker=label.marker, markersize=8, **outside)
        axes.text(1 + 30 / width, up, label.text, **large, **outside)


def _spread_out(labels: Sequence[_Label], low: float, high: float) -> None:
    """Move labels up, and then down, until none covers another."""
    by_height = sorted(labels, key=lambda label: label.centre)
    for label in by_height:
        label.centre = max(label.centre, low + label.height / 2)
        low = label.centre + label.height / 2 + _GAP
    for label in reversed(by_height):
        label.centre = min(label.centre, high - label.height / 2)
        high = label.centre - label.height / 2 - _GAP
