"""The boards of definitions: assets, checks, jobs, schedules, sensors, and all of them together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Box, Facts, Graph, Line, Table, describe
from lesson_lib.classroom.display.partition_view import format_partitions
from lesson_lib.classroom.display.safe_text import (
    MAX_ITEMS,
    Bounded,
    format_count,
    format_list,
    join_lines,
    shorten_name,
)
from lesson_lib.unstable_text import hide_unstable

# Neither of these two has a public name; these are the public ways to them.
UnresolvedJob = type(dg.define_asset_job("any"))
UnresolvedSchedule = type(dg.build_schedule_from_partitioned_job(dg.define_asset_job("any")))

# The name that Dagster gives to the job of a schedule or sensor that targets assets.
_ANONYMOUS_JOB = "__anonymous_asset_job"
# Every asset needs this resource, and Dagster provides it.
_DEFAULT_RESOURCE = "io_manager"

_DEFAULT_INTERVAL = 30  # seconds between two evaluations of a sensor


@describe.register
def describe_asset(asset: dg.AssetsDefinition | dg.AssetSpec | dg.SourceAsset) -> Board:
    """Describe an asset, or all assets that one function makes."""
    specs = _list_specs(asset)
    by, more = "", []
    blocks: list[Block]
    if isinstance(asset, dg.AssetsDefinition):
        by = f" of {shorten_name(asset.node_def.name)}" if asset.is_executable else ""
        checks = format_list(list(map(_format_check, asset.check_specs)))
        more = [("checks", checks), _format_resources(asset.required_resource_keys)]
    if len(specs) == 1:
        (spec,) = specs
        title, blocks = f"Asset {_format_key(spec.key)}", [_make_line(spec.description)]
        facts = [
            _format_groups(specs),
            ("kinds", format_list(sorted(spec.kinds))),
            ("partitions", format_partitions(spec.partitions_def)),
            ("depends on", _format_keys(dep.asset_key for dep in spec.deps)),
        ]
    else:
        title, facts = f"{format_count(len(specs), 'asset')}{by}", [_format_groups(specs)]
        blocks = _make_graph(specs, [])
    return Board(title, [*blocks, Facts.of_known(*facts, *more), Line(_explain_origin(asset))])


def _explain_origin(asset: dg.AssetsDefinition | dg.AssetSpec | dg.SourceAsset) -> str:
    """Return who makes an asset, if it is not the function that defines it."""
    if isinstance(asset, dg.AssetSpec):
        return "A spec describes an asset. The function that makes it, if there is one, is elsewhere."
    if asset.is_observable:
        return "Made elsewhere: this code only observes it."
    is_made_here = isinstance(asset, dg.AssetsDefinition) and asset.is_materializable
    return "" if is_made_here else "Made elsewhere: Dagster only knows that it exists."


@describe.register
def _describe_checks(definition: dg.AssetChecksDefinition) -> Board:
    """Describe an asset check, or all checks that one function makes."""
    checks = list(definition.check_specs)
    resources = Facts.of_known(_format_resources(definition.required_resource_keys))
    if len(checks) == 1:
        board = _describe_check(checks[0])
        return Board(board.title, [*board.blocks, resources])
    rows = [
        [Line(shorten_name(check.name)), Line(_format_key(check.asset_key)), Line(_format_blocking(check))]
        for check in checks[:MAX_ITEMS]
    ]
    more = len(checks[MAX_ITEMS:])
    blocks: list[Block] = [
        Table("", ["check", "of", "blocking"], rows),
        Line(f"… and {format_count(more, 'more check')}." if more else ""),
        resources,
    ]
    return Board(format_count(len(checks), "asset check"), blocks)


@describe.register
def _describe_check(check: dg.AssetCheckSpec) -> Board:
    facts = Facts.of_known(
        ("of", _format_key(check.asset_key)),
        ("blocking", _format_blocking(check)),
        ("partitions", format_partitions(check.partitions_def)),
        ("also reads", _format_keys(dep.asset_key for dep in check.additional_deps)),
    )
    return Board(f"Asset check {shorten_name(check.name)}", [_make_line(check.description), facts])


@describe.register
def _describe_job(job: dg.JobDefinition) -> Board:
    graph, selected = job.asset_layer.asset_graph, job.asset_layer.selected_asset_keys
    keys = [key for key in graph.toposorted_asset_keys if key in selected]
    nodes = [graph.get(key) for key in keys[:MAX_ITEMS]]
    boxes = [_make_box(node.key, node.partitions_def, node.parent_keys) for node in nodes]
    ops = [] if keys else [node.name for node in job.nodes_in_topological_order]
    facts = Facts.of_known(
        ("also", format_list(list(map(_format_key, keys[MAX_ITEMS:])))),
        ("ops", format_list(ops)),
        _format_resources(job.required_resource_keys),
    )
    return Board(f"Job {shorten_name(job.name)}", [_make_line(job.description), Graph(boxes), facts])


@describe.register(UnresolvedJob)
def _describe_unresolved_job(job: Any) -> Board:  # noqa: ANN401 - an `UnresolvedJob`, which has no public name
    """Describe a job that names assets which it has not looked up yet."""
    facts = Facts.of_known(
        ("assets", _format_selection(job.selection)), ("partitions", format_partitions(job.partitions_def))
    )
    remark = Line("It looks up its assets once it is in dg.Definitions together with them.")
    return Board(f"Job {shorten_name(job.name)}", [_make_line(job.description), facts, remark])


@describe.register
def _describe_schedule(schedule: dg.ScheduleDefinition) -> Board:
    cron = schedule.cron_schedule
    when = cron if isinstance(cron, str) else " and ".join(cron)
    return _describe_automation(
        "Schedule",
        schedule,
        ("starts", _format_target(schedule.job if schedule.has_job else schedule.job_name)),
        ("when", f"{when} (cron), {schedule.execution_timezone or 'UTC'}"),
        _format_resources(schedule.required_resource_keys),
    )


@describe.register(UnresolvedSchedule)
def _describe_unresolved_schedule(schedule: Any) -> Board:  # noqa: ANN401 - an `UnresolvedSchedule`, which has no public name
    """Describe a schedule whose calendar is that of its job's partitions."""
    when = "a partition ends: its cron schedule follows from the job's partitions"
    return _describe_automation(
        "Schedule", schedule, ("starts", _format_target(schedule.job)), ("when", when)
    )


