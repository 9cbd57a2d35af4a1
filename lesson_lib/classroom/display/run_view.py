"""The result of `dg.materialize`, or of another run in this process: what became of each asset, and why."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Box, Fold, Graph, Line, Mark
from lesson_lib.classroom.display.safe_text import (
    LONGEST_NAME,
    MANY,
    Bounded,
    counted,
    join_fitting,
    listed,
    plain,
    shorten_stable,
)
from lesson_lib.classroom.run_log import LogLine, lines_of
from lesson_lib.pipeline.event_log import SOURCE_FOLDER
from lesson_lib.unstable_text import stable

_MOST_BOXES = 30
_HASH = re.compile(r"[0-9a-f]{32,}")  # nobody reads further than its beginning
_LONGEST_VALUE = 120  # characters
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_NO_KEY = "A range holds no key if its end was registered before its start. Did you mean to swap them?"


Result = dg.ExecuteInProcessResult | dg.JobExecutionResult


@dataclass
class _Step:
    """What the events say of a step, which for an asset is its function's call."""

    name: str
    of: AbstractSet[dg.AssetKey | dg.AssetCheckKey]
    outcome: str = "begun"
    error: Any = None  # a `SerializableErrorInfo`, which has no public name


def run_board(result: Result) -> Board:
    """Describe a run: its keys, its assets in their order with outcome, metadata and checks, and its log."""
    steps = _steps(result)
    assets = _assets(result)
    names = [key.to_user_string() for key in assets] or [step.name for step in steps]
    boxes = (
        _asset_boxes(result, assets[:_MOST_BOXES], steps) if assets else map(_step_box, steps[:_MOST_BOXES])
    )
    blocks: list[Block] = [Graph(list(boxes))] if names else []
    if more := names[_MOST_BOXES:]:
        what = counted(len(more), "more asset" if assets else "more step")
        blocks.append(Line(Bounded(f"And {what}: {listed(more)}.")))
    blocks += _failures(result, steps)
    if result.success and _keys_of_range(result) == set():
        blocks.append(Line(_NO_KEY))
    blocks += log_folds(result.run_id)
    title, mark = _verdict(result)
    keys = _keys(result)
    return Board(f"{title}: {keys}" if keys else title, blocks, mark)


def why_failed(result: Result) -> str:
    """Return in a line what the first failure of a run was; empty if there was none."""
    failed = next((step for step in _steps(result) if step.error), None)
    if failed and _check_failed(failed):
        return describe_failed_checks(result.get_asset_check_evaluations())
    failure = failed.error if failed else _failure_of_no_step(result)
    return _cause(failure) if failure else ""


