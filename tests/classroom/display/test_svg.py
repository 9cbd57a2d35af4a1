"""Pictures: where boxes, arrows and keys are drawn, and what their descriptions say."""

import re

import pytest

from lesson_lib.classroom.display.board import Board, Box, Graph, Line, Loop, Mark, Segment, Strip
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.svg import draw_lineage, draw_loop, draw_strip

BOXES = [
    Box("orders", Line("materialized", Mark.GOOD)),
    Box("customers", Line("failed", Mark.BAD)),
    Box("joined", Line("not run", Mark.OPEN), after=["orders", "customers"]),
    Box("report", Line(""), after=["joined", "orders", "elsewhere"]),
]


def find_places(svg: str) -> dict[str, tuple[float, float]]:
    """Return the left upper corner of each box by its name."""
    boxes = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)".*?lesson-name[^>]*>([^<]+)<', svg)
    return {name: (float(x), float(y)) for x, y, name in boxes}


def test_each_box_is_to_the_right_of_those_that_it_needs() -> None:
    """Boxes of a column stand below each other, and each known need has an arrow."""
    svg = draw_lineage(BOXES)
    places = find_places(svg)
    assert places["orders"][0] == places["customers"][0] < places["joined"][0] < places["report"][0]
    assert places["orders"][1] < places["customers"][1]
    assert svg.count('class="lesson-arrow"') == 4
    assert (
        'aria-label="orders: materialized; customers: failed; joined: not run, after orders and customers; '
        'report, after joined and orders and elsewhere"'
    ) in svg


def test_an_arrow_passes_the_boxes_between_its_ends() -> None:
    """An arrow that skips a column has a place of its own there, below the box."""
    svg = draw_lineage(BOXES)
    [path] = [path for path in re.findall(r'class="lesson-arrow" d="([^"]+)"', svg) if "L" in path]
    passing = float(re.search(r"L[\d.]+ ([\d.]+)C", path)[1])
    assert passing > find_places(svg)["joined"][1] + 46


def test_a_loop_leads_back() -> None:
    """The stages stand in one row, and the last arrow leads to the box where the next round begins."""
    loop = Loop(
        [Box("folder", Line("3 new")), Box("sensor", Line("failed", Mark.BAD))], "sensor", "the next tick"
    )
    svg = draw_loop(loop)
    places = find_places(svg)
    assert places["folder"][1] == places["sensor"][1]
    assert svg.count('class="lesson-arrow"') == 2
    assert 'aria-label="folder: 3 new, then sensor: failed; the next tick: again from sensor"' in svg


def make_strip(*segments: tuple[int, Mark]) -> Strip:
    """Return a strip of so many keys of each mark."""
    return Strip("Keys", [Segment(mark.name, count, mark) for count, mark in segments])


def find_segments(svg: str) -> list[tuple[str, float, float]]:
    """Return the mark, the left edge and the width of each segment."""
    found = re.findall(r'<g class="lesson-(\w+)"><rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)"', svg)
    return [(mark, float(x), float(width)) for mark, x, width in found]


def test_keys_stand_side_by_side_in_their_order() -> None:
    """Few keys have a width in proportion, and lines between them."""
    svg = draw_strip("name", make_strip((2, Mark.GOOD), (1, Mark.BAD), (1, Mark.OPEN)))
    assert sorted(find_segments(svg), key=lambda segment: segment[1]) == [
        ("good", 0, 320),
        ("bad", 320, 160),
        ("open", 480, 160),
    ]
    assert 'class="lesson-cut" d="M160 0v18M320 0v18M480 0v18"' in svg


@pytest.mark.parametrize("mark", [Mark.BAD, Mark.ODD, Mark.OPEN])
def test_a_single_key_among_many_is_visible(mark: Mark) -> None:
    """It has at least four pixels, and is drawn last."""
    svg = draw_strip("name", make_strip((50_000, Mark.GOOD), (1, mark), (49_999, Mark.GOOD)))
    assert find_segments(svg)[-1] == (mark.name.lower(), 320, 4)
    assert "lesson-cut" not in svg


def test_the_rarer_of_good_and_open_is_drawn() -> None:
    """The loaded keys stay visible among many that wait."""
    svg = draw_strip("name", make_strip((99_999, Mark.OPEN), (1, Mark.GOOD)))
    assert find_segments(svg)[-1] == ("good", 636, 4)


@pytest.mark.parametrize("blocks", [[Graph([])], [Loop([], "a", "b")], [make_strip((1, Mark.GOOD))]])
def test_an_empty_picture_is_not_drawn(blocks: list[Graph | Loop | Strip]) -> None:
    """A graph or loop without boxes, and a strip of a single key, leave nothing on the page."""
    assert "<svg" not in render_html(Board("title", blocks))
