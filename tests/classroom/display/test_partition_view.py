"""What partitions definitions, instances and long lists of keys show."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.partition_view import (
    describe_instance,
    describe_keys,
    describe_partitions,
    format_partitions,
)
from lesson_lib.classroom.display.text import render_text
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

s3 = dg.DynamicPartitionsDefinition(name="s3")
days = dg.DailyPartitionsDefinition(start_date="2018-01-22", end_date="2018-01-27")
QUIET = {"python_logs": {"python_log_level": "CRITICAL"}}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an empty ephemeral instance."""
    with dg.DagsterInstance.ephemeral(settings=QUIET) as fresh:
        yield fresh


@dg.asset(partitions_def=s3)
def table(context: dg.AssetExecutionContext) -> None:
    """Read the key."""
    assert context.partition_key


@dg.asset
def report() -> None:
    """Be materialized without a key."""


@dg.asset
def broken() -> None:
    """Fail."""
    raise ValueError


def test_a_dynamic_definition_says_where_its_keys_are() -> None:
    """A dynamic definition has no keys itself, and its board says how to list them."""
    assert render_text(describe_partitions(s3)) == (
        'Dynamic partitions "s3"\n'
        "  The definition holds no keys. They live in an instance.\n"
        '  to see them: instance.get_dynamic_partitions("s3")'
    )


def test_a_closed_calendar_shows_first_last_and_number() -> None:
    """A closed calendar shows its keys, and the end date is not one of them."""
    assert render_text(describe_partitions(days)) == (
        "Daily partitions: 5 keys, 2018-01-22 to 2018-01-26\n"
        "  The keys follow from the calendar, so nobody has to add them."
    )


def test_an_open_calendar_does_not_show_today() -> None:
    """An open calendar does not show its last key, which changes every day."""
    hours = dg.HourlyPartitionsDefinition(start_date="2018-01-22-00:00", timezone="Europe/Berlin")
    assert render_text(describe_partitions(hours)) == (
        "Hourly partitions from 2018-01-22-00:00, without an end\n"
        "  There is no end date: a new key appears every hour by itself.\n"
        "  time zone: Europe/Berlin"
    )


def test_an_end_in_the_future_is_still_open() -> None:
    """A calendar that ends in the future does not show the number of keys, which still grows."""
    start = dt.datetime.now(tz=dt.UTC) - dt.timedelta(days=300)
    end = dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=300)
    months = dg.MonthlyPartitionsDefinition(start_date=start, end_date=end)
    first = months.get_first_partition_key()
    assert render_text(describe_partitions(months)) == (
        f"Monthly partitions from {first}, up to {end:%Y-%m-%d}\n"
        "  A new key appears every month by itself, until the end date, which is excluded."
    )


def test_a_calendar_that_has_not_begun_has_no_key() -> None:
    """A calendar that begins in the future shows its start instead of its first key."""
    start = (dt.datetime.now(tz=dt.UTC) + dt.timedelta(days=300)).strftime("%Y-%m-%d")
    assert render_text(describe_partitions(dg.WeeklyPartitionsDefinition(start_date=start))) == (
        "Weekly partitions: no key yet\n"
        "  There is no end date: a new key appears every week by itself.\n"
        f"  starts: {start}"
    )


def test_unusual_windows_show_their_cron_schedule() -> None:
    """Unusual windows show their cron schedule, time zone and exclusions."""
    windows = dg.TimeWindowPartitionsDefinition(
        start="2019-01-01",
        end="2020-01-01",
        fmt="%Y-%m-%d",
        cron_schedule="0 0 * * 1-5",
        exclusions=["0 0 * * 2"],
    )
    assert render_text(describe_partitions(windows)) == (
        "Time-window partitions: 208 keys, 2019-01-02 to 2019-12-30\n"
        "  The keys follow from the calendar, so nobody has to add them.\n"
        "  cron schedule: 0 0 * * 1-5\n"
        "  left out: 1 exclusion"
    )


