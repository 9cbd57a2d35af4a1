"""The boards of partitions definitions, of an instance, and of long lists of keys."""

import json
import re
import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import dagster as dg

from lesson_lib.classroom.display.board import (
    Block,
    Board,
    Facts,
    Line,
    Mark,
    Strip,
    Table,
    describe,
    group_keys,
)
from lesson_lib.classroom.display.safe_text import format_count, format_list, join_lines, shorten_name
from lesson_lib.pipeline.keys import KEY_SET

_MIN_LONG_LIST = 31  # strings; IPython's own way of writing a shorter list is readable
_MAX_END_ITEMS = 10  # strings at either end of a long list
_MAX_END_LENGTH = 96  # characters at either end: one line of a page
_MAX_ASSETS = 10  # each costs a query, which takes longer the more partitions there are
_MAX_STRIPS = 3  # of assets
_MAX_COUNTED_WINDOWS = 5_000  # Dagster visits them one by one, about 60 microseconds each

_PERIODS = {"HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}
# Of these four, without an offset.
_USUAL_CRON_SCHEDULES = {"0 * * * *", "0 0 * * *", "0 0 * * 0", "0 0 1 * *"}


@describe.register
def describe_partitions(definition: dg.PartitionsDefinition) -> Board:
    """Describe where a definition's keys come from, and which they are if they do not depend on today."""
    kind, rest, blocks = _describe_definition(definition)
    return Board(f"{kind} partitions{rest}", blocks)


def format_partitions(definition: dg.PartitionsDefinition | None) -> str:
    """Format a definition in a few words, such as `dynamic "s3"`; without one, the text is empty."""
    if definition is None:
        return ""
    kind, rest, _ = _describe_definition(definition)
    return f"{kind[:1].lower()}{kind[1:]}{re.sub('^:', ',', rest)}"


@describe.register
def describe_instance(instance: dg.DagsterInstance) -> Board:
    """Describe an instance: how long it lasts, how to see its keys, its runs, and what is materialized."""
    title = "Persistent instance: it outlives the kernel"
    if instance.is_ephemeral:
        title = "Ephemeral instance: forgotten when the kernel stops"
    try:
        return Board(title, _read_instance(instance))
    except Exception as error:  # noqa: BLE001 - its storage is a database: deleted, locked or disposed of, each raises its own
        reason = join_lines(str(error).partition("\n")[0])
        return Board(title, [Line(f"Its records cannot be read: {reason}", Mark.BAD)])


def describe_keys(keys: Sequence[object]) -> Board | None:
    """Describe a long list of strings by its ends; return None for any other list."""
    strings = [key for key in keys if isinstance(key, str)]
    if len(keys) < _MIN_LONG_LIST or len(strings) < len(keys):
        return None
    first = _quote_fitting(strings[:_MAX_END_ITEMS])
    last = _quote_fitting(strings[: -_MAX_END_ITEMS - 1 : -1])[::-1]
    between = len(strings) - len(first) - len(last)
    lines = [", ".join(first), f"… {between:,} in between: print(…) shows them all …", ", ".join(last)]
    return Board(f"A list of {len(strings):,} strings, in this order", list(map(Line, lines)))


def _describe_definition(definition: dg.PartitionsDefinition) -> tuple[str, str, list[Block]]:
    """Return the kind of a definition, what follows it in a title, and what stands below."""
    match definition:
        case dg.DynamicPartitionsDefinition(name=str(name)):
            # As it would be typed into a cell.
            call = f"instance.get_dynamic_partitions({json.dumps(name, ensure_ascii=False)})"
            remark = "The definition holds no keys. They live in an instance."
            rest = f' "{shorten_name(name)}"'
            return "Dynamic", rest, [Line(remark), Facts([("to see them", call)])]
        case dg.DynamicPartitionsDefinition():
            return "Dynamic", ", with keys from a function", []
        case dg.TimeWindowPartitionsDefinition():
            return _describe_calendar(definition)
        case dg.StaticPartitionsDefinition():
            keys = definition.get_partition_keys()
            remark = "They are part of the code, so adding one means changing the code." if keys else ""
            return "Static", f": {format_count(len(keys), 'key')}", [Line(format_list(keys)), Line(remark)]
        case dg.MultiPartitionsDefinition():
            dimensions = {of.name: format_partitions(of.partitions_def) for of in definition.partitions_defs}
            remark = f"A key combines one of each, ordered by name: {'|'.join(dimensions)}."
            rest = f": {' by '.join(dimensions)}"
            return "Multi-dimensional", rest, [Facts(list(dimensions.items())), Line(remark)]
    return type(definition).__name__, "", []


def _describe_calendar(definition: dg.TimeWindowPartitionsDefinition) -> tuple[str, str, list[Block]]:
    first, window = definition.get_first_partition_key(), definition.get_first_partition_window()
    schedule = definition.schedule_type
    period = _PERIODS.get(schedule.name, "period") if schedule else "period"
    if definition.end is None:
        span = f" from {first}, without an end"
        sentence = f"There is no end date: a new key appears every {period} by itself."
    elif definition.end.timestamp() > time.time():
        span = f" from {first}, up to {definition.end.strftime(definition.fmt)}"
        sentence = f"A new key appears every {period} by itself, until the end date, which is excluded."
    else:
        is_quick = definition.is_basic_daily or definition.is_basic_hourly
        if window and not is_quick:
            windows = (definition.end - window.start) / (window.end - window.start)
            is_quick = windows <= _MAX_COUNTED_WINDOWS
        count = f" {format_count(definition.get_num_partitions(), 'key')}," if is_quick else ""
        span = f":{count} {first} to {definition.get_last_partition_key()}"
        sentence = "The keys follow from the calendar, so nobody has to add them."
    cron, left_out = definition.cron_schedule, len(definition.exclusions or ())
    facts = Facts.of_known(
        ("starts", "" if first else definition.start.strftime(definition.fmt)),
        ("cron schedule", "" if cron in _USUAL_CRON_SCHEDULES else cron),
        ("time zone", "" if definition.timezone == "UTC" else definition.timezone),
        ("left out", format_count(left_out, "exclusion") if left_out else ""),
    )
    kind = schedule.name.title() if schedule else "Time-window"
    return kind, span if first else ": no key yet", [Line(sentence), facts]


def _read_instance(instance: dg.DagsterInstance) -> list[Block]:
    runs = f"{instance.get_runs_count():,}"
    if failed := instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])):
        runs += f", {failed:,} of them failed"
    assets = instance.get_asset_keys(limit=_MAX_ASSETS + 1)
    names = {asset: shorten_name(asset.to_user_string()) for asset in assets[:_MAX_ASSETS]}
    materialized = {asset: instance.get_materialized_partitions(asset) for asset in names}
    rows = [
        [Line(name), Line(_format_materialized(instance, asset, materialized[asset]))]
        for asset, name in names.items()
    ]
    registered = instance.get_dynamic_partitions(KEY_SET)
    drawn = list(names.items())[:_MAX_STRIPS]
    strips = [_draw_health(name, materialized[asset], registered) for asset, name in drawn]
    keys = 'instance.get_dynamic_partitions("…"), with the name of the set'
    return [
        Facts([("to see its keys", keys), ("runs", runs)]),
        *filter(None, strips),
        Table("", ["asset", "materialized here"], rows),
        Line("… and more assets." if len(assets) > _MAX_ASSETS else ""),
    ]


def _draw_health(asset: str, materialized: AbstractSet[str], keys: Sequence[str]) -> Strip | None:
    """Draw which of these keys an asset is materialized for; None if it is for none of them."""
    if materialized.isdisjoint(keys):
        return None
    good, waiting = ("materialized", Mark.GOOD), ("not materialized", Mark.OPEN)
    states = (good if key in materialized else waiting for key in keys)
    return Strip(f'{asset}, keys of "{KEY_SET}"', group_keys(states))


def _format_materialized(
    instance: dg.DagsterInstance, asset: dg.AssetKey, materialized: AbstractSet[str]
) -> str:
    if materialized:
        return format_count(len(materialized), "partition")
    return "yes" if instance.fetch_materializations(asset, limit=1).records else "never"


def _quote_fitting(strings: Sequence[str]) -> list[str]:
    """Quote as many strings as fit into a line, and at least one."""
    fitting: list[str] = []
    for string in strings:
        quoted = repr(shorten_name(string))
        if fitting and sum(map(len, fitting)) + len(quoted) > _MAX_END_LENGTH - 2 * len(fitting):
            break
        fitting.append(quoted)
    return fitting
