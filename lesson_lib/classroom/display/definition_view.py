"""What is defined: assets, checks, jobs, schedules, sensors, and all of them together."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from operator import attrgetter
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Box, Facts, Graph, Line, Table
from lesson_lib.classroom.display.partition_view import partitions_phrase
from lesson_lib.classroom.display.safe_text import (
    LONGEST_NAME,
    MANY,
    Bounded,
    counted,
    in_a_line,
    listed,
    shortened,
)
from lesson_lib.unstable_text import stable

# Neither of these two has a public name; these are the public ways to them.
UnresolvedJob = type(dg.define_asset_job("any"))
UnresolvedSchedule = type(dg.build_schedule_from_partitioned_job(dg.define_asset_job("any")))

# The name that Dagster gives to the job of a schedule or sensor that targets assets.
_NAMELESS = "__anonymous_asset_job"
# Every asset needs it, and Dagster brings it along: nobody has to pass one.
_ALWAYS_THERE = "io_manager"

_ELSEWHERE = "Made elsewhere: Dagster only knows of it."
_OBSERVED = "Made elsewhere: what is here only observes it."

_DEFAULT_INTERVAL = 30  # seconds between two evaluations of a sensor


def asset_board(definition: dg.AssetsDefinition) -> Board:
    """Describe an asset, or all those that one function makes."""
    specs = _specs(definition)
    checks = list(definition.check_specs)
    blocks: list[Block]
    if len(specs) == 1:
        title = f"Asset {_name(specs[0].key)}"
        facts = _asset_facts(specs[0])
        blocks = _described(specs[0].description)
    else:
        by = f" of {shortened(definition.node_def.name, LONGEST_NAME)}" if definition.is_executable else ""
        title = f"{counted(len(specs), 'asset')}{by}"
        facts = _groups(specs)
        blocks = _graph(specs, [])
    facts += _fact("checks", [_check_name(check) for check in checks])
    facts += _fact("resources", _resources(definition.required_resource_keys))
    if facts:
        blocks.append(Facts(facts))
    if not definition.is_materializable:
        blocks.append(Line(_OBSERVED if definition.is_observable else _ELSEWHERE))
    return Board(title, blocks)


def source_asset_board(source: dg.SourceAsset) -> Board:
    """Describe an asset that is made elsewhere, in the form it had before specs."""
    board = spec_board(_as_spec(source))
    told = _OBSERVED if source.observe_fn else _ELSEWHERE
    return Board(board.title, [*board.blocks[:-1], Line(told)])


def spec_board(spec: dg.AssetSpec) -> Board:
    """Describe an asset of which only the description is here."""
    facts = _asset_facts(spec)
    blocks: list[Block] = [Facts(facts)] if facts else []
    function = Line("A spec describes an asset; the function that makes it, if there is one, is elsewhere.")
    return Board(f"Asset {_name(spec.key)}", [*_described(spec.description), *blocks, function])


def checks_board(definition: dg.AssetChecksDefinition) -> Board:
    """Describe an asset check, or all those that one function makes."""
    checks = list(definition.check_specs)
    needs = _fact("resources", _resources(definition.required_resource_keys))
    more: list[Block] = [Facts(needs)] if needs else []
    if len(checks) == 1:
        board = check_board(checks[0])
        return Board(board.title, [*board.blocks, *more])
    rows = [
        [
            Line(shortened(text, LONGEST_NAME))
            for text in (check.name, _name(check.asset_key), _blocking(check))
        ]
        for check in checks[:MANY]
    ]
    if len(checks) > MANY:
        more.insert(0, Line(f"… and {counted(len(checks) - MANY, 'more check')}."))
    title = counted(len(checks), "asset check")
    return Board(title, [Table("", ["check", "of", "blocking"], rows), *more] if rows else more)


def check_board(check: dg.AssetCheckSpec) -> Board:
    """Describe one asset check."""
    facts = [("of", _name(check.asset_key)), ("blocking", _blocking(check))]
    if check.partitions_def:
        facts.append(("partitions", partitions_phrase(check.partitions_def)))
    facts += _fact("also reads", sorted(_name(dep.asset_key) for dep in check.additional_deps))
    name = shortened(check.name, LONGEST_NAME)
    return Board(f"Asset check {name}", [*_described(check.description), Facts(facts)])


def job_board(job: dg.JobDefinition) -> Board:
    """Describe a job: its assets as a graph, or its ops."""
    blocks = _described(job.description)
    facts = []
    graph = job.asset_layer.asset_graph
    made = [key for key in graph.toposorted_asset_keys if key in job.asset_layer.selected_asset_keys]
    if made:
        boxes = [_box(key, graph.get(key).partitions_def, graph.get(key).parent_keys) for key in made[:MANY]]
        blocks.append(Graph(boxes))
        facts += _fact("also", [_name(key) for key in made[MANY:]])
    else:
        facts += _fact("ops", [node.name for node in job.nodes_in_topological_order])
    facts += _fact("resources", _resources(job.required_resource_keys))
    if facts:
        blocks.append(Facts(facts))
    return Board(f"Job {shortened(job.name, LONGEST_NAME)}", blocks)


def unresolved_job_board(job: Any) -> Board:  # noqa: ANN401 - an `UnresolvedJob`, which has no public name
    """Describe a job that names assets which it has not looked up yet."""
    facts = [("assets", _selected(job.selection))]
    if job.partitions_def:
        facts.append(("partitions", partitions_phrase(job.partitions_def)))
    there = Line("It finds its assets once it stands in dg.Definitions together with them.")
    name = shortened(job.name, LONGEST_NAME)
    return Board(f"Job {name}", [*_described(job.description), Facts(facts), there])


def schedule_board(schedule: dg.ScheduleDefinition) -> Board:
    """Describe what a schedule starts, and when."""
    cron = schedule.cron_schedule
    when = cron if isinstance(cron, str) else " and ".join(cron)
    facts = [
        ("starts", _target(schedule.job if schedule.has_job else schedule.job_name)),
        ("when", f"{when} (cron), {schedule.execution_timezone or 'UTC'}"),
        *_fact("resources", _resources(schedule.required_resource_keys)),
    ]
    on = schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    return _automation("Schedule", schedule.name, schedule.description, facts, on=on)


def unresolved_schedule_board(schedule: Any) -> Board:  # noqa: ANN401 - an `UnresolvedSchedule`, which has no public name
    """Describe a schedule whose calendar is that of its job's partitions."""
    facts = [
        ("starts", _target(schedule.job)),
        ("when", "a partition is over: its cron schedule follows from the partitions of the job"),
    ]
    on = schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    return _automation("Schedule", schedule.name, schedule.description, facts, on=on)