def test_windows_that_dagster_would_have_to_walk_through_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The windows of fifty years are not counted, because Dagster would take a second for it."""

    def count(_: dg.TimeWindowPartitionsDefinition) -> int:
        pytest.fail("counted")

    monkeypatch.setattr(dg.TimeWindowPartitionsDefinition, "get_num_partitions", count)
    early = dg.DailyPartitionsDefinition(start_date="1970-01-01", end_date="2020-01-01", hour_offset=3)
    assert render_text(describe_partitions(early)) == (
        "Daily partitions: 1970-01-01 to 2019-12-30\n"
        "  The keys follow from the calendar, so nobody has to add them.\n"
        "  cron schedule: 0 3 * * *"
    )


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ([], "Static partitions: 0 keys"),
        (["north"], "Static partitions: 1 key\n  north\n"),
        (["north", "south"], "Static partitions: 2 keys\n  north, south\n"),
    ],
)
def test_static_keys_are_listed(keys: list[str], text: str) -> None:
    """Zero, one or two static keys are listed."""
    advice = "  They are part of the code, so adding one means changing the code." if keys else ""
    assert render_text(describe_partitions(dg.StaticPartitionsDefinition(keys))) == text + advice


def test_ten_thousand_static_keys_are_shortened() -> None:
    """Of ten thousand static keys, the first ones, the last one and the count are shown."""
    text = render_text(describe_partitions(dg.StaticPartitionsDefinition([f"k{n}" for n in range(10_000)])))
    assert text.startswith("Static partitions: 10,000 keys\n  k0, k1, k2, ")
    assert ", k18, … k9999 (10,000 in all)" in " ".join(text.split())
    assert len(text) < 1_000


def test_two_dimensions_show_both() -> None:
    """A definition of two dimensions shows both, and how a key is composed."""
    both = dg.MultiPartitionsDefinition({"day": days, "customer": s3})
    assert render_text(describe_partitions(both)) == (
        "Multi-dimensional partitions: customer by day\n"
        '  customer: dynamic "s3"\n'
        "  day: daily, 5 keys, 2018-01-22 to 2018-01-26\n"
        "  A key combines one of each, ordered by name: customer|day."
    )
    assert str(dg.MultiPartitionKey({"day": "2018-01-22", "customer": "acme"})) == "acme|2018-01-22"


def test_a_definition_in_a_few_words() -> None:
    """Boards of assets and jobs describe a definition in a few words."""
    assert format_partitions(s3) == 'dynamic "s3"'
    assert format_partitions(days) == "daily, 5 keys, 2018-01-22 to 2018-01-26"


def test_a_fresh_instance_says_how_long_it_lasts(instance: dg.DagsterInstance) -> None:
    """An ephemeral instance says that the kernel forgets it, and how to see its keys."""
    assert render_text(describe_instance(instance)) == (
        "Ephemeral instance: forgotten when the kernel stops\n"
        '  to see its keys: instance.get_dynamic_partitions("…"), with the name of the set\n'
        "  runs: 0"
    )


def test_an_instance_shows_what_was_materialized_in_it(instance: dg.DagsterInstance) -> None:
    """An instance shows its runs, those that failed, and the materialized assets with or without keys."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])
    for key in ["acme", "zenith"]:
        dg.materialize([table], partition_key=key, instance=instance)
    dg.materialize([report, broken], instance=instance, raise_on_error=False)
    assert render_text(describe_instance(instance)) == (
        "Ephemeral instance: forgotten when the kernel stops\n"
        '  to see its keys: instance.get_dynamic_partitions("…"), with the name of the set\n'
        "  runs: 3, 1 of them failed\n"
        '  table, keys of "s3": ✓✓\n'
        "    ✓ materialized 2\n"
        "    asset   materialized here\n"
        "    broken  never\n"
        "    report  yes\n"
        "    table   2 partitions"
    )


def test_only_ten_assets_of_an_instance_are_read(instance: dg.DagsterInstance) -> None:
    """Ten assets of an instance are shown, and that there are more."""
    for number in range(12):
        instance.report_runless_asset_event(dg.AssetMaterialization(f"asset_{number:02}"))
    lines = render_text(describe_instance(instance)).splitlines()
    assert lines[-2:] == ["    asset_09  yes", "  … and more assets."]
    assert len(lines) == 15


def test_a_persistent_instance_outlives_the_kernel(tmp_path: Path) -> None:
    """A persistent instance says that it outlives the kernel, and does not show its folder."""
    with dg.DagsterInstance.local_temp(str(tmp_path)) as kept:
        text = render_text(describe_instance(kept))
    assert text.splitlines()[0] == "Persistent instance: it outlives the kernel"
    assert str(tmp_path) not in text


def test_an_instance_whose_records_are_gone_says_so(instance: dg.DagsterInstance) -> None:
    """An instance whose storage is gone shows the reason instead of raising an error."""
    instance.dispose()
    assert render_text(describe_instance(instance)) == (
        "Ephemeral instance: forgotten when the kernel stops\n"
        "  ✗ Its records cannot be read: (sqlite3.OperationalError) no such table: runs"
    )


def test_ten_thousand_strings_show_both_ends() -> None:
    """A list of ten thousand strings shows both ends in order, and the number in between."""
    board = describe_keys([f"customer-{number:05}" for number in range(10_000)])
    assert board is not None
    assert render_text(board) == (
        "A list of 10,000 strings, in this order\n"
        "  'customer-00000', 'customer-00001', 'customer-00002', 'customer-00003', 'customer-00004'\n"
        "  … 9,990 in between: print(…) shows them all …\n"
        "  'customer-09995', 'customer-09996', 'customer-09997', 'customer-09998', 'customer-09999'"
    )


def test_short_strings_show_ten_at_either_end() -> None:
    """A list of thirty-one short strings shows ten at either end."""
    board = describe_keys([f"k{number:02}" for number in range(31)])
    assert board is not None
    assert [line.split(", ")[0].strip() for line in render_text(board).splitlines()] == [
        "A list of 31 strings",
        "'k00'",
        "… 11 in between: print(…) shows them all …",
        "'k21'",
    ]


@pytest.mark.parametrize("other", [[], ["acme"], ["k"] * 30, [*["k"] * 40, 1], list(range(10_000))])
def test_other_lists_are_left_alone(other: Sequence[object]) -> None:
    """Short lists and lists of other values have no board."""
    assert describe_keys(other) is None


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_names(instance: dg.DagsterInstance, name: str) -> None:
    """A hostile name adds no element or attribute to the page, and the page stays small."""
    allowed = "".join(character for character in name if character >= " ")  # Dagster refuses the others here
    static = dg.StaticPartitionsDefinition([f"{number} {allowed}" for number in range(100)])
    boards = [
        describe_partitions(dg.DynamicPartitionsDefinition(name=name)),
        describe_partitions(static),
        describe_partitions(dg.MultiPartitionsDefinition({name: s3, "day": days})),
        describe_keys([name] * 10_000),
    ]
    instance.report_runless_asset_event(dg.AssetMaterialization([name], partition=name))
    boards.append(describe_instance(instance))
    for board in boards:
        assert board is not None
        html = render_html(board)
        assert find_injected(html) == []
        assert len(html.encode()) < 12_000
        assert not {"\u202e", "\x00", "\x1b"} & set(html + render_text(board))
