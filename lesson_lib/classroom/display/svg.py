"""Draw graphs, loops and strips of keys as SVG that takes its colours from the theme of the page.

The pictures contain no script, link, font or id, so the same board is the same text on every machine, and two
boards on one page do not interfere. What they show is also in words: in their name for screen readers, and in
the text output. `board.css` has their colours.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from itertools import accumulate, pairwise
from typing import NamedTuple

from lesson_lib.classroom.display.board import Box, Loop, Mark, Segment, Strip
from lesson_lib.classroom.display.safe_text import escape_invisible, make_plain, measure_width, shorten_name

_BOX_HEIGHT, _COLUMN_GAP, _ROW_GAP, _PADDING = 46, 40, 14, 12  # pixels
_LOOP_GAP = 24  # between the columns of a loop, which has many
_NAME_WIDTH, _CHARACTER_WIDTH = 8.4, 7.6  # pixels a character, bold and not, of a wide font at 13 pixels
_MAX_TEXT_LENGTH = 42  # characters in a box
_STRIP_WIDTH, _STRIP_HEIGHT, _LABEL_HEIGHT = 640, 18, 20  # pixels
_MAX_BUCKETS = 320  # of a strip; more keys share a bucket
_MIN_WIDTH = 4  # of a segment in a rarer state, so that a single key is seen
_MAX_CUTS = 60  # keys that are set apart
_HATCH_STEP = 6  # pixels between two lines


class _Place(NamedTuple):
    """Where a box is drawn, in pixels."""

    x: float
    y: float
    width: float


def draw_lineage(boxes: Sequence[Box]) -> str:
    """Draw boxes from left to right, each to the right of all that it needs, with arrows from those."""
    places, arrows = _lay_out_boxes(boxes)
    drawn = "".join(map(_draw_arrow, arrows)) + "".join(_draw_box(box, places[box.name]) for box in boxes)
    points = [place for arrow in arrows for place in arrow] + list(places.values())
    width = max(place.x + place.width for place in points) + 1
    height = max(place.y for place in points) + _BOX_HEIGHT + 1
    return make_svg("lesson-lineage", "; ".join(map(_describe_box, boxes)), width, height, drawn)


def draw_loop(loop: Loop) -> str:
    """Draw boxes from left to right, and an arrow from the last one back to that of the next round."""
    names = [box.name for box in loop.boxes]
    chain = [replace(box, after=[before]) for box, before in zip(loop.boxes, ["", *names[:-1]], strict=True)]
    places, arrows = _lay_out_boxes(chain, _LOOP_GAP)
    first, last = places[loop.start], places[names[-1]]
    x1, x2, y = first.x + first.width / 2, last.x + last.width / 2, _BOX_HEIGHT + 0.5
    back = _draw_path(f"M{x2:g} {y:g}v14H{x1:g}v-14", f"M{x1:g} {y:g}l-4.5 8h9z")
    label = f'<text x="{x1 + 8:g}" y="{y + 28:g}">{escape(loop.again)}</text>'
    drawn = "".join(map(_draw_arrow, arrows)) + back + label
    drawn += "".join(_draw_box(box, places[box.name]) for box in chain)
    name = f"{', then '.join(map(_describe_box, loop.boxes))}; {loop.again}: again from {loop.start}"
    return make_svg("lesson-lineage", name, last.x + last.width + 1, y + 34, drawn)


def draw_strip(name: str, strip: Strip) -> str:
    """Draw a bar, in which the keys stand in their order, those in the same state side by side as one."""
    segments = [segment for segment in strip.segments if segment.count]
    ranks = _rank_marks(segments)
    # Those that matter most last, because they cover their neighbours.
    parts = sorted(_lay_out_segments(segments, ranks), key=lambda part: ranks.index(part[0]))
    drawn = "".join(_draw_segment(*part, _MIN_WIDTH if part[0] is not ranks[0] else 0) for part in parts)
    total = sum(segment.count for segment in segments)
    if total <= _MAX_CUTS:
        cuts = "".join(f"M{_STRIP_WIDTH * key / total:g} 0v{_STRIP_HEIGHT}" for key in range(1, total))
        drawn += f'<path class="lesson-cut" d="{cuts}"/>'
    frame = f'<rect class="lesson-frame" width="{_STRIP_WIDTH}" height="{_STRIP_HEIGHT}"/>'
    height = _STRIP_HEIGHT
    if strip.ends:
        first, last = (escape(_shorten(end)) for end in strip.ends)
        height += _LABEL_HEIGHT
        drawn += f'<text y="{height - 4}">{first}</text>'
        drawn += f'<text x="{_STRIP_WIDTH}" y="{height - 4}" text-anchor="end">{last}</text>'
    return make_svg("lesson-strip", name, _STRIP_WIDTH, height, drawn + frame)


def make_svg(kind: str, name: str, width: float, height: float, content: str) -> str:
    """Return a picture of this size in pixels, with a name for screen readers."""
    label = escape(name, quote=True)
    return (
        f'<svg class="{kind}" role="img" aria-label="{label}" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}">{content}</svg>'
    )


def _lay_out_boxes(
    boxes: Sequence[Box], gap: float = _COLUMN_GAP
) -> tuple[Mapping[str, _Place], Sequence[Sequence[_Place]]]:
    """Place each box in the column after the last of those that it needs, and lay out the arrows.

    Returns:
        The place of each box by its name, and for each arrow the places that it connects. One that skips a
        column passes it at a place of its own.
    """
    columns: dict[str, int] = {}
    for box in boxes:  # each comes after all those that it needs
        columns[box.name] = max((columns[name] + 1 for name in box.after if name in columns), default=0)
    widths = [0.0] * (max(columns.values()) + 1)
    for box in boxes:
        widths[columns[box.name]] = max(widths[columns[box.name]], _measure(box))
    edges = list(accumulate((width + gap for width in widths), initial=0.5))
    rows = [0] * len(widths)

    def take_place(column: int) -> _Place:
        rows[column] += 1
        y = 0.5 + (rows[column] - 1) * (_BOX_HEIGHT + _ROW_GAP)
        return _Place(edges[column], y, widths[column])

    places = {box.name: take_place(columns[box.name]) for box in boxes}
    arrows = [
        [
            places[name],
            *map(take_place, range(columns[name] + 1, columns[box.name])),
            places[box.name],
        ]
        for box in boxes
        for name in box.after
        if name in places
    ]
    return places, arrows


def _measure(box: Box) -> float:
    name = measure_width(_shorten(box.name)) * _NAME_WIDTH
    outcome = measure_width(f"  {_shorten(box.outcome.text)}") * _CHARACTER_WIDTH
    return max(name, outcome) + 2 * _PADDING


def _shorten(text: str) -> str:
    """Cut a text to what fits into a box; the description of the picture has more of it."""
    plain = escape_invisible(text[: _MAX_TEXT_LENGTH + 1])
    return plain if len(plain) <= _MAX_TEXT_LENGTH else f"{plain[: _MAX_TEXT_LENGTH - 1]}…"


def _describe_box(box: Box) -> str:
    parts = [make_plain(shorten_name(box.name)), make_plain(box.outcome.text)]
    described = ": ".join(filter(None, parts))
    if box.after:
        described += f", after {' and '.join(make_plain(shorten_name(name)) for name in box.after)}"
    return f"{described} (highlighted)" if box.is_lit else described


def _draw_box(box: Box, place: _Place) -> str:
    mark = f"lesson-{box.outcome.mark.name.lower()}" if box.outcome.mark else "lesson-plain"
    mark += " lesson-lit" if box.is_lit else ""
    x = place.x + _PADDING
    rect = f'<rect x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{_BOX_HEIGHT}" rx="6"/>'
    name_y = place.y + (19 if box.outcome.text else 28)
    texts = f'<text class="lesson-name" x="{x:g}" y="{name_y:g}">{escape(_shorten(box.name))}</text>'
    if box.outcome.text:
        sign = f"<tspan>{box.outcome.mark.value}</tspan> " if box.outcome.mark else ""
        texts += f'<text x="{x:g}" y="{place.y + 36:g}">{sign}{escape(_shorten(box.outcome.text))}</text>'
    return f'<g class="{mark}">{rect}{texts}</g>'


def _draw_arrow(places: Sequence[_Place]) -> str:
    path = ""
    for start, end in pairwise(places):
        x1, y1 = start.x + start.width, start.y + _BOX_HEIGHT / 2
        x2, y2 = end.x, end.y + _BOX_HEIGHT / 2
        middle = (x1 + x2) / 2
        path += f"{'L' if path else 'M'}{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"
    head = f"M{x2:g} {y2:g}l-8 -4.5v9z"
    return _draw_path(path, head)


def _draw_path(path: str, head: str) -> str:
    return f'<path class="lesson-arrow" d="{path}"/><path class="lesson-head" d="{head}"/>'


def _rank_marks(segments: Sequence[Segment]) -> Sequence[Mark]:
    """Sort the marks: of several keys that share a bucket, the last one of these is drawn."""
    counts = Counter({Mark.GOOD: 0, Mark.OPEN: 0})
    for segment in segments:
        if segment.mark in counts:
            counts[segment.mark] += segment.count
    common, rare = (mark for mark, _ in counts.most_common())
    return common, rare, Mark.ODD, Mark.BAD


def _lay_out_segments(
    segments: Sequence[Segment], ranks: Sequence[Mark]
) -> Iterator[tuple[Mark, float, float]]:
    """Yield the parts of a strip, each with its mark and its edges in pixels."""
    total = sum(segment.count for segment in segments)
    if total <= _MAX_BUCKETS:
        edges = accumulate((segment.count for segment in segments), initial=0)
        for segment, (first, last) in zip(segments, pairwise(edges), strict=True):
            yield segment.mark, first * _STRIP_WIDTH / total, last * _STRIP_WIDTH / total
        return
    worst = [ranks[0]] * _MAX_BUCKETS
    position = 0
    for segment in segments:
        first = position * _MAX_BUCKETS // total
        position += segment.count
        for bucket in range(first, (position - 1) * _MAX_BUCKETS // total + 1):
            worst[bucket] = max(worst[bucket], segment.mark, key=ranks.index)
    size, begun = _STRIP_WIDTH / _MAX_BUCKETS, 0
    for bucket in range(1, _MAX_BUCKETS + 1):
        if bucket == _MAX_BUCKETS or worst[bucket] is not worst[begun]:
            yield worst[begun], begun * size, bucket * size
            begun = bucket


def _draw_segment(mark: Mark, first: float, last: float, min_width: float) -> str:
    """Draw a segment: solid if good, hatched if odd or bad, in two directions, and low if open."""
    last = min(max(last, first + min_width), _STRIP_WIDTH)
    first = min(first, last - min_width)
    top = _STRIP_HEIGHT * 0.65 if mark is Mark.OPEN else 0
    rect = f'<rect x="{first:g}" y="{top:g}" width="{last - first:g}" height="{_STRIP_HEIGHT - top:g}"/>'
    lines = ""
    if mark in {Mark.BAD, Mark.ODD}:
        slope = _HATCH_STEP if mark is Mark.BAD else -_HATCH_STEP
        for number in range(int((last - first) // _HATCH_STEP)):
            x = first + number * _HATCH_STEP + (0 if slope > 0 else _HATCH_STEP)
            lines += f"M{x:g} {_STRIP_HEIGHT}l{slope} -{_STRIP_HEIGHT}"
    hatch = f'<path d="{lines}"/>' if lines else ""
    return f'<g class="lesson-{mark.name.lower()}">{rect}{hatch}</g>'
