"""The stopwatch: what it notes, and the chart that says what loading costs."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser
from unittest.mock import patch

import pytest

from lesson_lib.classroom import Stopwatch
from lesson_lib.classroom.lab import stopwatch
from lesson_lib.classroom.lab.cost_lines import CostLine, format_duration
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

THREE_WAYS = {
    "one run per key": {10: 1.4, 30: 4.1, 100: 13.3},
    "one run for all": {10: 0.14, 100: 0.52, 1_000: 4.8},
    "bare DuckDB": {10: 0.012, 100: 0.03, 1_000: 0.21},
}


class Clock:
    """A clock that a test sets."""

    now = 5.0

    def __call__(self) -> float:
        """Return the time that the test has set."""
        return self.now


def make_watch(ways: Mapping[str, Mapping[int, float]]) -> Stopwatch:
    """Return a stopwatch with these measurements."""
    watch = Stopwatch()
    with patch.object(stopwatch, "perf_counter", Clock()) as clock:
        for way, times in ways.items():
            for customers, seconds in times.items():
                with watch(way, customers=customers):
                    clock.now += seconds
    return watch


class Page(HTMLParser):
    """The tags with attributes of a piece of HTML, and the text of each cell."""

    def __init__(self, html: str) -> None:
        """Read it."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data: str) -> None:
        """Keep the text of a cell."""
        if self.cells:
            self.cells[-1] += data


def find_picture(html: str) -> dict[str, str]:
    """Return the attributes of the only picture."""
    (picture,) = (attributes for tag, attributes in Page(html).tags if tag == "svg")
    return {name: value or "" for name, value in picture.items()}


def test_the_page_holds_a_picture_and_a_table_that_say_the_same() -> None:
    """The table has a row for each way, and a column for each number of customers."""
    html = make_watch(THREE_WAYS).chart()._repr_html_()
    page, description = Page(html), find_picture(html)["aria-label"]
    columns = ["way", "10", "30", "100", "1,000", "10,000"]
    assert page.cells == [
        *columns,
        *("one run per key", "1.4 s", "4.1 s", "13 s", "≈ 2.2 min", "≈ 22 min"),
        *("one run for all", "0.14 s", "-", "0.52 s", "4.8 s", "≈ 48 s"),
        *("bare DuckDB", "12 ms", "-", "30 ms", "0.21 s", "≈ 2 s"),
    ]
    assert [attributes for tag, attributes in page.tags if tag == "th"] == [{"scope": "col"}] * 6 + [
        {"scope": "row"}
    ] * 3
    assert (
        "one run per key: 1.4 s for 10, 4.1 s for 30, 13 s for 100, ≈ 2.2 min for 1,000, ≈ 22 min for 10,000;"
        in description
    )
    assert all(number in description for number in page.cells[6:] if number != "-")
    assert html.count("estimated, not measured") == 2


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        ({10: 1.0}, "≈ 1.7 min"),
        ({10: 1.0, 100: 10.0}, "≈ 1.7 min"),
        ({10: 1.0, 100: 1.9}, "≈ 11 s"),  # a hundredth each, and nine tenths for the start
        ({1: 9.0, 10: 1.0, 100: 1.9}, "≈ 11 s"),
        ({10: 2.0, 100: 1.0}, "≈ 10 s"),  # by chance less for more: in proportion to the last
    ],
)
def test_missing_times_are_estimated(seconds: Mapping[int, float], text: str) -> None:
    """One measurement is extrapolated in proportion, several by the cost of each further customer."""
    assert CostLine("one run for all", seconds, 1_000).format_time(1_000) == text


def test_the_picture_is_drawn_for_both_themes() -> None:
    """The picture has no background, takes its text color from the page, and is the same each time."""
    html = make_watch(THREE_WAYS).chart()._repr_html_()
    picture = html[html.index("<svg") : html.index("</svg>")]
    assert "<rect" not in picture
    assert "<style" not in picture
    assert set(re.findall(r'fill="([^"]+)"', picture)) == {"none", "#2f7fd6", "#c9570c", "#1f8a5b"}
    assert len(html) < 20_000
    assert make_watch(THREE_WAYS).chart()._repr_html_() == html


