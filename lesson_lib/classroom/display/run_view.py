"""The board of `dg.materialize`, or of another run in this process: the outcome of each asset, and why."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Box, Fold, Graph, Line, Mark, describe
from lesson_lib.classroom.display.safe_text import (
    MAX_ITEMS,
    Bounded,
    format_count,
    format_list,
    hide_and_shorten,
    join_fitting,
    make_plain,
    shorten_name,
)
from lesson_lib.classroom.run_log import LogLine, get_log, get_materializations
from lesson_lib.pipeline.event_log import SOURCE_FOLDER
from lesson_lib.unstable_text import hide_unstable

_MAX_BOXES = 30
_MAX_VALUE_LENGTH = 120  # characters
_MAX_ERROR_LENGTH = 600
_HASH = re.compile(r'"?([0-9a-f]{32,})"?')  # its beginning is enough for readers; an ETag is in quotes
_RANGE_TAGS = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_NO_KEY = "A range contains no keys if its end was registered before its start. Did you mean to swap them?"


Result = dg.ExecuteInProcessResult | dg.JobExecutionResult


@dataclass
class _Step:
    """What the events record of a step, which for an asset is the call of its function."""

    name: str
    entities: AbstractSet[dg.AssetKey | dg.AssetCheckKey]
    outcome: str = "begun"  # then `succeeded`, `skipped`, `failed`, or `stopped` by a blocking check
    error: Any = None  # of a failure: a `SerializableErrorInfo`, which has no public name


@describe.register
def describe_run(result: Result) -> Board:
    """Describe a run: its keys, its assets in their order with outcome, metadata and checks, and its log."""
    steps, assets, keys = _list_steps(result), _list_assets(result), _list_range_keys(result)
    if assets:
        noun, names = "asset", [key.to_user_string() for key in assets]
        boxes = list(_make_asset_boxes(result, assets[:_MAX_BOXES], steps))
    else:
        noun, names = "step", [step.name for step in steps]
        boxes = list(map(_make_step_box, steps[:_MAX_BOXES]))
    blocks: list[Block] = [Graph(boxes)]
    if more := names[_MAX_BOXES:]:
        blocks.append(Line(Bounded(f"And {format_count(len(more), f'more {noun}')}: {format_list(more)}.")))
    blocks += _make_failure_blocks(result, steps)
    if result.success and keys == set():
        blocks.append(Line(_NO_KEY))
    title, mark = _summarize(result, keys)
    return Board(title, [*blocks, *make_log_folds(result.run_id)], mark)


def explain_failure(result: Result) -> str:
    """Return in a line what the first failure of a run was; empty if nothing failed."""
    failed = next((step for step in _list_steps(result) if step.error or step.outcome == "stopped"), None)
    if failed and failed.outcome == "stopped":
        return format_failed_checks(result.get_asset_check_evaluations())
    error = failed.error if failed else _find_error_without_step(result)
    return _format_error(error) if error else ""


def format_failed_checks(checks: Iterable[dg.AssetCheckEvaluation]) -> str:
    """Return in a line what those checks found that failed and block the assets after them; may be empty."""
    failed = [
        check
        for check in checks
        if check.blocking and not check.passed and check.severity is dg.AssetCheckSeverity.ERROR
    ]
    more = [f"and {format_count(len(failed) - MAX_ITEMS, 'more check')} failed"] if failed[MAX_ITEMS:] else []
    return Bounded("; ".join([*(_make_check_line(check).text for check in failed[:MAX_ITEMS]), *more]))


def format_partition(tags: Mapping[str, str]) -> str:
    """Return by its tags which partition a run is for, or which ends of a range; may be empty."""
    if key := tags.get("dagster/partition"):
        return f"partition {key}"
    start, end = map(tags.get, _RANGE_TAGS)
    return f"partitions {start} to {end}" if start is not None and end is not None else ""


def _summarize(result: Result, keys: AbstractSet[str | None] | None) -> tuple[str, Mark]:
    title, mark = "Run succeeded", Mark.GOOD
    if not result.success:
        title, mark = "Run failed", Mark.BAD
    elif keys == set():
        mark = Mark.ODD
    elif failed := sum(not check.passed for check in result.get_asset_check_evaluations()):
        title, mark = f"{title}, {format_count(failed, 'check')} failed", Mark.ODD
    if partition := format_partition(result.dagster_run.tags):
        title += f": {partition}"
    if keys is not None and "dagster/partition" not in result.dagster_run.tags:
        title += f", {format_count(len(keys), 'key')} materialized"
    return title, mark


def _list_range_keys(result: Result) -> AbstractSet[str | None] | None:
    """Return the keys that a run for a range materialized in all its assets; None for another run."""
    if not all(tag in result.dagster_run.tags for tag in _RANGE_TAGS):
        return None
    found: dict[dg.AssetKey, set[str | None]] = {
        asset: set() for asset in result.job_def.asset_layer.selected_asset_keys
    }
    for event in _list_materializations(result):
        if event.asset_key:
            found.setdefault(event.asset_key, set()).add(event.partition)
    return set.intersection(*found.values()) - {None} if found else set()


def _list_materializations(result: Result) -> Sequence[dg.DagsterEvent]:
    logged = [] if result.success else get_materializations(result.run_id)
    return logged or result.get_asset_materialization_events()


def _list_steps(result: Result) -> list[_Step]:
    """Return the steps of the run, in the order in which they began."""
    layer = result.job_def.asset_layer
    steps: dict[str, _Step] = {}
    for event in result.all_events:
        if event.step_key is None or event.node_handle is None:
            continue
        if event.step_key not in steps:
            entities = layer.get_selected_entity_keys_for_node(event.node_handle)
            steps[event.step_key] = _Step(event.step_key, entities)
        step = steps[event.step_key]
        if event.is_step_failure:
            error = _find_cause(event.step_failure_data.error)
            # This error only repeats what the check found.
            is_stopped = error is not None and error.cls_name == "DagsterAssetCheckFailedError"
            step.outcome, step.error = ("stopped", None) if is_stopped else ("failed", error)
        elif event.is_step_success or event.is_step_skipped:
            step.outcome = "succeeded" if event.is_step_success else "skipped"
    return list(steps.values())


def _find_cause(error: Any) -> Any:  # noqa: ANN401 - a `SerializableErrorInfo`, or None
    """Return what the learner's code raised, without Dagster's wrapping of it."""
    while error and error.cause:
        error = error.cause
    return error


def _list_assets(result: Result) -> list[dg.AssetKey]:
    """Return the assets of the run, and those of its checks, each after those that it needs."""
    layer = result.job_def.asset_layer
    checked = {check.asset_key for check in result.get_asset_check_evaluations()}
    wanted = layer.selected_asset_keys | checked
    return [key for key in layer.asset_graph.toposorted_asset_keys if key in wanted]


def _make_asset_boxes(result: Result, assets: Sequence[dg.AssetKey], steps: Sequence[_Step]) -> Iterator[Box]:
    layer = result.job_def.asset_layer
    is_range = _RANGE_TAGS[0] in result.dagster_run.tags
    made, checks, of_asset = defaultdict(list), defaultdict(list), defaultdict(list)
    for event in _list_materializations(result):
        # An asset that runs over a range without keys is materialized for no key.
        if event.partition is not None or not is_range:
            made[event.asset_key].append(event.materialization)
    for check in result.get_asset_check_evaluations():
        checks[check.asset_key].append(check)
    for step in steps:
        # Each asset once: a step may be that of an asset and of a check on it.
        for asset in {each if isinstance(each, dg.AssetKey) else each.asset_key for each in step.entities}:
            of_asset[asset].append(step)
    for key in assets:
        own = [step for step in of_asset[key] if key in step.entities]
        lines = [
            *(Line(_format_error(step.error), Mark.BAD) for step in own if step.error),
            *map(_make_check_line, checks[key]),
            *(
                Line(f"check {_list_checks(step)} raised {_format_error(step.error)}", Mark.BAD)
                for step in of_asset[key]
                if step.error and key not in step.entities
            ),
        ]
        if more := len(lines[MAX_ITEMS:]):
            lines[MAX_ITEMS:] = [Line(f"and {more:,} more")]
        outcome, parents = Line("not part of this run"), []
        if key in layer.selected_asset_keys:
            outcome = _make_outcome(len(made[key]), own, of_asset[key])
            if is_range and result.success and not made[key]:
                outcome = Line("ran without keys", Mark.OPEN)
            parents = [parent.to_user_string() for parent in sorted(layer.asset_graph.get(key).parent_keys)]
        # A load of a range that failed has recorded each of the other keys with metadata of its own.
        facts = [] if made[key][1:] and own and own[0].error else _format_materializations(made[key])
        yield Box(key.to_user_string(), outcome, facts, lines, parents)


def _make_step_box(step: _Step) -> Box:
    """Describe a step of a job without assets."""
    marks = {"succeeded": Mark.GOOD, "failed": Mark.BAD}
    lines = [Line(_format_error(step.error), Mark.BAD)] if step.error else []
    return Box(step.name, Line(step.outcome, marks.get(step.outcome, Mark.OPEN)), lines=lines)


def _make_outcome(materialized: int, own: Sequence[_Step], of_asset: Sequence[_Step]) -> Line:
    made = "materialized" if materialized == 1 else f"materialized {format_count(materialized, 'partition')}"
    if any(step.outcome == "stopped" for step in of_asset):
        return Line(f"{made}; its check blocks the rest", Mark.ODD)
    if any(step.outcome == "failed" for step in own):
        return Line(f"{made}, then failed" if materialized else "failed", Mark.BAD)
    if materialized:
        return Line(made, Mark.GOOD)
    ran = any(step.outcome == "succeeded" for step in own)
    return Line("ran, but materialized nothing" if ran else "not run", Mark.OPEN)


def _list_checks(step: _Step) -> str:
    return ", ".join(sorted(each.name for each in step.entities if isinstance(each, dg.AssetCheckKey)))


def _format_error(error: Any) -> str:  # noqa: ANN401 - a `SerializableErrorInfo`
    # Not the lines in which DuckDB points into the SQL text: they need a fixed-width font.
    text = " ".join(error.message.partition("\n\n")[0].split())
    name = error.cls_name or ""
    text = hide_unstable(re.sub(rf"^[\w.]+\.{re.escape(name)}\b", name, text))
    return Bounded(hide_and_shorten(text, _MAX_ERROR_LENGTH))


def _make_failure_blocks(result: Result, steps: Sequence[_Step]) -> Iterator[Block]:
    """Yield the tracebacks, and an error outside the steps, such as that of a resource that cannot start."""
    for step in [step for step in steps if step.error][:MAX_ITEMS]:
        yield Fold(f"The full traceback of {step.name}", hide_unstable(step.error.to_string()))
    is_known = any(step.error or step.outcome == "stopped" for step in steps)
    if error := None if is_known else _find_error_without_step(result):
        yield Line(_format_error(error), Mark.BAD)
        yield Fold("The full traceback", hide_unstable(error.to_string()))


def _find_error_without_step(result: Result) -> Any:  # noqa: ANN401 - a `SerializableErrorInfo`, or None
    return None if result.success else _find_cause(result.get_run_failure_event().job_failure_data.error)


def _make_check_line(check: dg.AssetCheckEvaluation) -> Line:
    description = check.description
    found = make_plain(hide_unstable(description)) if description else _join_metadata(check.metadata)
    is_error = check.blocking or check.severity is dg.AssetCheckSeverity.ERROR
    outcome, mark = ("failed", Mark.BAD) if is_error else ("failed, as a warning only", Mark.ODD)
    if check.passed:
        outcome, mark = "passed", Mark.GOOD
    text = f"check {shorten_name(check.check_name)} {outcome}"
    return Line(Bounded(f"{text}: {found}" if found else text), mark)


def _format_materializations(events: Sequence[dg.AssetMaterialization]) -> list[tuple[str, str]]:
    if events and all(event.metadata == events[0].metadata for event in events):
        return _format_metadata(events[0].metadata)
    # By key, since the events of a range come in no fixed order.
    known = sorted((event for event in events if event.metadata), key=lambda event: event.partition or "")
    facts = [(event.partition or "", _join_metadata(event.metadata)) for event in known[:MAX_ITEMS]]
    return _limit(facts, len(known))


def _join_metadata(metadata: Mapping[str, dg.MetadataValue]) -> Bounded:
    pairs = _format_metadata(metadata)
    return join_fitting([f"{shorten_name(name)} {make_plain(value)}".rstrip() for name, value in pairs])


def _format_metadata(metadata: Mapping[str, dg.MetadataValue]) -> list[tuple[str, str]]:
    # The source folder is an absolute path, which differs on each machine.
    facts = [(name, value) for name, value in metadata.items() if name != SOURCE_FOLDER]
    return _limit([(name, _format_value(value)) for name, value in facts[:MAX_ITEMS]], len(facts))


def _limit(facts: Sequence[tuple[str, str]], count: int) -> list[tuple[str, str]]:
    """Append how many facts there are beyond these."""
    return [*facts, *([(f"and {count - MAX_ITEMS:,} more", "")] if count > MAX_ITEMS else [])]


def _format_value(value: dg.MetadataValue) -> str:
    if isinstance(value, dg.TableMetadataValue):
        return format_count(len(value.records), "record")
    if isinstance(value, dg.TableSchemaMetadataValue):
        return format_count(len(value.schema.columns), "column")
    text = str(value.value)
    digits = _HASH.fullmatch(text)
    return f"{digits[1][:12]}…" if digits else hide_and_shorten(text, _MAX_VALUE_LENGTH)


def make_log_folds(run_id: str) -> list[Fold]:
    """Describe the log of a run, with its own lines unfolded; without a log there is no fold."""
    lines = get_log(run_id)
    own = [_format_log_line(line) for line in lines if line.own]
    summary = f"The run's log, with {format_count(len(own), 'line')} of your own" if own else "The run's log"
    return [Fold(summary, "\n".join(map(_format_log_line, lines)), own)] if lines else []


def _format_log_line(line: LogLine) -> str:
    step = f"{line.step}: " if line.step else ""
    return f"{line.level:<7} {step}{hide_unstable(line.text)}"