def sensor_board(sensor: dg.SensorDefinition) -> Board:
    """Describe what a sensor starts, and how often it looks."""
    facts: list[tuple[str, str]] = []
    if sensor.targets:
        facts.append(("starts", ", ".join(_target(target.resolvable_to_job) for target in sensor.targets)))
    if sensor.asset_selection:
        facts.append(("assets", _selected(sensor.asset_selection)))
    if isinstance(sensor, dg.AssetSensorDefinition):
        facts.append(("watches", _name(sensor.asset_key)))
    seconds = sensor.minimum_interval_seconds or _DEFAULT_INTERVAL
    facts.append(("looks", f"at most every {counted(seconds, 'second')}"))
    facts += _fact("resources", _resources(sensor.required_resource_keys))
    on = sensor.default_status is dg.DefaultSensorStatus.RUNNING
    return _automation("Sensor", sensor.name, sensor.description, facts, on=on)


def definitions_board(definitions: dg.Definitions) -> Board:
    """Describe all that is defined together: the assets as a graph, the rest by name."""
    assets = _in_turn(definitions.assets, _keys)
    specs = [spec for asset in assets for spec in _specs(asset)]
    checks = [
        check
        for holder in (*assets, *_in_turn(definitions.asset_checks, _keys))
        if isinstance(holder, dg.AssetsDefinition)
        for check in holder.check_specs
    ]
    named = {
        "asset": [_name(spec.key) for spec in specs],
        "check": [_check_name(check) for check in checks],
        "job": [job.name for job in _in_turn(definitions.jobs, attrgetter("name"))],
        "schedule": [schedule.name for schedule in _in_turn(definitions.schedules, attrgetter("name"))],
        "sensor": [sensor.name for sensor in _in_turn(definitions.sensors, attrgetter("name"))],
        "resource": list(definitions.resources or {}),
    }
    counts = [counted(len(names), thing) for thing, names in named.items() if names]
    blocks = _graph(specs, checks)
    facts = _groups(specs)
    drawn = {spec.key for spec in specs} if len(specs) <= MANY else set()
    named["check"] = [_check_name(check) for check in checks if check.asset_key not in drawn]
    for thing in ("check", "job", "schedule", "sensor", "resource"):
        facts += _fact(f"{thing}s", named[thing])
    if facts:
        blocks.append(Facts(facts))
    return Board(f"Definitions: {', '.join(counts) or 'nothing yet'}", blocks)


