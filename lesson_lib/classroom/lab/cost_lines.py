"""The chart of what loading costs: a line for each way, drawn by matplotlib into a PNG."""

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

WIDTH = 700  # CSS pixels, as are all lengths here that name no other unit
_HEIGHT = 400  # at least: the labels of many ways, or of long names, take more
_LEFT, _RIGHT, _BELOW, _ABOVE = 76, 186, 58, 12  # around the axes
_DENSITY = 2  # pixels of the file for each
_INCH = 100

# Dark enough for a white ground, and told apart with any kind of colour vision; each also has its marker.
_COLOURS = ("#0060a8", "#c24a00", "#00735a", "#8f3a78", "#5a5a5a", "#7a6000")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_INK, _QUIET, _GRID = "#1f2328", "#57606a", "#d8dee4"

_LABEL = 16  # characters of a line of a label
_LABEL_LINES = 3
_LINE, _GAP = 19, 9  # the height of a line of a label, and the space between two labels
_LEGEND = 48  # the height of what is said below the labels

_UNITS = (("ms", 0.001), ("s", 1.0), ("min", 60.0), ("h", 3_600.0), ("days", 86_400.0))
_TICKS = (
    *(10.0**power for power in range(-4, 2)),
    *(60.0, 600.0, 3_600.0, 36_000.0, 86_400.0, 864_000.0, 8_640_000.0),
)


@dataclass(frozen=True)
class CostLine:
    """How long one way takes.

    Attributes:
        way: its name.
        seconds: how many it took, by the number of customers, in the order of these.
        up_to: the number of customers to which the line goes on, reckoned from its last points.
    """

    way: str
    seconds: Mapping[int, float]
    up_to: int

    @property
    def last(self) -> int:
        """The largest number of customers that was measured."""
        return max(self.seconds)

    @property
    def goes_on(self) -> bool:
        """Whether the line goes beyond what was measured."""
        return self.up_to > self.last

    @property
    def numbers(self) -> list[int]:
        """The numbers of customers of which a time is known or expected."""
        return [*self.seconds, self.up_to] if self.goes_on else list(self.seconds)

    @property
    def end(self) -> tuple[int, float]:
        """Where the line ends: customers and seconds."""
        customers = max(self.up_to, self.last)
        return customers, self._reckoned(customers)

    def told(self, customers: int) -> str:
        """Write how long so many take: `4.8 s`, `≈ 22 min` if that is reckoned, nothing if not known."""
        if customers in self.seconds:
            return duration(self.seconds[customers])
        return f"≈ {duration(self._reckoned(customers))}" if customers > self.last else ""

    def _reckoned(self, customers: int) -> float:
        """Go on with what each customer more has cost lately: the first ones paid for the start as well."""
        *before, (last, taken) = self.seconds.items()
        number, seconds = before[-1] if before else (0, 0.0)
        if taken <= seconds:  # by chance; then in proportion
            number, seconds = 0, 0.0
        return taken + (taken - seconds) / (last - number) * (customers - last)


def duration(seconds: float) -> str:
    """Write seconds with two digits and a unit that suits them: `0.4 ms`, `4.8 s`, `22 min`, `1.5 h`."""
    # The largest unit of which there is one at least; of seconds, a tenth is enough.
    enough = ((name, size, 0.1 if name == "s" else 1) for name, size in reversed(_UNITS))
    name, size = next(
        ((name, size) for name, size, least in enough if _two_digits(seconds / size) >= least), _UNITS[0]
    )
    number = _two_digits(seconds / size)
    told = f"{number:,.0f}" if number >= 10 else f"{number:.10f}".rstrip("0").rstrip(".")  # noqa: PLR2004 - two digits
    return f"{told} {'day' if (name, told) == ('days', '1') else name}"


def _two_digits(number: float) -> float:
    return float(f"{number:.1e}")