@describe.register
def _describe_sensor(sensor: dg.SensorDefinition) -> Board:
    selection = sensor.asset_selection
    seconds = sensor.minimum_interval_seconds or _DEFAULT_INTERVAL
    watched = _format_key(sensor.asset_key) if isinstance(sensor, dg.AssetSensorDefinition) else ""
    return _describe_automation(
        "Sensor",
        sensor,
        ("starts", ", ".join(_format_target(target.resolvable_to_job) for target in sensor.targets or ())),
        ("assets", _format_selection(selection) if selection else ""),
        ("watches", watched),
        ("looks", f"at most every {format_count(seconds, 'second')}"),
        _format_resources(sensor.required_resource_keys),
    )


def _describe_automation(kind: str, automation: Any, *facts: tuple[str, str]) -> Board:  # noqa: ANN401 - a schedule, resolved or not, or a sensor
    status = (
        "On by default: it runs wherever the daemon runs."
        if automation.default_status.name == "RUNNING"
        else "Off by default: it starts nothing until it is switched on in the Dagster UI."
    )
    title = f"{kind} {shorten_name(automation.name)}"
    return Board(title, [_make_line(automation.description), Facts.of_known(*facts), Line(status)])


@describe.register
def describe_definitions(definitions: dg.Definitions) -> Board:
    """Describe everything that is defined together: the assets as a graph, the rest by name."""
    assets = _sort_sets(definitions.assets, _list_key_names)
    specs = [spec for asset in assets for spec in _list_specs(asset)]
    checks = [
        check
        for holder in (*assets, *_sort_sets(definitions.asset_checks, _list_key_names))
        if isinstance(holder, dg.AssetsDefinition)
        for check in holder.check_specs
    ]
    named = {
        "asset": [spec.key.to_user_string() for spec in specs],
        "check": [check.name for check in checks],
        "job": [job.name for job in _sort_sets(definitions.jobs)],
        "schedule": [schedule.name for schedule in _sort_sets(definitions.schedules)],
        "sensor": [sensor.name for sensor in _sort_sets(definitions.sensors)],
        "resource": list(definitions.resources or {}),
    }
    counts = [format_count(len(names), thing) for thing, names in named.items() if names]
    drawn = {spec.key for spec in specs} if len(specs) <= MAX_ITEMS else set()
    named["check"] = [_format_check(check) for check in checks if check.asset_key not in drawn]
    lists = [(f"{thing}s", format_list(names)) for thing, names in named.items() if thing != "asset"]
    facts = Facts.of_known(_format_groups(specs), *lists)
    return Board(f"Definitions: {', '.join(counts) or 'nothing yet'}", [*_make_graph(specs, checks), facts])


