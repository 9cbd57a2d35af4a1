"""What requests, and the evaluations of sensors and schedules, show."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import dagster as dg
import pytest

from lesson_lib.classroom.display import describe
from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.request_view import describe_run_requests
from lesson_lib.classroom.display.text import render_text
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

s3 = dg.DynamicPartitionsDefinition(name="s3")
MANY = [f"customer-{number:05}" for number in range(10_000)]


@dg.asset(partitions_def=s3)
def table() -> None:
    """Be asked for."""


@dg.sensor(target=table)
def arrivals(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Ask for two keys, and for a run of each."""
    runs = [dg.RunRequest(partition_key=key, run_key=f"{key}@1") for key in ("zenith", "acme")]
    assert context.cursor is None
    return dg.SensorResult(
        runs, dynamic_partitions_requests=[s3.build_add_request(["zenith", "acme"])], cursor="2"
    )


@dg.asset(partitions_def=dg.DailyPartitionsDefinition(start_date="2018-01-22"))
def prices() -> None:
    """Be asked for every night."""


@dg.schedule(target=prices, cron_schedule="0 3 * * *")
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ask for the day before."""
    day = context.scheduled_execution_time - dt.timedelta(days=1)
    return dg.RunRequest(partition_key=f"{day:%Y-%m-%d}", run_key=f"{day:%Y-%m-%d}")


defs = dg.Definitions([table, prices], sensors=[arrivals], schedules=[nightly])


def make_board(value: object) -> Board:
    """Find the board by the type, as the extension does."""
    return describe(value)


def make_text(value: object) -> str:
    """Return a value's board as text."""
    return render_text(make_board(value))