def _automation(
    kind: str, name: str, description: str | None, facts: Sequence[tuple[str, str]], *, on: bool
) -> Board:
    status = (
        "On by default: it works wherever the daemon runs."
        if on
        else "Off by default: it starts nothing until it is switched on in the Dagster UI."
    )
    return Board(
        f"{kind} {shortened(name, LONGEST_NAME)}", [*_described(description), Facts(facts), Line(status)]
    )


def _asset_facts(spec: dg.AssetSpec) -> list[tuple[str, str]]:
    facts = [*_groups([spec]), *_fact("kinds", sorted(spec.kinds))]
    if spec.partitions_def:
        facts.append(("partitions", partitions_phrase(spec.partitions_def)))
    return facts + _fact("depends on", sorted(_name(dep.asset_key) for dep in spec.deps))


def _graph(specs: Sequence[dg.AssetSpec], checks: Sequence[dg.AssetCheckSpec]) -> list[Block]:
    """Draw assets in an order in which each comes after those that it needs."""
    by_key = {spec.key: spec for spec in specs}
    order = _in_order(
        {
            key: sorted((dep.asset_key for dep in spec.deps), key=dg.AssetKey.to_user_string)
            for key, spec in by_key.items()
        }
    )
    boxes = [
        _box(
            key,
            by_key[key].partitions_def,
            [dep.asset_key for dep in by_key[key].deps],
            [
                *_fact("kinds", sorted(by_key[key].kinds)),
                *_fact("checks", [_check_name(check) for check in checks if check.asset_key == key]),
            ],
        )
        for key in order[:MANY]
    ]
    blocks: list[Block] = [Graph(boxes)] if boxes else []
    if len(order) > MANY:
        blocks.append(
            Line(
                Bounded(f"… and {len(order) - MANY:,} more: {listed([_name(key) for key in order[MANY:]])}.")
            )
        )
    return blocks


def _in_order(needs: Mapping[dg.AssetKey, Sequence[dg.AssetKey]]) -> list[dg.AssetKey]:
    """Keep what belongs together side by side: each asset right after those that it needs."""
    order: dict[dg.AssetKey, None] = {}
    seen: set[dg.AssetKey] = set()
    waiting = list(needs)[::-1]
    while waiting:
        key = waiting[-1]
        # Dagster refuses a circle only when the definitions are loaded: no asset is waited for twice.
        missing = [] if key in seen else [need for need in needs[key] if need in needs and need not in seen]
        seen.add(key)
        if missing:
            waiting += reversed(missing)
        else:
            order.setdefault(waiting.pop())
    return list(order)


def _in_turn(things: Iterable[Any] | None, name: Callable[[Any], Any]) -> list[Any]:
    """Keep things in the order in which they were given; a set has none, so take it by name."""
    return sorted(things, key=name) if isinstance(things, AbstractSet) else list(things or [])