def test_as_text_it_says_what_was_measured_and_no_seconds() -> None:
    """The stored text has no seconds, so that it is stable; `print` shows them."""
    chart = make_watch(THREE_WAYS).chart()
    slower = make_watch(
        {way: {customers: 7 * s for customers, s in times.items()} for way, times in THREE_WAYS.items()}
    )
    assert repr(chart) == repr(slower.chart())
    assert repr(chart).splitlines() == [
        "What loading customers costs",
        "  one run per key: measured for 10, 30, 100 customers",
        "  one run for all: measured for 10, 100, 1,000 customers",
        "  bare DuckDB: measured for 10, 100, 1,000 customers",
    ]
    assert repr(slower).splitlines()[1] == "  one run per key: measured for 10, 30, 100 customers"
    assert "    bare DuckDB      12 ms" in str(chart)


def test_measuring_again_replaces_and_a_failure_changes_nothing() -> None:
    """A repeated cell replaces its measurement, and a cell that raises changes nothing."""
    watch = Stopwatch()
    assert repr(watch) == "stopwatch (nothing measured yet)"
    with patch.object(stopwatch, "perf_counter", Clock()) as clock:
        for seconds in (3.0, 4.5):
            with watch("one run per key", customers=30):
                clock.now += seconds
    for way in ("one run per key", "another way"):
        with pytest.raises(LookupError), watch(way, customers=30):
            raise LookupError
    assert Page(watch.chart(up_to=60)._repr_html_()).cells == [
        "way",
        "30",
        "60",
        "one run per key",
        "4.5 s",
        "≈ 9 s",
    ]


@pytest.mark.parametrize("up_to", [1, 30])
def test_a_long_line_is_not_extrapolated(up_to: int) -> None:
    """A line is only extrapolated beyond its last point, and a single point makes a chart."""
    html = make_watch({"one run per key": {30: 0.0}}).chart(up_to)._repr_html_()
    assert Page(html).cells == ["way", "30", "one run per key", "0.1 ms"]
    assert "0.1 ms for 30. ≈" in find_picture(html)["aria-label"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.00012, "0.12 ms"), (0.001, "1 ms"), (0.0996, "0.1 s"), (0.1, "0.1 s"), (0.999, "1 s")),
        *((4.84, "4.8 s"), (59.4, "59 s"), (59.9, "1 min"), (95.0, "1.6 min"), (3_599.0, "1 h")),
        *(
            (85_000.0, "24 h"),
            (86_400.0, "1 day"),
            (86_400.0 * 2, "2 days"),
            (86_400.0 * 12_345, "12,000 days"),
        ),
    ],
)
def test_a_duration_has_two_digits(seconds: float, text: str) -> None:
    """A duration has two digits and the unit that a person would choose."""
    assert format_duration(seconds) == text


@pytest.mark.parametrize("customers", [0, -1, 2.0, "30", True])
def test_an_invalid_number_of_customers_is_refused(customers: int) -> None:
    """An invalid number is refused before the body runs, and before anything is drawn."""
    with pytest.raises(ValueError, match=r"customers is a number of customers, not .* Write customers=1_000"):
        make_watch({"one run per key": {customers: 1.0}})
    with pytest.raises(ValueError, match="up_to is a number of customers, not "):
        make_watch(THREE_WAYS).chart(up_to=customers)


@pytest.mark.parametrize("way", ["", "  ", 30, None])
def test_a_way_without_words_is_refused(way: str) -> None:
    """The message has an example."""
    with pytest.raises(
        ValueError, match=r"takes the way in words first.* Write with watch\(\"one run per key\""
    ):
        make_watch({way: {30: 1.0}})


def test_a_chart_of_nothing_is_refused() -> None:
    """The message says what to do first."""
    with pytest.raises(ValueError, match=r"has measured nothing yet.* Time something first"):
        Stopwatch().chart()


@pytest.mark.parametrize("name", [*HOSTILE_NAMES, "$5 and $x_", "作業", "a way of many words " * 30])
def test_hostile_names_stay_names(name: str) -> None:
    """A hostile name stays text in the table, and in the picture and its description."""
    html = make_watch({f"a{name}": {30: 1.0}}).chart()._repr_html_()
    assert find_injected(html) == []
    assert not {"\u202e", "\x00", "\x1b"} & set(html)


@pytest.mark.parametrize(
    ("count", "words", "height"), [(2, "", 400), (9, "", 523), (12, " of many words" * 30, 1_090)]
)
def test_many_ways_have_room_for_their_labels(count: int, words: str, height: int) -> None:
    """The picture grows with its labels of up to four lines each, and the legend below them."""
    ways = {f"way number {number}{words}": {30: 1.0 + number / 100} for number in range(count)}
    picture = find_picture(make_watch(ways).chart()._repr_html_())
    assert (picture["width"], picture["height"]) == ("700", f"{height}")
