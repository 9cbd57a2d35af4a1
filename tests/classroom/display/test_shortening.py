"""A text that is too long is shortened once, and the length shown is that of the original text."""

import re
from collections.abc import Callable

import dagster as dg
import pytest

from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.definition_view import describe_asset, describe_definitions
from lesson_lib.classroom.display.error_view import describe_error
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.request_view import describe_sensor_result
from lesson_lib.classroom.display.run_view import describe_run
from lesson_lib.classroom.display.safe_text import (
    Bounded,
    format_list,
    hide_and_shorten,
    join_fitting,
    make_plain,
)
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.simulator.tick import FolderChange, RequestedKeys, Tick

LONG = "n" * 5_000
HIDDEN = "\u202e" * 5_000  # each is written as six characters
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def materialize(*assets: dg.AssetsDefinition, **options: object) -> Board:
    """Return the board of a run, failed or not."""
    with dg.DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions("s3", ["acme", "zenith"])
        return describe_run(dg.materialize(assets, instance=instance, raise_on_error=False, **options))


def metadata(value: str) -> Board:
    """Return the board of a run with a long value in its metadata."""

    @dg.asset
    def wordy() -> dg.MaterializeResult:
        return dg.MaterializeResult(metadata={"value": value})

    return materialize(wordy)


def metadata_of_keys() -> Board:
    """Return the board of a run of a range, with several long values for each key."""

    @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s3"))
    def ranged(context: dg.AssetExecutionContext) -> None:
        for key in context.partition_keys:
            context.add_asset_metadata(dict.fromkeys([key, *LETTERS], LONG), partition_key=key)

    ends = {
        f"dagster/asset_partition_range_{end}": key for end, key in (("start", "acme"), ("end", "zenith"))
    }
    return materialize(ranged, tags=ends)


def metadata_of_a_check() -> Board:
    """Return the board of a run whose check found several long values."""
    specs = [dg.AssetCheckSpec("good", asset="checked")]

    @dg.asset(check_specs=specs)
    def checked() -> dg.MaterializeResult:
        found = dg.AssetCheckResult(passed=False, metadata=dict.fromkeys(LETTERS, LONG))
        return dg.MaterializeResult(check_results=[found])

    return materialize(checked)


def many_assets() -> Board:
    """Return the board of a run with more assets than it draws, one of them with a long name."""

    def store_nothing() -> None: ...

    names = [f"a{number:02}{'_' * 50}" for number in range(40)]
    return materialize(*(dg.asset(name=name)(store_nothing) for name in [*names, LONG]))


def error_with_a_long_key() -> Board:
    """Return the board of an error whose advice names the set twice and the key once."""

    @dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="s" * 50))
    def keyed() -> None: ...

    with dg.DagsterInstance.ephemeral() as instance, pytest.raises(dg.DagsterError) as raised:
        dg.materialize([keyed], instance=instance, partition_key=LONG)
    board = describe_error(raised.value)
    assert board
    return Board(board.title, board.blocks[:1])  # without the traceback


def definitions() -> Board:
    """Return the board of definitions with long names, more of them than it draws."""
    names = [f"{LONG[:-1]}{letter}" for letter in LETTERS]
    return describe_definitions(dg.Definitions(assets=[dg.asset(name=name)(lambda: None) for name in names]))


def dependencies() -> Board:
    """Return the board of an asset that depends on assets with long names."""

    @dg.asset(deps=[f"{LONG[:-1]}{letter}" for letter in "abc"])
    def after() -> None: ...

    return describe_asset(after)


def requests() -> Board:
    """Return the board of requests with a long key, range and selection."""
    ends = {f"dagster/asset_partition_range_{end}": LONG for end in ("start", "end")}
    return describe_sensor_result(
        dg.SensorResult(
            run_requests=[
                dg.RunRequest(partition_key=LONG, asset_selection=[dg.AssetKey(LONG)]),
                dg.RunRequest(tags=ends),
            ]
        )
    )


def tick() -> Board:
    """Return the board of a tick with long file names and keys."""
    names = tuple(f"{LONG[:-1]}{letter}" for letter in "abcde")
    files, keys = FolderChange(names, names, names), RequestedKeys("add", LONG, names, names[:3])
    return Tick(1, files, None, None, keys=(keys,)).board()


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: metadata(LONG), id="metadata"),
        pytest.param(lambda: metadata(HIDDEN), id="metadata that cannot be seen"),
        metadata_of_keys,
        metadata_of_a_check,
        many_assets,
        error_with_a_long_key,
        definitions,
        dependencies,
        requests,
        tick,
    ],
)
def test_a_board_shows_the_length_of_the_original_text_only(make: Callable[[], Board]) -> None:
    """A text that has been shortened, or contains such a text, is not shortened again."""
    board = make()
    for drawn in (render_text(board), render_html(board)):
        lengths = re.findall(r"\(([\d,]+) characters\)", " ".join(drawn.split()))
        assert set(lengths) == {"5,000"}


def test_a_shortened_text_stays_as_it_is() -> None:
    """A smaller limit does not shorten a text again, but invisible characters are still escaped."""
    once = make_plain("abcdefgh", 6)
    assert once == make_plain(once, 3) == "abc … fgh (8 characters)"
    assert make_plain(Bounded("a\nb"), 1) == "a\\nb"


def test_only_the_ends_of_an_endless_text_are_read() -> None:
    """Unstable parts are hidden in both ends of a very long text, and its original length is shown."""
    text = f"/srv/data/x.csv{' .' * 500} /srv/data/y.csv"
    assert hide_and_shorten(text, 14) == "…/x.csv … …/y.csv (1,031 characters)"
    assert hide_and_shorten("in /srv/data/x.csv", 14) == "in …/x.csv"


def test_a_list_takes_as_much_room_as_it_has() -> None:
    """A list ends with the number of omitted items, and has at least one item."""
    items = ["a" * 50, "b" * 50, "c" * 50]
    assert format_list(items, max_length=150) == f"{items[0]}, … {items[2]} (3 in all)"
    assert join_fitting(["a", "b"]) == "a, b"
    assert join_fitting(["a" * 200, "b" * 200, "c"]) == f"{'a' * 200}, and 2 more"
    assert join_fitting(["a" * 400]) == "a" * 400