def drawn(lines: Sequence[CostLine]) -> bytes:
    """Draw the lines.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    with _matplotlib() as figure_of:
        taken = sum(_LINE * len(_text_of(line)) + _GAP for line in lines)
        height = max(_HEIGHT, _BELOW + _ABOVE + _LEGEND + taken)
        figure = figure_of((WIDTH / _INCH, height / _INCH))
        inner = WIDTH - _LEFT - _RIGHT, height - _BELOW - _ABOVE
        axes = figure.add_axes((_LEFT / WIDTH, _BELOW / height, inner[0] / WIDTH, inner[1] / height))
        _draw_axes(axes, lines)
        labels = []
        for line, colour, marker in zip(lines, cycle(_COLOURS), cycle(_MARKERS), strict=False):
            _draw_line(axes, line, colour, marker)
            labels.append(_Label(line, colour, marker, _height_of(axes, line) * inner[1]))
        _draw_labels(axes, labels, inner)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=_INCH * _DENSITY, metadata={"Software": None})
        return file.getvalue()


@contextmanager
def _matplotlib() -> Iterator[Any]:
    """Give what makes a figure: by itself, without pyplot, and whatever the learner has set for their own.

    What matplotlib says of its caches, or of a letter that its font lacks, is nothing for the page.
    """
    logger = logging.getLogger("matplotlib")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        try:
            import matplotlib as mpl  # noqa: PLC0415 - it takes a second, and only the extra `lab` installs it
            from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - as above
            from matplotlib.figure import Figure  # noqa: PLC0415 - as above
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError(
                "The chart is drawn by matplotlib, which is not installed. Install the course with its extra "
                "`lab`, as in: pip install 'irregular-partitions[lab]'. What was measured is kept."
            ) from error

        def figure_of(size: tuple[float, float]) -> Figure:
            figure = Figure(figsize=size, facecolor="white")
            FigureCanvasAgg(figure)
            return figure

        with mpl.rc_context(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            mpl.rcdefaults()
            yield figure_of
    finally:
        logger.setLevel(level)


def _draw_axes(axes: Any, lines: Sequence[CostLine]) -> None:  # noqa: ANN401 - matplotlib is not loaded here
    numbers = [number for line in lines for number in line.seconds] + [line.end[0] for line in lines]
    seconds = [each for line in lines for each in line.seconds.values()] + [line.end[1] for line in lines]
    axes.set(xscale="log", yscale="log")
    axes.set_xlim(min(numbers) / 1.5, max(numbers) * 1.5)
    axes.set_ylim(min(seconds) / 2, max(seconds) * 2)
    low, high = axes.get_xlim()
    powers = [10**power for power in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    # One number of customers lies between two powers of ten.
    shown = powers if len(powers) > 1 else sorted({*numbers})
    axes.set_xticks(shown, [f"{number:,}" for number in shown])
    bottom, top = axes.get_ylim()
    ticks = [tick for tick in _TICKS if bottom <= tick <= top]
    ticks = ticks if len(ticks) > 1 else sorted({_two_digits(each) for each in seconds})
    axes.set_yticks(ticks, [duration(tick) for tick in ticks])
    axes.minorticks_off()
    axes.tick_params(labelsize=11, colors=_QUIET, length=0, pad=6)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left", "bottom"]].set_visible(False)
    axes.set_xlabel("customers", fontsize=12, color=_INK, labelpad=6)


def _draw_line(axes: Any, line: CostLine, colour: str, marker: str) -> None:  # noqa: ANN401 - as above
    numbers, seconds = list(line.seconds), list(line.seconds.values())
    axes.plot(numbers, seconds, color=colour, linewidth=2.2, marker=marker, markersize=8)
    if line.goes_on:
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
    """What stands at the end of a line: its marker, its name and its time, each of these on lines of its own.

    Attributes:
        line: the line.
        colour: its colour.
        marker: its marker.
        centre: how high above the lower end of the axes the label is to stand.
    """

    line: CostLine
    colour: str
    marker: str
    centre: float

    @property
    def height(self) -> float:
        """How high the text is."""
        return _LINE * len(_text_of(self.line))


def _text_of(line: CostLine) -> list[str]:
    """Return the name, in as many lines as it takes, and the time."""
    name = textwrap.wrap(line.way, _LABEL, max_lines=_LABEL_LINES, placeholder=" …")
    return [*name, line.told(line.end[0])]


def _height_of(axes: Any, line: CostLine) -> float:  # noqa: ANN401 - as above
    """Return where a line ends, as a part of the height of the axes."""
    bottom, top = map(math.log, axes.get_ylim())
    return (math.log(line.end[1]) - bottom) / (top - bottom)


def _draw_labels(axes: Any, labels: Sequence[_Label], inner: tuple[float, float]) -> None:  # noqa: ANN401 - as above
    """Write the labels to the right of the axes, each as near to its line's end as the others let it."""
    width, height = inner
    style = {"transform": axes.transAxes, "clip_on": False}
    goes_on = any(label.line.goes_on for label in labels)
    if goes_on:
        told = "solid: measured\ndashed: reckoned"
        axes.text(1 + 12 / width, 0, told, fontsize=10.5, color=_QUIET, va="bottom", linespacing=1.4, **style)
    _spread(labels, _LEGEND if goes_on else 0, height)
    for label in labels:
        across, up = 1 + 19 / width, label.centre / height
        axes.annotate(
            "",
            label.line.end,
            (1 + 12 / width, up),
            textcoords=axes.transAxes,
            arrowprops={"arrowstyle": "-", "color": _QUIET, "linewidth": 1, "linestyle": ":", "shrinkB": 6},
        )
        axes.plot([across], [up], color=label.colour, marker=label.marker, markersize=8, **style)
        told = "\n".join(_text_of(label.line))
        across = 1 + 30 / width
        axes.text(
            across,
            up,
            told,
            fontsize=11.5,
            color=_INK,
            va="center",
            linespacing=1.25,
            parse_math=False,
            **style,
        )


def _spread(labels: Sequence[_Label], low: float, high: float) -> None:
    """Move labels up, and then down, until none covers another one."""
    by_height = sorted(labels, key=lambda label: label.centre)
    for label in by_height:
        label.centre = max(label.centre, low + label.height / 2)
        low = label.centre + label.height / 2 + _GAP
    for label in reversed(by_height):
        label.centre = min(label.centre, high - label.height / 2)
        high = label.centre - label.height / 2 - _GAP
