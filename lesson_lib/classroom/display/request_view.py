"""The boards of what sensors and schedules request. Nothing has happened yet: the daemon carries it out."""

import re
from collections.abc import Sequence
from typing import Any, get_type_hints

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Mark, Table, describe
from lesson_lib.classroom.display.safe_text import (
    MAX_ITEMS,
    MAX_NAME_LENGTH,
    Bounded,
    format_count,
    format_list,
    join_lines,
    keep_ends,
    shorten_name,
)
from lesson_lib.unstable_text import hide_unstable

# What `evaluate_tick` returns has no public name, only this public way to it.
ScheduleTick: type = get_type_hints(dg.ScheduleDefinition.evaluate_tick)["return"]
SensorTick: type = get_type_hints(dg.SensorDefinition.evaluate_tick)["return"]

KeysRequest = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest

_MAX_ROWS = 10  # runs of one table, and requests for keys
# A file's time of change is the usual part of a cursor and of a run key: seconds, down to nanoseconds.
_TIME = re.compile(r"(?<!\d)1[4-9]\d{8}(?:\.\d+|(?:\d{3}){1,3})?(?!\d)")
# What Dagster writes if the function gives no reason.
_NO_REASON = re.compile("(Sensor|Schedule) function returned an empty result")


@describe.register
def _describe_keys_request(request: KeysRequest) -> Board:
    return _make_board(_count_keys(request), [Line(format_list(request.partition_keys))], [request])


@describe.register
def _describe_run_request(request: dg.RunRequest) -> Board:
    partition, *others = _list_facts(request)
    noun = "partitions" if request.partition_key is None else "partition"
    of = f" of {noun} {partition[1]}" if partition[1] else ""
    return _make_board(f"1 run{of}", [Facts.of_known(*others)])


def describe_run_requests(requests: Sequence[object]) -> Board | None:
    """Describe a list that consists of run requests; return None for any other list."""
    runs = [request for request in requests if isinstance(request, dg.RunRequest)]
    return _describe_requests(runs=runs) if runs and len(runs) == len(requests) else None


@describe.register
def _describe_skip(skip: dg.SkipReason) -> Board:
    return _describe_requests(skip=skip.skip_message)


@describe.register(dg.SensorResult)
@describe.register(SensorTick)
def describe_sensor_result(result: Any) -> Board:  # noqa: ANN401 - a `SensorTick` has no public name
    """Describe what a sensor requests: keys, runs, and its next cursor."""
    reason = result.skip_reason if isinstance(result, dg.SensorResult) else result
    runs, keys = result.run_requests or [], result.dynamic_partitions_requests or []
    skip = reason.skip_message if reason else None
    return _describe_requests(runs, keys, result.cursor, skip, len(result.asset_events))


@describe.register(ScheduleTick)
def _describe_schedule_tick(tick: Any) -> Board:  # noqa: ANN401 - a `ScheduleTick`, which has no public name
    return _describe_requests(tick.run_requests or [], skip=tick.skip_message)


def _describe_requests(
    runs: Sequence[dg.RunRequest] = (),
    keys: Sequence[KeysRequest] = (),
    cursor: str | None = None,
    skip: str | None = None,
    events: int = 0,
) -> Board:
    requested = [_count_keys(request) for request in keys[:_MAX_ROWS]]
    if more := len(keys[_MAX_ROWS:]):
        requested.append(f"and {format_count(more, 'more request')} for keys")
    requested += [format_count(len(runs), "run")] if runs else []
    requested += [f"{format_count(events, 'event')} to record"] if events else []
    blocks: list[Block] = [
        Facts(
            [(f"to {_format_action(each)}", format_list(each.partition_keys)) for each in keys[:_MAX_ROWS]]
        ),
        *([_make_runs_table(runs)] if runs else []),
        Facts.of_known(
            ("why no run" if requested else "why", format_skip_reason(skip or "")),
            ("cursor for the next tick", hide_times(cursor or "")),
        ),
    ]
    if not requested:
        return Board("Nothing requested", blocks, Mark.OPEN)
    return _make_board(", ".join(requested), blocks, keys)


def _make_board(requested: str, blocks: Sequence[Block], keys: Sequence[KeysRequest] = ()) -> Board:
    remarks = [Line("A call by hand only shows the requests. A daemon that evaluates it carries them out.")]
    if any(isinstance(request, dg.DeleteDynamicPartitionsRequest) for request in keys):
        remarks.append(Line("Deleting a key leaves its materializations and its rows."))
    return Board(f"Requested: {requested}. Nothing has happened yet.", [*blocks, *remarks], Mark.OPEN)


def _count_keys(request: KeysRequest) -> str:
    return f"{format_count(len(request.partition_keys), 'key')} to {_format_action(request)}"


def _format_action(request: KeysRequest) -> str:
    action = "delete from" if isinstance(request, dg.DeleteDynamicPartitionsRequest) else "add to"
    return f'{action} "{shorten_name(request.partitions_def_name)}"'


def _make_runs_table(requests: Sequence[dg.RunRequest]) -> Table:
    runs = [_list_facts(request) for request in keep_ends(requests, _MAX_ROWS)]
    rows = [[Line(shorten_name(value)) for _, value in run] for run in runs]
    table = Table("", [name for name, _ in runs[0]], rows)
    return table.without_empty_columns().with_gap(len(requests) - len(rows))


def _list_facts(request: dg.RunRequest) -> list[tuple[str, str]]:
    assets = [asset.to_user_string() for asset in request.asset_selection or []]
    tags = {name: value for name, value in request.tags.items() if not name.startswith("dagster/")}
    # Only the names at the ends are visible, and hiding what is unstable takes time.
    visible = {*list(tags)[:MAX_ITEMS], *list(tags)[-1:]}
    pairs = [f"{name}={hide_unstable(value)}" if name in visible else name for name, value in tags.items()]
    return [
        ("partition", _format_partition(request)),
        ("run key", hide_times(request.run_key or "")),
        ("job", request.job_name or ""),
        ("assets", format_list(assets, max_length=MAX_NAME_LENGTH)),
        ("tags", format_list(pairs, max_length=MAX_NAME_LENGTH)),
        ("run config", hide_unstable(str(dict(request.run_config))) if request.run_config else ""),
    ]


def _format_partition(request: dg.RunRequest) -> str:
    if request.partition_key is not None:
        return shorten_name(request.partition_key)
    if keys := request.partition_key_range:
        return Bounded(f"{shorten_name(keys.start)} to {shorten_name(keys.end)}")
    return ""


def format_skip_reason(skip: str) -> str:
    """Return in a line why there is no run; Dagster has words of its own if the function gives no reason."""
    if given := _NO_REASON.fullmatch(skip):
        return f"the {given[1].lower()} gave no reason"
    return join_lines(skip)


def hide_times(text: str) -> str:
    """Hide what is unstable in a cursor or a run key, including the times at which files changed."""
    return _TIME.sub("(time)", hide_unstable(text))
