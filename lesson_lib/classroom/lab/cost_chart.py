"""The chart of what loading costs: a line for each way of loading, on two logarithmic axes."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import cycle

from lesson_lib.classroom.display.svg import make_svg
from lesson_lib.classroom.lab.cost_lines import CostLine, format_duration, round_to_two_digits

_WIDTH, _MIN_HEIGHT = 700, 400  # pixels; many labels, or long ones, take more
_LEFT, _RIGHT, _BELOW, _ABOVE = 76, 186, 58, 12  # pixels around the axes

# Readable on white and on black, and distinct for any kind of colour vision; each also has its own marker.
_COLORS = ("#2f7fd6", "#c9570c", "#1f8a5b", "#a259b0", "#787878", "#8f7500")
_MARKERS = (
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5l5 9h-10z",
    "M0 -5.5l5.5 5.5l-5.5 5.5l-5.5 -5.5z",
    "M0 5l5 -9h-10z",
    "M-1.5 -5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5v-3h3.5z",
)

_LABEL_LENGTH, _MAX_LABEL_LINES = 16, 3  # characters of a line, and lines
_LINE_HEIGHT, _GAP = 18, 9  # pixels of a label's line, and between two labels
_LEGEND_HEIGHT = 48  # pixels below the labels
_TICKS = (
    *(10.0**power for power in range(-4, 2)),
    *(60.0, 600.0, 3_600.0, 36_000.0, 86_400.0, 864_000.0, 8_640_000.0),
)


@dataclass(frozen=True)
class _Scale:
    """A logarithmic axis."""

    low: float
    high: float
    start: float  # the pixel of `low`
    length: float  # in pixels; negative for an axis that goes up

    def place(self, value: float) -> float:
        return self.start + math.log(value / self.low) / math.log(self.high / self.low) * self.length


@dataclass
class _Label:
    """The label at the end of a line."""

    line: CostLine
    color: str
    marker: str
    center: float  # in pixels from the top

    @property
    def texts(self) -> list[str]:
        name = textwrap.wrap(self.line.way, _LABEL_LENGTH, max_lines=_MAX_LABEL_LINES, placeholder=" …")
        return [*name, self.line.format_time(self.line.end[0])]

    @property
    def height(self) -> float:
        return _LINE_HEIGHT * len(self.texts)


def draw_chart(lines: Sequence[CostLine], description: str) -> str:
    """Draw the lines as SVG, named by the description."""
    labels = [
        _Label(line, color, marker, 0)
        for line, color, marker in zip(lines, cycle(_COLORS), cycle(_MARKERS), strict=False)
    ]
    taken = sum(label.height + _GAP for label in labels)
    height = max(_MIN_HEIGHT, _BELOW + _ABOVE + _LEGEND_HEIGHT + taken)
    x, y = _make_scales(lines, height)
    parts = [*_draw_axes(lines, x, y)]
    for label in labels:
        parts += _draw_line(label, x, y)
    parts += _draw_labels(labels, x, y, height)
    return make_svg("lesson-chart", description, _WIDTH, height, "".join(parts))


def _list_values(lines: Sequence[CostLine]) -> tuple[list[int], list[float]]:
    """Return all numbers of customers and all times in seconds, the extrapolated ends included."""
    points = [point for line in lines for point in (*line.seconds.items(), line.end)]
    return [customers for customers, _ in points], [seconds for _, seconds in points]


def _make_scales(lines: Sequence[CostLine], height: float) -> tuple[_Scale, _Scale]:
    numbers, times = _list_values(lines)
    x = _Scale(min(numbers) / 1.5, max(numbers) * 1.5, _LEFT, _WIDTH - _LEFT - _RIGHT)
    return x, _Scale(min(times) / 2, max(times) * 2, height - _BELOW, _BELOW + _ABOVE - height)


def _draw_axes(lines: Sequence[CostLine], x: _Scale, y: _Scale) -> Iterator[str]:
    numbers, times = _list_values(lines)
    powers = [10**power for power in range(int(math.log10(x.high)) + 1) if 10**power >= x.low]
    ticks = [tick for tick in _TICKS if y.low <= tick <= y.high]
    # All values may lie between two ticks.
    if len(powers) <= 1:
        powers = sorted({*numbers})
    if len(ticks) <= 1:
        ticks = sorted(map(round_to_two_digits, times))
    for number in powers:
        place = x.place(number)
        yield f'<path class="lesson-grid" d="M{place:.1f} {_ABOVE}V{y.start:.1f}"/>'
        yield _write(place, y.start + 22, f"{number:,}", "middle")
    for tick in ticks:
        place = y.place(tick)
        yield f'<path class="lesson-grid" d="M{_LEFT} {place:.1f}h{x.length:.1f}"/>'
        yield _write(_LEFT - 8, place + 4, format_duration(tick), "end")
    yield _write(_LEFT + x.length / 2, y.start + 46, "customers", "middle")


def _draw_line(label: _Label, x: _Scale, y: _Scale) -> Iterator[str]:
    points = [(x.place(number), y.place(seconds)) for number, seconds in label.line.seconds.items()]
    style = f'fill="none" stroke="{label.color}" stroke-width="2.2"'
    yield f'<path {style} d="{_join_points(points)}"/>'
    if label.line.is_extrapolated:
        customers, seconds = label.line.end
        end = (x.place(customers), y.place(seconds))
        yield f'<path {style} stroke-dasharray="5 4" d="{_join_points([points[-1], end])}"/>'
        yield _draw_marker(label, *end, is_filled=False)
    for point in points:
        yield _draw_marker(label, *point)


def _join_points(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _draw_marker(label: _Label, x: float, y: float, *, is_filled: bool = True) -> str:
    fill = f'fill="{label.color}"' if is_filled else f'class="lesson-open" stroke="{label.color}"'
    return f'<path transform="translate({x:.1f} {y:.1f})" {fill} d="{label.marker}"/>'


def _draw_labels(labels: Sequence[_Label], x: _Scale, y: _Scale, height: float) -> Iterator[str]:
    """Draw the labels to the right of the axes, each as near to the end of its line as possible."""
    right = _LEFT + x.length
    is_extrapolated = any(label.line.is_extrapolated for label in labels)
    for label in labels:
        label.center = y.place(label.line.end[1])
    lowest = height - _BELOW - (_LEGEND_HEIGHT if is_extrapolated else 0)
    _spread_out(labels, _ABOVE, lowest)
    for label in labels:
        customers, seconds = label.line.end
        start = f"{x.place(customers) + 7:.1f} {y.place(seconds):.1f}"
        yield f'<path class="lesson-leader" d="M{start}L{right + 12:.1f} {label.center:.1f}"/>'
        yield _draw_marker(label, right + 19, label.center)
        top = label.center - label.height / 2 + 13
        for number, text in enumerate(label.texts):
            yield _write(right + 30, top + number * _LINE_HEIGHT, text)
    if is_extrapolated:
        yield _write(right + 12, height - _BELOW - 18, "solid: measured")
        yield _write(right + 12, height - _BELOW, "dashed: estimated")


def _spread_out(labels: Sequence[_Label], top: float, bottom: float) -> None:
    """Move labels down, and then up, until none covers another."""
    by_height = sorted(labels, key=lambda label: label.center)
    for label in by_height:
        label.center = max(label.center, top + label.height / 2)
        top = label.center + label.height / 2 + _GAP
    for label in reversed(by_height):
        label.center = min(label.center, bottom - label.height / 2)
        bottom = label.center - label.height / 2 - _GAP


def _write(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
