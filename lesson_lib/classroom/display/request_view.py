"""What sensors and schedules ask for. Nothing has happened yet: the daemon carries it out, where one runs."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_type_hints

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Mark, Table
from lesson_lib.classroom.display.safe_text import (
    LONGEST_NAME,
    MANY,
    Bounded,
    both_ends,
    counted,
    in_a_line,
    listed,
    shortened,
)
from lesson_lib.unstable_text import stable

# What `evaluate_tick` returns has no public name, only this public way to it.
ScheduleTick: type = get_type_hints(dg.ScheduleDefinition.evaluate_tick)["return"]
SensorTick: type = get_type_hints(dg.SensorDefinition.evaluate_tick)["return"]

KeysRequest = dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest

_MOST_ROWS = 10  # runs of one table, and requests for keys
# A file's time of change is the usual part of a cursor and of a run key: seconds, down to nanoseconds.
_TIME = re.compile(r"(?<!\d)1[4-9]\d{8}(?:\.\d+|(?:\d{3}){1,3})?(?!\d)")
# What Dagster says where the function says nothing.
_NO_REASON = re.compile("(Sensor|Schedule) function returned an empty result")


def keys_request_board(request: KeysRequest) -> Board:
    """Describe a request to add keys to a set, or to delete them from it."""
    blocks: list[Block] = [Line(listed(request.partition_keys))] if request.partition_keys else []
    return _for_later(_counted_keys(request), blocks, [request])


def run_request_board(request: dg.RunRequest) -> Board:
    """Describe a request for one run."""
    run = _run(request)
    partition = "partitions" if request.partition_key is None else "partition"
    of = f" of {partition} {run['partition']}" if run["partition"] else ""
    facts = [(name, value) for name, value in run.items() if name != "partition" and value]
    blocks: list[Block] = [Facts(facts)] if facts else []
    return _for_later(f"1 run{of}", blocks)


def requests_board(requests: Sequence[object]) -> Board | None:
    """Describe a list of requests for runs, and nothing else in it; None for any other list."""
    runs = [request for request in requests if isinstance(request, dg.RunRequest)]
    return _asked(runs=runs) if runs and len(runs) == len(requests) else None


def skip_board(skip: dg.SkipReason) -> Board:
    """Describe why nothing is asked for."""
    return _asked(skip=skip.skip_message)


def sensor_result_board(result: dg.SensorResult) -> Board:
    """Describe what a sensor asks for: keys, runs, and what it wants to remember."""
    return _asked_by_sensor(result, result.skip_reason.skip_message if result.skip_reason else None)


def sensor_tick_board(tick: Any) -> Board:  # noqa: ANN401 - a `SensorTick`, which has no public name
    """Describe what one evaluation of a sensor asks for."""
    return _asked_by_sensor(tick, tick.skip_message)


def schedule_tick_board(tick: Any) -> Board:  # noqa: ANN401 - a `ScheduleTick`, which has no public name
    """Describe what one evaluation of a schedule asks for."""
    return _asked(tick.run_requests or [], skip=tick.skip_message)


def _asked_by_sensor(answer: Any, skip: str | None) -> Board:  # noqa: ANN401 - a `SensorResult` or a `SensorTick`
    runs, keys = answer.run_requests or [], answer.dynamic_partitions_requests or []
    return _asked(runs, keys, answer.cursor, skip, len(answer.asset_events))


def _asked(
    runs: Sequence[dg.RunRequest] = (),
    keys: Sequence[KeysRequest] = (),
    cursor: str | None = None,
    skip: str | None = None,
    events: int = 0,
) -> Board:
    asked = [_counted_keys(request) for request in keys[:_MOST_ROWS]]
    blocks: list[Block] = []
    if keys:
        blocks.append(
            Facts([(f"to {_deed(request)}", listed(request.partition_keys)) for request in keys[:_MOST_ROWS]])
        )
    if len(keys) > _MOST_ROWS:
        asked.append(f"and {counted(len(keys) - _MOST_ROWS, 'more request')} for keys")
    if runs:
        asked.append(counted(len(runs), "run"))
        blocks.append(_runs_table(runs))
    if events:
        asked.append(f"{counted(events, 'event')} to record")
    facts: list[tuple[str, str]] = []
    if skip:
        facts.append(("why no run" if asked else "why", reason(skip)))
    if cursor:
        facts.append(("cursor for the next tick", timeless(cursor)))
    if facts:
        blocks.append(Facts(facts))
    if not asked:
        return Board("Nothing is asked for", blocks, Mark.OPEN)
    return _for_later(", ".join(asked), blocks, keys)


def _for_later(asked: str, blocks: Sequence[Block], keys: Sequence[KeysRequest] = ()) -> Board:
    """Say who makes it happen, and what stays of a key that is deleted."""
    told = [Line("The daemon carries it out, where one runs.")]
    if any(isinstance(request, dg.DeleteDynamicPartitionsRequest) for request in keys):
        told.append(Line("To delete a key leaves its materializations and its rows."))
    return Board(f"Asked for: {asked}; nothing has happened yet", [*blocks, *told], Mark.OPEN)


def _counted_keys(request: KeysRequest) -> str:
    return f"{counted(len(request.partition_keys), 'key')} to {_deed(request)}"


def _deed(request: KeysRequest) -> str:
    deed = "delete from" if isinstance(request, dg.DeleteDynamicPartitionsRequest) else "add to"
    return f'{deed} "{shortened(request.partitions_def_name, LONGEST_NAME)}"'


def _runs_table(requests: Sequence[dg.RunRequest]) -> Table:
    rows = [_run(request) for request in both_ends(requests, _MOST_ROWS)]
    columns = [name for name in rows[0] if any(row[name] for row in rows)] or ["partition"]
    lines = [[Line(shortened(row[name] or "none", LONGEST_NAME)) for name in columns] for row in rows]
    return Table("", columns, lines).with_gap(len(requests) - len(rows))


def _run(request: dg.RunRequest) -> dict[str, str]:
    return {
        "partition": _partition(request),
        "run key": timeless(request.run_key or ""),
        "job": request.job_name or "",
        "assets": listed(
            [asset.to_user_string() for asset in request.asset_selection or []], longest=LONGEST_NAME
        ),
        "tags": _tags(request.tags),
        "run config": stable(str(dict(request.run_config))) if request.run_config else "",
    }


def _tags(tags: Mapping[str, str]) -> str:
    own = [name for name in tags if not name.startswith("dagster/")]
    seen = {*own[:MANY], *own[-1:]}  # no more is listed, and `stable` takes time
    return listed(
        [f"{name}={stable(tags[name])}" if name in seen else name for name in own], longest=LONGEST_NAME
    )


def _partition(request: dg.RunRequest) -> str:
    if request.partition_key is not None:
        return shortened(request.partition_key, LONGEST_NAME)
    if keys := request.partition_key_range:
        return Bounded(f"{shortened(keys.start, LONGEST_NAME)} to {shortened(keys.end, LONGEST_NAME)}")
    return ""


def reason(skip: str) -> str:
    """Return why nothing runs, in a line; where none was given, Dagster has words of its own."""
    if given := _NO_REASON.fullmatch(skip):
        return f"the {given[1].lower()} gave no reason"
    return in_a_line(skip)


def timeless(text: str) -> str:
    """Leave out, of a cursor or a run key, also the times of change of files."""
    return _TIME.sub("(time)", stable(text))


BOARDS: Mapping[type, Callable[[Any], Board]] = {
    dg.AddDynamicPartitionsRequest: keys_request_board,
    dg.DeleteDynamicPartitionsRequest: keys_request_board,
    dg.RunRequest: run_request_board,
    dg.SkipReason: skip_board,
    dg.SensorResult: sensor_result_board,
    SensorTick: sensor_tick_board,
    ScheduleTick: schedule_tick_board,
}
