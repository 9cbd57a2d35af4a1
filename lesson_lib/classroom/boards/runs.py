"""The result of `dg.materialize`, or of another run in this process: what became of each asset, and why."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from lesson_lib.classroom.boards.board import Block, Board, Box, Fold, Graph, Line, Mark
from lesson_lib.classroom.boards.wording import MANY, counted, listed, shortened, stable
from lesson_lib.classroom.run_log import LogLine, lines_of

_MOST_BOXES = 30
_HASH = re.compile(r"[0-9a-f]{32,}")  # nobody reads further than its beginning
_LONGEST_VALUE = 120  # characters
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def run_board(result: dg.ExecuteInProcessResult) -> Board:
    """Describe a run: its keys, its assets in their order with outcome, metadata and checks, and its log."""
    boxes = list(_boxes(result))
    shown, more = boxes[:_MOST_BOXES], boxes[_MOST_BOXES:]
    blocks: list[Block] = [Graph(shown)] if shown else []
    if more:
        blocks.append(Line(f"And {counted(len(more), 'more asset')}: {listed([box.name for box in more])}."))
    blocks += _tracebacks(result)
    blocks += log_folds(result.run_id)
    title, mark = _verdict(result)
    keys = _keys(result)
    return Board(f"{title}: {keys}" if keys else title, blocks, mark)


def _verdict(result: dg.ExecuteInProcessResult) -> tuple[str, Mark]:
    if not result.success:
        return "Run failed", Mark.BAD
    if failed := sum(not check.passed for check in result.get_asset_check_evaluations()):
        return f"Run succeeded, {counted(failed, 'check')} failed", Mark.ODD
    return "Run succeeded", Mark.GOOD


def _keys(result: dg.ExecuteInProcessResult) -> str:
    tags = result.dagster_run.tags
    if key := tags.get("dagster/partition"):
        return f"partition {key}"
    start, end = map(tags.get, _RANGE_TAGS)
    if start is None or end is None:
        return ""
    keys = {event.partition for event in result.get_asset_materialization_events()}
    return f"partitions {start} to {end}, {counted(len(keys), 'key')} materialized"


def _boxes(result: dg.ExecuteInProcessResult) -> Iterator[Box]:
    layer = result.job_def.asset_layer
    checks = result.get_asset_check_evaluations()
    graph = layer.asset_graph
    names = {key: key.to_user_string() for key in graph.toposorted_asset_keys}
    shown = [
        key
        for key in names
        if key in layer.selected_asset_keys or any(check.asset_key == key for check in checks)
    ]
    if not shown:
        yield from _step_boxes(result)
    failures = _failures(result)
    for key in shown:
        materialized = _materialized(result, key)
        own_checks = [check for check in checks if check.asset_key == key]
        failure = failures.get("__".join(key.path))
        wanted = key in layer.selected_asset_keys
        after = [name for parent, name in names.items() if wanted and parent in graph.get(key).parent_keys]
        lines = [_check_line(check) for check in own_checks]
        if failure and not _check_failed(failure):
            lines.insert(0, Line(_cause(failure), Mark.BAD))
        outcome = _outcome(len(materialized), failure, wanted=wanted)
        yield Box(names[key], outcome, _metadata(materialized), lines, after)


def _materialized(result: dg.ExecuteInProcessResult, key: dg.AssetKey) -> list[dg.AssetMaterialization]:
    events = (event.materialization for event in result.get_asset_materialization_events())
    # By key: those of a range come in no order that would be the same tomorrow.
    return sorted(
        (event for event in events if event.asset_key == key), key=lambda event: event.partition or ""
    )


def _step_boxes(result: dg.ExecuteInProcessResult) -> Iterator[Box]:
    """Describe a job that holds no assets, by its steps."""
    failures = _failures(result)
    for step in dict.fromkeys(event.step_key for event in result.all_events if event.step_key):
        if failure := failures.get(step):
            yield Box(step, Line("failed", Mark.BAD), lines=[Line(_cause(failure), Mark.BAD)])
        else:
            yield Box(step, Line("succeeded", Mark.GOOD))


def _failures(result: dg.ExecuteInProcessResult) -> dict[str, dg.DagsterEvent]:
    return {event.step_key or "": event for event in result.get_step_failure_events()}


def _outcome(materialized: int, failure: dg.DagsterEvent | None, *, wanted: bool) -> Line:
    if not wanted:
        return Line("not part of this run")
    made = "materialized" if materialized == 1 else f"materialized {counted(materialized, 'partition')}"
    if failure and _check_failed(failure):
        return Line(f"{made}, and its check stops what comes after", Mark.ODD)
    if failure:
        return Line(f"{made}, then failed" if materialized else "failed", Mark.BAD)
    return Line(made, Mark.GOOD) if materialized else Line("not run", Mark.OPEN)


def _check_failed(failure: dg.DagsterEvent) -> bool:
    error = _raised(failure)
    return error is not None and error.cls_name == "DagsterAssetCheckFailedError"


def _cause(failure: dg.DagsterEvent) -> str:
    error = _raised(failure)
    if error is None:
        return "nothing says why"
    # Not the lines in which DuckDB points into the SQL text: they need a fixed-width font.
    told = " ".join(error.message.partition("\n\n")[0].split())
    name = error.cls_name or ""
    return stable(re.sub(rf"^[\w.]+\.{re.escape(name)}\b", name, told))


def _raised(failure: dg.DagsterEvent) -> Any:  # noqa: ANN401 - a `SerializableErrorInfo`, which has no public name, or None
    """Return what the asset itself raised, without Dagster's wrapping of it."""
    error = failure.step_failure_data.error
    while error and error.cause:
        error = error.cause
    return error


