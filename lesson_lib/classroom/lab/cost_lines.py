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
    """The time that one way of loading takes.

    Attributes:
        way: its name.
        seconds: the measured seconds by the number of customers, in that order.
        up_to: the number of customers up to which the line is extrapolated from its last points.
    """

    way: str
    seconds: Mapping[int, float]
    up_to: int

    @property
    def last(self) -> int:
        """The largest number of customers that was measured."""
        return max(self.seconds)

    @property
    def is_extrapolated(self) -> bool:
        """Whether the line continues beyond the last measurement."""
        return self.up_to > self.last

    @property
    def numbers(self) -> list[int]:
        """The numbers of customers with a measured or an estimated time."""
        return [*self.seconds, self.up_to] if self.is_extrapolated else list(self.seconds)

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
    enough = ((name, size, 0.1 if name == "s" else 1) for name, size in reversed(_UNITS))
    name, size = next(
        ((name, size) for name, size, least in enough if _round_to_two_digits(seconds / size) >= least),
        _UNITS[0],
    )
    number = _round_to_two_digits(seconds / size)
    digits = f"{number:,.0f}" if number >= 10 else f"{number:.10f}".rstrip("0").rstrip(".")  # noqa: PLR2004 - two digits
    return f"{digits} {'day' if (name, digits) == ('days', '1') else name}"


def _round_to_two_digits(number: float) -> float:
    return float(f"{number:.1e}")


def draw_chart(lines: Sequence[CostLine]) -> bytes:
    """Draw the lines into a PNG.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    with _matplotlib() as make_figure:
        taken = sum(_LINE_HEIGHT * len(_format_label(line)) + _GAP for line in lines)
        height = max(_MIN_HEIGHT, _BELOW + _ABOVE + _LEGEND_HEIGHT + taken)
        figure = make_figure((WIDTH / _CSS_PIXELS_PER_INCH, height / _CSS_PIXELS_PER_INCH))
        inner = WIDTH - _LEFT - _RIGHT, height - _BELOW - _ABOVE
        axes = figure.add_axes((_LEFT / WIDTH, _BELOW / height, inner[0] / WIDTH, inner[1] / height))
        _draw_axes(axes, lines)
        labels = []
        for line, colour, marker in zip(lines, cycle(_COLOURS), cycle(_MARKERS), strict=False):
            _draw_line(axes, line, colour, marker)
            labels.append(_Label(line, colour, marker, _get_end_height(axes, line) * inner[1]))
        _draw_labels(axes, labels, inner)
        file = io.BytesIO()
        figure.savefig(
            file, format="png", dpi=_CSS_PIXELS_PER_INCH * _PIXELS_PER_CSS_PIXEL, metadata={"Software": None}
        )
        return file.getvalue()


@contextmanager
def _matplotlib() -> Iterator[Any]:
    """Yield a function that makes a figure without pyplot and without the learner's own settings.

    Warnings of matplotlib, such as those about its caches and fonts, are not shown.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        try:
            import matplotlib as mpl  # noqa: PLC0415 - takes a second, and only the extra `lab` installs it
            from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
            from matplotlib.figure import Figure  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "The chart is drawn by matplotlib, which is not installed. Install the course with its extra "
                "`lab`, as in: pip install 'irregular-partitions[lab]'. What was measured is kept."
            ) from error

        def make_figure(size: tuple[float, float]) -> Figure:
            figure = Figure(figsize=size, facecolor="white")
            FigureCanvasAgg(figure)
            return figure

        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mpl.rcdefaults()
            yield make_figure
    finally:
        logger.setLevel(level)


