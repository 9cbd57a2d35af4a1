"""The pictures that return: the three records, and which keys a range contains."""

import dagster as dg
import pytest

from lesson_lib.classroom import draw_range, draw_records
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected


def test_the_named_records_are_emphasized() -> None:
    """The text form marks them with an arrow, and the picture's description says so."""
    board = draw_records("keys", "rows")
    assert render_text(board) == (
        "The three records of a partition, and what writes them\n"
        "  registration: by you, or by a sensor's tick\n"
        "  run: materializes the assets\n"
        "  → keys: in Dagster's instance, after registration\n"
        "  materializations: in Dagster's instance, after run\n"
        "  → rows: in DuckDB, after run"
    )
    assert "rows: in DuckDB, after run (highlighted)" in render_html(board)


def test_an_unknown_record_is_an_error() -> None:
    """The message names the three."""
    with pytest.raises(ValueError, match=r"no record 'row'\. The three records are keys, materializ"):
        draw_records("row")  # type: ignore[arg-type]  # a typo


@pytest.fixture
def instance() -> dg.DagsterInstance:
    """Return an instance whose last key comes first in the alphabet."""
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("s3", ["bluebird", "globex", "zenith", "acme"])
    return instance


def test_a_range_follows_the_order_of_registration(instance: dg.DagsterInstance) -> None:
    """Both orders are drawn, with the keys of the range in them."""
    assert render_text(draw_range(instance, "zenith", "acme")) == (
        "The range from zenith to acme contains 2 keys of 4\n"
        "  In the order of registration, which a range follows, bluebird to acme: ○○✓✓\n"
        "    ○ outside 2, ✓ in the range 2\n"
        "  In alphabetical order, which it does not follow, acme to zenith: ✓○○✓\n"
        "    ✓ in the range 2, ○ outside 2"
    )


def test_a_reversed_range_contains_no_keys(instance: dg.DagsterInstance) -> None:
    """Its board is marked."""
    assert render_text(draw_range(instance, "acme", "zenith")).startswith(
        "! The range from acme to zenith contains 0 keys of 4\n"
    )


def test_an_unknown_end_is_an_error(instance: dg.DagsterInstance) -> None:
    """The message names it."""
    with pytest.raises(ValueError, match=r"'nobody' is not a registered key\. Register it, or choose"):
        draw_range(instance, "acme", "nobody")


def test_a_hundred_thousand_keys_are_small_and_the_few_are_visible() -> None:
    """Keys share buckets, of which the rarer state is drawn, at least four pixels wide."""
    instance = dg.DagsterInstance.ephemeral()
    keys = [f"customer-{number:06}" for number in range(100_000)]
    for start in range(0, len(keys), 10_000):
        instance.add_dynamic_partitions("s3", keys[start : start + 10_000])
    html = render_html(draw_range(instance, keys[50_000], keys[50_001]))
    assert len(html.encode()) < 10_000
    assert html.count('<g class="lesson-good"><rect x="320" y="0" width="4"') == 2


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_a_name(name: str) -> None:
    """A hostile key is only text in the picture."""
    instance = dg.DagsterInstance.ephemeral()
    instance.add_dynamic_partitions("s3", [name, "acme"])
    html = render_html(draw_range(instance, name, "acme"))
    assert find_injected(html) == []
    assert not {"\u202e", "\x00", "\x1b"} & set(html)