def test_keys_to_add() -> None:
    """A request to add keys says that nothing has happened yet, unlike its name."""
    assert make_text(s3.build_add_request(["zenith", "acme"])) == (
        '○ Requested: 2 keys to add to "s3". Nothing has happened yet.\n'
        "  zenith, acme\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )


def test_a_key_to_delete() -> None:
    """A request to delete a key says that materializations and rows remain."""
    assert make_text(s3.build_delete_request(["o'hare"])) == (
        '○ Requested: 1 key to delete from "s3". Nothing has happened yet.\n'
        "  o'hare\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out.\n"
        "  Deleting a key leaves its materializations and its rows."
    )


def test_no_key_to_add() -> None:
    """A request for no keys is described like any other."""
    assert make_text(s3.build_add_request([])).startswith('○ Requested: 0 keys to add to "s3". Nothing')


def test_a_run() -> None:
    """The time at which a file changed is hidden in a run key, since it differs on each machine."""
    request = dg.RunRequest(partition_key="acme", run_key="acme@283-1700000000123456789")
    assert make_text(request) == (
        "○ Requested: 1 run of partition acme. Nothing has happened yet.\n"
        "  run key: acme@283-(time)\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )


def test_a_run_of_a_range() -> None:
    """A run request shows everything that it can hold, except for Dagster's own tags."""
    request = dg.RunRequest(
        tags={
            "dagster/asset_partition_range_start": "acme",
            "dagster/asset_partition_range_end": "zenith",
            "team": "prices",
        },
        job_name="nightly",
        asset_selection=[table.key],
        run_config={"ops": {"table": {"config": {"path": "/home/me/x.csv"}}}},
    )
    assert make_text(request) == (
        "○ Requested: 1 run of partitions acme to zenith. Nothing has happened yet.\n"
        "  job: nightly\n"
        "  assets: table\n"
        "  tags: team=prices\n"
        "  run config: {'ops': {'table': {'config': {'path': '…/x.csv'}}}}\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )


def test_unstable_parts_of_tags_are_hidden() -> None:
    """Unstable parts of tags are hidden, and Dagster's own tags are omitted."""
    tags = {"made/by": repr(object()), "file": "/srv/data/x.csv", "dagster/own": "hidden"}
    assert "\n  tags: made/by=<object object>, file=…/x.csv\n" in make_text(dg.RunRequest(tags=tags))


def test_three_thousand_requests_and_tags_are_shortened() -> None:
    """Of three thousand requests and tags, the first ones and the number of the others are shown."""
    keys = MANY[:3_000]
    adding = [s3.build_add_request([key]) for key in keys]
    run = dg.RunRequest(tags=dict.fromkeys(keys, "/srv/" * 100))
    board = make_board(dg.SensorResult([run], dynamic_partitions_requests=adding))
    text = render_text(board)
    assert board.title.endswith(", and 2,990 more requests for keys, 1 run. Nothing has happened yet.")
    assert text.count("\n  to add to ") == 10
    assert "(3,000 in all)" in text
    assert len(render_html(board).encode()) < 50_000
    assert len(text.encode()) < 50_000


def test_a_run_of_nothing_in_particular() -> None:
    """A run request may have no key, no run key and no job."""
    assert make_text(dg.RunRequest()) == (
        "○ Requested: 1 run. Nothing has happened yet.\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )


def test_a_skip() -> None:
    """A skip shows its reason, if it has one."""
    assert make_text(dg.SkipReason("No new\nfile.")) == "○ Nothing requested\n  why: No new file."
    assert make_text(dg.SkipReason()) == "○ Nothing requested"


@pytest.mark.parametrize("answer", [dg.SensorResult(), [], None])
def test_a_sensor_that_gives_no_reason(answer: object) -> None:
    """A sensor without a reason gets a plain sentence instead of Dagster's message."""

    @dg.sensor(target=table)
    def quiet() -> Any:  # noqa: ANN401 - whatever a sensor may return
        return answer

    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance=instance, definitions=defs)
        tick = quiet.evaluate_tick(context)
    assert make_text(tick) == "○ Nothing requested\n  why: the sensor gave no reason"


def test_a_schedule_that_gives_no_reason() -> None:
    """A schedule without a reason gets a plain sentence instead of Dagster's message."""

    @dg.schedule(target=prices, cron_schedule="0 3 * * *")
    def quiet() -> None:
        """Request nothing."""

    with dg.DagsterInstance.ephemeral() as instance:
        tick = quiet.evaluate_tick(dg.build_schedule_context(instance=instance))
    assert make_text(tick) == "○ Nothing requested\n  why: the schedule gave no reason"


def test_a_sensors_result_and_its_tick_have_the_same_board() -> None:
    """The result of a sensor and its tick show keys, runs, cursor and who carries them out."""
    with dg.instance_for_test() as instance:
        context = dg.build_sensor_context(
            instance=instance, instance_ref=instance.get_ref(), definitions=defs
        )
        returned = make_text(arrivals(context))
        tick = make_text(arrivals.evaluate_tick(context))
        assert instance.get_dynamic_partitions("s3") == []
    assert returned == (
        '○ Requested: 2 keys to add to "s3", 2 runs. Nothing has happened yet.\n'
        '  to add to "s3": zenith, acme\n'
        "    partition  run key\n"
        "    zenith     zenith@1\n"
        "    acme       acme@1\n"
        "  cursor for the next tick: 2\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )
    assert tick == returned


def test_a_sensor_that_has_nothing_to_do() -> None:
    """A sensor without runs may still move its cursor, request keys, or record events."""
    skipped = dg.SensorResult(skip_reason="Nothing new.", cursor="7")
    assert make_text(skipped) == ("○ Nothing requested\n  why: Nothing new.\n  cursor for the next tick: 7")
    assert make_text(dg.SensorResult()) == "○ Nothing requested"
    keys = dg.SensorResult(skip_reason="Later.", dynamic_partitions_requests=[s3.build_delete_request(["a"])])
    assert make_text(keys).splitlines()[:3] == [
        '○ Requested: 1 key to delete from "s3". Nothing has happened yet.',
        '  to delete from "s3": a',
        "  why no run: Later.",
    ]
    event = dg.SensorResult(asset_events=[dg.AssetMaterialization("table")])
    assert make_text(event).splitlines()[0] == "○ Requested: 1 event to record. Nothing has happened yet."


def test_a_schedule_and_its_tick() -> None:
    """A schedule returns a request when it is called, and shows the same inside a tick."""
    with dg.DagsterInstance.ephemeral() as instance:
        night = dt.datetime(2018, 1, 24, 3, tzinfo=dt.UTC)
        context = dg.build_schedule_context(
            instance=instance, scheduled_execution_time=night, repository_def=defs.get_repository_def()
        )
        returned = make_text(nightly(context))
        tick = make_text(nightly.evaluate_tick(context))
    assert returned == (
        "○ Requested: 1 run of partition 2018-01-23. Nothing has happened yet.\n"
        "  run key: 2018-01-23\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )
    assert tick == (
        "○ Requested: 1 run. Nothing has happened yet.\n"
        "    partition   run key\n"
        "    2018-01-23  2018-01-23\n"
        "  A call by hand only shows the requests. A daemon that evaluates it carries them out."
    )


def test_a_list_of_runs() -> None:
    """A list of run requests, as a sensor may return it, has a board."""
    board = describe_run_requests([dg.RunRequest(partition_key="acme"), dg.RunRequest()])
    assert board is not None
    assert render_text(board).splitlines()[:4] == [
        "○ Requested: 2 runs. Nothing has happened yet.",
        "    partition",
        "    acme",
        "    none",
    ]


@pytest.mark.parametrize("other", [[], [1], ["acme"], [dg.RunRequest(), None]])
def test_other_lists_are_left_alone(other: Sequence[object]) -> None:
    """Empty and mixed lists have no board."""
    assert describe_run_requests(other) is None


def test_ten_thousand_requests_are_shortened() -> None:
    """Of ten thousand requests, the first ones, the last one and the number in between are shown."""
    result = dg.SensorResult(
        [dg.RunRequest(partition_key=key, run_key=key) for key in MANY],
        dynamic_partitions_requests=[s3.build_add_request(MANY)],
        cursor="x" * 100_000,
    )
    lines = make_text(result).replace("\n      ", " ").splitlines()  # as before wrapping
    assert lines[0] == '○ Requested: 10,000 keys to add to "s3", 10,000 runs. Nothing has happened yet.'
    assert lines[1].endswith(", … customer-09999 (10,000 in all)")
    assert lines[11:14] == [
        "    customer-00008  customer-00008",
        "    … 9,990 more",
        "    customer-09999  customer-09999",
    ]
    assert lines[14].endswith(" (100,000 characters)")
    assert len(render_html(make_board(result)).encode()) < 10_000


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_names(name: str) -> None:
    """A hostile name adds no element or attribute to the page, and the page stays small."""
    keys = dg.DynamicPartitionsDefinition(name=name).build_add_request([name] * 30)
    run = dg.RunRequest(
        partition_key=name,
        run_key=name,
        job_name=name,
        asset_selection=[dg.AssetKey([name])],
        run_config={name: name},
    )
    result = dg.SensorResult([run] * 30, dynamic_partitions_requests=[keys], cursor=name)
    for value in (keys, run, result, dg.SkipReason(name)):
        html = render_html(make_board(value))
        assert find_injected(html) == []
        assert len(html.encode()) < 20_000
        assert not {"\u202e", "\x00", "\x1b"} & set(html + make_text(value))