def describe_failed_checks(checks: Iterable[dg.AssetCheckEvaluation]) -> str:
    """Return in a line what those checks found that failed and block what comes after; may be empty."""
    failed = [
        check
        for check in checks
        if check.blocking and not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    more = [f"and {counted(len(failed) - MANY, 'more check')} failed"] if failed[MANY:] else []
    return Bounded("; ".join([*(_check_line(check).text for check in failed[:MANY]), *more]))


def describe_partition(tags: Mapping[str, str]) -> str:
    """Return which partition a run is for, or which ends of a range, by its tags; may be empty."""
    if key := tags.get("dagster/partition"):
        return f"partition {key}"
    start, end = map(tags.get, _RANGE_TAGS)
    return f"partitions {start} to {end}" if start is not None and end is not None else ""


def _verdict(result: Result) -> tuple[str, Mark]:
    if not result.success:
        return "Run failed", Mark.BAD
    if _keys_of_range(result) == set():
        return "Run succeeded", Mark.ODD
    if failed := sum(not check.passed for check in result.get_asset_check_evaluations()):
        return f"Run succeeded, {counted(failed, 'check')} failed", Mark.ODD
    return "Run succeeded", Mark.GOOD


def _keys(result: Result) -> str:
    partition = describe_partition(result.dagster_run.tags)
    if "dagster/partition" in result.dagster_run.tags or (keys := _keys_of_range(result)) is None:
        return partition
    return f"{partition}, {counted(len(keys), 'key')} materialized"


def _keys_of_range(result: Result) -> AbstractSet[str | None] | None:
    """Return the keys that were materialized, if the run is for a range."""
    if not all(tag in result.dagster_run.tags for tag in _RANGE_TAGS):
        return None
    return {event.partition for event in result.get_asset_materialization_events()} - {None}


def _is_of_a_key(event: dg.DagsterEvent, result: Result) -> bool:
    """Tell whether it is one: an asset that runs over a range without keys is materialized for none."""
    return event.partition is not None or _RANGE_TAGS[0] not in result.dagster_run.tags


def _steps(result: Result) -> list[_Step]:
    """Return the steps of the run, in the order in which they began."""
    layer = result.job_def.asset_layer
    steps: dict[str, _Step] = {}
    for event in result.all_events:
        if event.step_key is None or event.node_handle is None:
            continue
        if event.step_key not in steps:
            of = layer.get_selected_entity_keys_for_node(event.node_handle)
            steps[event.step_key] = _Step(event.step_key, of)
        step = steps[event.step_key]
        if event.is_step_failure:
            step.outcome, step.error = "failed", _raised(event.step_failure_data.error)
        elif event.is_step_success or event.is_step_skipped:
            step.outcome = "succeeded" if event.is_step_success else "skipped"
    return list(steps.values())


def _raised(error: Any) -> Any:  # noqa: ANN401 - a `SerializableErrorInfo`, or None
    """Return what the learner's code raised, without Dagster's wrapping of it."""
    while error and error.cause:
        error = error.cause
    return error


def _assets(result: Result) -> list[dg.AssetKey]:
    """Return the assets of the run, and those of its checks, each after those that it needs."""
    layer = result.job_def.asset_layer
    checked = {check.asset_key for check in result.get_asset_check_evaluations()}
    wanted = layer.selected_asset_keys | checked
    return [key for key in layer.asset_graph.toposorted_asset_keys if key in wanted]


def _asset_boxes(result: Result, assets: Sequence[dg.AssetKey], steps: Sequence[_Step]) -> Iterator[Box]:
    layer = result.job_def.asset_layer
    made, checks, of_asset = defaultdict(list), defaultdict(list), defaultdict(list)
    for event in result.get_asset_materialization_events():
        if _is_of_a_key(event, result):
            made[event.asset_key].append(event.materialization)
    for check in result.get_asset_check_evaluations():
        checks[check.asset_key].append(check)
    for step in steps:
        # Each once: a step may be that of an asset and of a check on it.
        for asset in {entity if isinstance(entity, dg.AssetKey) else entity.asset_key for entity in step.of}:
            of_asset[asset].append(step)
    for key in assets:
        wanted = key in layer.selected_asset_keys
        own = [step for step in of_asset[key] if key in step.of]
        parents = sorted(layer.asset_graph.get(key).parent_keys) if wanted else []
        lines = [Line(_cause(step.error), Mark.BAD) for step in own if step.error and not _check_failed(step)]
        lines += [_check_line(check) for check in checks[key]]
        lines += [
            Line(f"check {_check_name(step)} raised {_cause(step.error)}", Mark.BAD)
            for step in of_asset[key]
            if step.error and step not in own and not _check_failed(step)
        ]
        yield Box(
            key.to_user_string(),
            _outcome(len(made[key]), own, of_asset[key]) if wanted else Line("not part of this run"),
            _metadata(made[key]),
            [*lines[:MANY], *([Line(f"and {len(lines) - MANY:,} more")] if lines[MANY:] else [])],
            [parent.to_user_string() for parent in parents],
        )


def _step_box(step: _Step) -> Box:
    """Describe a step of a job that holds no assets."""
    marks = {"succeeded": Mark.GOOD, "failed": Mark.BAD}
    lines = [Line(_cause(step.error), Mark.BAD)] if step.error else []
    return Box(step.name, Line(step.outcome, marks.get(step.outcome, Mark.OPEN)), lines=lines)


def _outcome(materialized: int, steps: Sequence[_Step], with_checks: Sequence[_Step]) -> Line:
    made = "materialized" if materialized == 1 else f"materialized {counted(materialized, 'partition')}"
    if any(map(_check_failed, with_checks)):
        return Line(f"{made}, and its check stops what comes after", Mark.ODD)
    if any(step.outcome == "failed" for step in steps):
        return Line(f"{made}, then failed" if materialized else "failed", Mark.BAD)
    if materialized:
        return Line(made, Mark.GOOD)
    ran = any(step.outcome == "succeeded" for step in steps)
    return Line("ran, and made nothing" if ran else "not run", Mark.OPEN)


def _check_failed(step: _Step) -> bool:
    return step.error is not None and step.error.cls_name == "DagsterAssetCheckFailedError"


def _check_name(step: _Step) -> str:
    return ", ".join(sorted(entity.name for entity in step.of if isinstance(entity, dg.AssetCheckKey)))


def _cause(error: Any) -> str:  # noqa: ANN401 - a `SerializableErrorInfo`
    # Not the lines in which DuckDB points into the SQL text: they need a fixed-width font.
    told = " ".join(error.message.partition("\n\n")[0].split())
    name = error.cls_name or ""
    return stable(re.sub(rf"^[\w.]+\.{re.escape(name)}\b", name, told))


def _failures(result: Result, steps: Sequence[_Step]) -> Iterator[Block]:
    """Yield the tracebacks, and a cause that is no step's: a resource that cannot start, say."""
    failed = [step for step in steps if step.error and not _check_failed(step)]
    for step in failed[:MANY]:
        yield Fold(f"The full traceback of {step.name}", stable(step.error.to_string()))
    error = None if any(step.error for step in steps) else _failure_of_no_step(result)
    if error:
        yield Line(_cause(error), Mark.BAD)
        yield Fold("The full traceback", stable(error.to_string()))


def _failure_of_no_step(result: Result) -> Any:  # noqa: ANN401 - a `SerializableErrorInfo`, or None
    return None if result.success else _raised(result.get_run_failure_event().job_failure_data.error)


def _check_line(check: dg.AssetCheckEvaluation) -> Line:
    told = plain(stable(check.description)) if check.description else _joined_facts(check.metadata)
    told = f": {told}" if told else ""
    name = plain(check.check_name, LONGEST_NAME)
    if check.passed:
        return Line(Bounded(f"check {name} passed{told}"), Mark.GOOD)
    if check.blocking or check.severity is dg.AssetCheckSeverity.ERROR:
        return Line(Bounded(f"check {name} failed{told}"), Mark.BAD)
    return Line(Bounded(f"check {name} failed, not as an error{told}"), Mark.ODD)


def _metadata(materialized: Sequence[dg.AssetMaterialization]) -> list[tuple[str, str]]:
    if materialized and all(event.metadata == materialized[0].metadata for event in materialized):
        return _facts(materialized[0].metadata)
    # By key: those of a range come in no order that would be the same tomorrow.
    told = sorted(
        ((event.partition or "", event.metadata) for event in materialized if event.metadata),
        key=lambda of_key: of_key[0],
    )
    return [*((key, _joined_facts(metadata)) for key, metadata in told[:MANY]), *_rest(len(told))]


def _joined_facts(metadata: Mapping[str, dg.MetadataValue]) -> Bounded:
    """Write metadata as a list in a line."""
    return join_fitting(
        [f"{plain(name, LONGEST_NAME)} {plain(value)}".rstrip() for name, value in _facts(metadata)]
    )


def _facts(metadata: Mapping[str, dg.MetadataValue]) -> list[tuple[str, str]]:
    # The source folder is an absolute path, which differs on each machine.
    facts = [(name, value) for name, value in metadata.items() if name != SOURCE_FOLDER]
    return [*((name, _value(value)) for name, value in facts[:MANY]), *_rest(len(facts))]


def _rest(count: int) -> list[tuple[str, str]]:
    """Say how many facts there are beyond those that are shown."""
    return [(f"and {count - MANY:,} more", "")] if count > MANY else []


def _value(value: dg.MetadataValue) -> str:
    if isinstance(value, dg.TableMetadataValue):
        return counted(len(value.records), "record")
    if isinstance(value, dg.TableSchemaMetadataValue):
        return counted(len(value.schema.columns), "column")
    text = str(value.value)
    return f"{text[:12]}…" if _HASH.fullmatch(text) else shorten_stable(text, _LONGEST_VALUE)


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


BOARDS: Mapping[type, Callable[[Any], Board]] = {
    dg.ExecuteInProcessResult: run_board,
    dg.JobExecutionResult: run_board,
}