def _draw_axes(axes: Any, lines: Sequence[CostLine]) -> None:  # noqa: ANN401 - matplotlib is not imported here
    numbers = [number for line in lines for number in line.seconds] + [line.end[0] for line in lines]
    seconds = [each for line in lines for each in line.seconds.values()] + [line.end[1] for line in lines]
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(min(numbers) / 1.5, max(numbers) * 1.5)
    axes.set_ylim(min(seconds) / 2, max(seconds) * 2)
    low, high = axes.get_xlim()
    powers = [10**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    # All numbers may lie between two powers of ten.
    shown = powers if len(powers) > 1 else sorted({*numbers})
    axes.set_xticks(shown, [f"{number:,}" for number in shown])
    bottom, top = axes.get_ylim()
    ticks = [tick for tick in _TICKS if bottom <= tick <= top]
    ticks = ticks if len(ticks) > 1 else sorted({_round_to_two_digits(each) for each in seconds})
    axes.set_yticks(ticks, [format_duration(tick) for tick in ticks])
    axes.minorticks_off()
    axes.tick_params(labelsize=11, colors=_PALE_INK, length=0, pad=6)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.set_xlabel("customers", fontsize=12, color=_INK, labelpad=6)


def _draw_line(axes: Any, line: CostLine, colour: str, marker: str) -> None:  # noqa: ANN401 - as above
    numbers, seconds = list(line.seconds), list(line.seconds.values())
    axes.plot(numbers, seconds, color=colour, linewidth=2.2, marker=marker, markersize=8)
    if line.is_extrapolated:
        style = {
            "color": colour,
            "linewidth": 1.8,
            "linestyle": (0, (4, 3)),
            "marker": marker,
            "markersize": 8,
        }
        hollow = {"markerfacecolor": "white", "markeredgewidth": 1.8, "markevery": [1]}
        end, at_the_end = line.end
        axes.plot([line.last, end], [seconds[-1], at_the_end], **style, **hollow)


@dataclass
class _Label:
    """The label at the end of a line: its marker, its name and its time.

    Attributes:
        line: the line.
        colour: its colour.
        marker: its marker.
        centre: the height of the label's centre above the lower end of the axes.
    """

    line: CostLine
    colour: str
    marker: str
    centre: float

    @property
    def height(self) -> float:
        """The height of the text."""
        return _LINE_HEIGHT * len(_format_label(self.line))


def _format_label(line: CostLine) -> list[str]:
    """Return the lines of a label: the wrapped name, and the time."""
    name = textwrap.wrap(line.way, _LABEL_WIDTH, max_lines=_MAX_LABEL_LINES, placeholder=" …")
    return [*name, line.format_time(line.end[0])]


def _get_end_height(axes: Any, line: CostLine) -> float:  # noqa: ANN401 - as above
    """Return the height of a line's end, as a fraction of the height of the axes."""
    bottom, top = map(math.log, axes.get_ylim())
    return (math.log(line.end[1]) - bottom) / (top - bottom)


def _draw_labels(axes: Any, labels: Sequence[_Label], inner: tuple[float, float]) -> None:  # noqa: ANN401 - as above
    """Draw the labels to the right of the axes, each as near to the end of its line as possible."""
    width, height = inner
    style = {"transform": axes.transAxes, "clip_on": False}
    is_extrapolated = any(label.line.is_extrapolated for label in labels)
    if is_extrapolated:
        legend = "solid: measured\ndashed: reckoned"
        axes.text(
            1 + 12 / width, 0, legend, fontsize=10.5, color=_PALE_INK, va="bottom", linespacing=1.4, **style
        )
    _spread_out(labels, _LEGEND_HEIGHT if is_extrapolated else 0, height)
    for label in labels:
        across, up = 1 + 19 / width, label.centre / height
        axes.annotate(
            "",
            label.line.end,
            (1 + 12 / width, up),
            textcoords=axes.transAxes,
            arrowprops={
                "arrowstyle": "-",
                "color": _PALE_INK,
                "linewidth": 1,
                "linestyle": ":",
                "shrinkB": 6,
            },
        )
        axes.plot([across], [up], color=label.colour, marker=label.marker, markersize=8, **style)
        axes.text(
            1 + 30 / width,
            up,
            "\n".join(_format_label(label.line)),
            fontsize=11.5,
            color=_INK,
            va="center",
            linespacing=1.25,
            parse_math=False,
            **style,
        )


def _spread_out(labels: Sequence[_Label], low: float, high: float) -> None:
    """Move labels up, and then down, until none covers another."""
    by_height = sorted(labels, key=lambda label: label.centre)
    for label in by_height:
        label.centre = max(label.centre, low + label.height / 2)
        low = label.centre + label.height / 2 + _GAP
    for label in reversed(by_height):
        label.centre = min(label.centre, high - label.height / 2)
        high = label.centre - label.height / 2 - _GAP