def _make_graph(specs: Sequence[dg.AssetSpec], checks: Sequence[dg.AssetCheckSpec]) -> list[Block]:
    by_key = {spec.key: spec for spec in specs}
    order = _sort_by_needs(by_key)
    boxes = []
    for key in order[:MAX_ITEMS]:
        spec = by_key[key]
        names = [_format_check(check) for check in checks if check.asset_key == key]
        facts = Facts.of_known(("kinds", format_list(sorted(spec.kinds))), ("checks", format_list(names)))
        boxes.append(_make_box(key, spec.partitions_def, (dep.asset_key for dep in spec.deps), facts.pairs))
    more = list(map(_format_key, order[MAX_ITEMS:]))
    rest = Bounded(f"… and {len(more):,} more: {format_list(more)}." if more else "")
    return [Graph(boxes), Line(rest)]


def _sort_by_needs(specs: Mapping[dg.AssetKey, dg.AssetSpec]) -> list[dg.AssetKey]:
    """Sort assets so that each comes right after those that it needs."""
    order: dict[dg.AssetKey, None] = {}
    seen: set[dg.AssetKey] = set()
    waiting = list(specs)[::-1]
    while waiting:
        key = waiting[-1]
        needs = sorted((dep.asset_key for dep in specs[key].deps), key=dg.AssetKey.to_user_string)
        # Dagster rejects a circle only when it loads the definitions, so no asset is waited for twice.
        missing = [] if key in seen else [need for need in needs if need in specs and need not in seen]
        seen.add(key)
        if missing:
            waiting += reversed(missing)
        else:
            order.setdefault(waiting.pop())
    return list(order)


def _sort_sets(things: Iterable[Any] | None, key: Callable[[Any], Any] = attrgetter("name")) -> list[Any]:
    """Return things in the order in which they were given; a set has no order, so it is sorted."""
    return sorted(things, key=key) if isinstance(things, AbstractSet) else list(things or [])


def _list_key_names(asset: object) -> list[str]:
    checks = asset.check_keys if isinstance(asset, dg.AssetsDefinition) else ()
    return sorted(key.to_user_string() for key in (*(spec.key for spec in _list_specs(asset)), *checks))


def _list_specs(asset: object) -> list[dg.AssetSpec]:
    """Return the specs of an asset, by name: those of a graph have no order of their own."""
    match asset:
        case dg.AssetsDefinition():
            return sorted(asset.specs, key=lambda spec: spec.key.to_user_string())
        case dg.AssetSpec():
            return [asset]
        case dg.SourceAsset():
            names = "description", "group_name", "tags", "partitions_def"
            return [dg.AssetSpec(asset.key, **{name: getattr(asset, name) for name in names})]
    return []  # a definition that makes its assets only when it is loaded


def _make_box(
    key: dg.AssetKey,
    partitions: dg.PartitionsDefinition | None,
    after: Iterable[dg.AssetKey],
    facts: Sequence[tuple[str, str]] = (),
) -> Box:
    names = sorted(map(_format_key, after))
    if len(names) > MAX_ITEMS:
        names[MAX_ITEMS - 1 :] = [f"… {len(names) - MAX_ITEMS + 1:,} more"]
    return Box(_format_key(key), Line(format_partitions(partitions) or "no partitions"), facts, after=names)


def _make_line(description: str | None) -> Line:
    return Line(join_lines(description or ""))


def _format_key(key: dg.AssetKey) -> str:
    return shorten_name(key.to_user_string())


def _format_keys(keys: Iterable[dg.AssetKey]) -> str:
    return format_list(sorted(map(_format_key, keys)))


def _format_groups(specs: Sequence[dg.AssetSpec]) -> tuple[str, str]:
    groups = dict.fromkeys(spec.group_name for spec in specs)
    return "group", format_list([group for group in groups if group not in (None, "default")])


def _format_check(check: dg.AssetCheckSpec) -> str:
    name = shorten_name(check.name)
    return Bounded(f"{name} (blocking)") if check.blocking else name


def _format_blocking(check: dg.AssetCheckSpec) -> str:
    if check.blocking:
        return "yes, a failure stops the assets after it from running"
    return "no, the assets after it still run"


def _format_resources(keys: Iterable[str]) -> tuple[str, str]:
    return "resources", format_list(sorted(set(keys) - {_DEFAULT_RESOURCE}))


def _format_target(job: Any) -> str:  # noqa: ANN401 - a job, resolved or not, or only its name
    name = job if isinstance(job, str) else job.name
    if not name.startswith(_ANONYMOUS_JOB):
        return f"job {shorten_name(name)}"
    if isinstance(job, dg.JobDefinition):
        return _format_keys(job.asset_layer.selected_asset_keys)
    return _format_selection(job.selection)


def _format_selection(selection: dg.AssetSelection) -> str:
    """Format a selection of keys as their names, and any other as Dagster's UI does."""
    if keys := getattr(selection, "selected_keys", None):
        return _format_keys(keys)
    text = hide_unstable(str(selection))
    return "all" if text == "*" else text