def _check_line(check: dg.AssetCheckEvaluation) -> Line:
    facts = ", ".join(f"{name} {_value(value)}" for name, value in check.metadata.items())
    told = stable(check.description) if check.description else facts
    told = f": {told}" if told else ""
    if check.passed:
        return Line(f"check {check.check_name} passed{told}", Mark.GOOD)
    if check.blocking or check.severity is dg.AssetCheckSeverity.ERROR:
        return Line(f"check {check.check_name} failed{told}", Mark.BAD)
    return Line(f"check {check.check_name} failed, not as an error{told}", Mark.ODD)


def _metadata(materialized: Sequence[dg.AssetMaterialization]) -> list[tuple[str, str]]:
    if len(materialized) == 1:
        return [(name, _value(value)) for name, value in materialized[0].metadata.items()]
    facts = [
        (
            event.partition or "",
            ", ".join(f"{name} {_value(value)}" for name, value in event.metadata.items()),
        )
        for event in materialized
        if event.metadata
    ]
    if len(facts) > MANY:
        return [*facts[: MANY - 1], (f"and {len(facts) - MANY + 1:,} more", "")]
    return facts


def _value(value: dg.MetadataValue) -> str:
    if isinstance(value, dg.TableMetadataValue):
        return counted(len(value.records), "record")
    if isinstance(value, dg.TableSchemaMetadataValue):
        return counted(len(value.schema.columns), "column")
    text = stable(str(value.value))
    return f"{text[:12]}…" if _HASH.fullmatch(text) else shortened(text, _LONGEST_VALUE)


def _tracebacks(result: dg.ExecuteInProcessResult) -> Iterator[Fold]:
    for event in result.get_step_failure_events():
        error = _raised(event)
        if error and not _check_failed(event):
            yield Fold(f"The full traceback of {event.step_key}", stable(error.to_string()))


def log_folds(run_id: str) -> list[Fold]:
    """Describe the log of a run: its own lines unfolded; no fold if nothing was kept of it."""
    lines = lines_of(run_id)
    own = [line for line in lines if line.own]
    summary = f"The run's log, with {counted(len(own), 'line')} of your own" if own else "The run's log"
    fold = Fold(summary, "\n".join(map(_log_line, lines)), [_log_line(line) for line in own])
    return [fold] if lines else []


def _log_line(line: LogLine) -> str:
    step = f"{line.step}: " if line.step else ""
    return f"{line.level:<7} {step}{stable(line.text)}"


BOARDS: Mapping[type, Callable[[Any], Board]] = {dg.ExecuteInProcessResult: run_board}