def _keys(asset: object) -> list[str]:
    checks = asset.check_keys if isinstance(asset, dg.AssetsDefinition) else ()
    return sorted(key.to_user_string() for key in (*(spec.key for spec in _specs(asset)), *checks))


def _specs(asset: object) -> list[dg.AssetSpec]:
    """Return the specs of an asset, by name: those of a graph have no order of their own."""
    match asset:
        case dg.AssetsDefinition():
            return sorted(asset.specs, key=lambda spec: spec.key.to_user_string())
        case dg.AssetSpec():
            return [asset]
        case dg.SourceAsset():
            return [_as_spec(asset)]
    return []  # a definition that makes its assets only when it is loaded


def _as_spec(source: dg.SourceAsset) -> dg.AssetSpec:
    return dg.AssetSpec(
        source.key,
        description=source.description,
        group_name=source.group_name,
        tags=source.tags,
        partitions_def=source.partitions_def,
    )


def _groups(specs: Sequence[dg.AssetSpec]) -> list[tuple[str, str]]:
    groups = dict.fromkeys(spec.group_name for spec in specs)
    return _fact("group", [group for group in groups if group not in (None, "default")])


def _box(
    key: dg.AssetKey,
    partitions: dg.PartitionsDefinition | None,
    after: Iterable[dg.AssetKey],
    facts: Sequence[tuple[str, str]] = (),
) -> Box:
    told = partitions_phrase(partitions) if partitions else "no partitions"
    names = sorted(map(_name, after))
    if len(names) > MANY:
        names[MANY - 1 :] = [f"… {len(names) - MANY + 1:,} more"]
    return Box(_name(key), Line(told), facts, after=names)


def _name(key: dg.AssetKey) -> str:
    return shortened(key.to_user_string(), LONGEST_NAME)


def _check_name(check: dg.AssetCheckSpec) -> str:
    name = shortened(check.name, LONGEST_NAME)
    return Bounded(f"{name} (blocking)") if check.blocking else name


def _blocking(check: dg.AssetCheckSpec) -> str:
    if check.blocking:
        return "yes, a failure keeps the assets after it from running"
    return "no, the assets after it run all the same"


def _described(description: str | None) -> list[Block]:
    return [Line(in_a_line(description))] if description and description.strip() else []


def _fact(name: str, values: Sequence[str]) -> list[tuple[str, str]]:
    return [(name, listed(values))] if values else []


def _resources(keys: Iterable[str]) -> list[str]:
    return sorted(set(keys) - {_ALWAYS_THERE})


def _target(job: Any) -> str:  # noqa: ANN401 - a job, resolved or not, or only its name
    name = job if isinstance(job, str) else job.name
    if not name.startswith(_NAMELESS):
        return f"job {shortened(name, LONGEST_NAME)}"
    if isinstance(job, dg.JobDefinition):
        return listed(sorted(_name(key) for key in job.asset_layer.selected_asset_keys))
    return _selected(job.selection)


def _selected(selection: dg.AssetSelection) -> str:
    """Write a selection of keys as their names, and any other as Dagster's UI does."""
    if keys := getattr(selection, "selected_keys", None):
        return listed(sorted(_name(key) for key in keys))
    written = stable(str(selection))
    return "all" if written == "*" else written


BOARDS: Mapping[type, Callable[[Any], Board]] = {
    dg.AssetsDefinition: asset_board,
    dg.AssetSpec: spec_board,
    dg.SourceAsset: source_asset_board,
    dg.AssetChecksDefinition: checks_board,
    dg.AssetCheckSpec: check_board,
    dg.JobDefinition: job_board,
    UnresolvedJob: unresolved_job_board,
    dg.ScheduleDefinition: schedule_board,
    UnresolvedSchedule: unresolved_schedule_board,
    dg.SensorDefinition: sensor_board,
    dg.Definitions: definitions_board,
}
