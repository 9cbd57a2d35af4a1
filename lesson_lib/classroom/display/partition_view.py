"""Where keys come from and where they are: partitions definitions, the instance, and long lists of keys."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Mark, Table
from lesson_lib.classroom.display.safe_text import (
    LONGEST_NAME,
    counted,
    in_a_line,
    listed,
    plain,
    shortened,
)

_LONG_LIST = 30  # strings; up to here IPython's own way of writing a list is readable
_ENDS = 10  # strings shown of either end of a long list
_ENDS_LENGTH = 96  # characters of either end: one line of a page
_MOST_ASSETS = 10  # each costs a question to the instance, which takes longer the more partitions there are
_MOST_COUNTED = 5_000  # windows: Dagster walks through them one by one, some 60 microseconds each

_PERIODS = {"HOURLY": "hour", "DAILY": "day", "WEEKLY": "week", "MONTHLY": "month"}
_USUAL = {"0 * * * *", "0 0 * * *", "0 0 * * 0", "0 0 1 * *"}  # what these four are without an offset


def partitions_board(definition: dg.PartitionsDefinition) -> Board:
    """Describe where a definition's keys come from, and which they are where they do not depend on today."""
    blocks: list[Block] = []
    match definition:
        case dg.DynamicPartitionsDefinition(name=str(name)):
            blocks = [
                Line("It holds no keys itself: they live in an instance."),
                Facts([("to see them", f"instance.get_dynamic_partitions({_quoted(name)})")]),
            ]
        case dg.TimeWindowPartitionsDefinition():
            blocks = _calendar(definition)
        case dg.StaticPartitionsDefinition() if keys := definition.get_partition_keys():
            blocks = [
                Line(listed(keys)),
                Line("They stand in the code: to add one is to change the code."),
            ]
        case dg.MultiPartitionsDefinition():
            dimensions = {of.name: partitions_phrase(of.partitions_def) for of in definition.partitions_defs}
            blocks = [
                Facts(list(dimensions.items())),
                Line(f"A key joins one of each, in the order of the names: {'|'.join(dimensions)}."),
            ]
    kind, rest = _described(definition)
    return Board(f"{kind} partitions{rest}", blocks)


def partitions_phrase(definition: dg.PartitionsDefinition) -> str:
    """Say in a few words what a definition is: `dynamic "s3"`."""
    kind, rest = _described(definition)
    return f"{kind[:1].lower()}{kind[1:]}{rest.replace(':', ',', 1) if rest.startswith(':') else rest}"


def instance_board(instance: dg.DagsterInstance) -> Board:
    """Describe an instance: how long it lasts, how to see its keys, how many runs, what is materialized."""
    lasts = (
        "Ephemeral instance: forgotten when the kernel stops"
        if instance.is_ephemeral
        else "Persistent instance: it outlives the kernel"
    )
    try:
        records = _records(instance)
    except Exception as error:  # noqa: BLE001 - its storage is a database: deleted, locked or disposed of, each raises its own
        told = in_a_line(str(error).partition("\n")[0])
        return Board(lasts, [Line(f"Its records cannot be read: {told}", Mark.BAD)])
    return Board(lasts, records)


def keys_board(keys: Sequence[object]) -> Board | None:
    """Describe a long list of strings by both its ends; None for any other list."""
    if len(keys) <= _LONG_LIST:
        return None
    strings = [key for key in keys if isinstance(key, str)]
    if len(strings) < len(keys):
        return None
    first = _fitting(strings[:_ENDS])
    last = _fitting(strings[: -_ENDS - 1 : -1])[::-1]
    between = len(strings) - len(first) - len(last)
    return Board(
        f"A list of {len(strings):,} strings, in this order",
        [
            Line(", ".join(first)),
            Line(f"… {between:,} in between: print(…) shows them all …"),
            Line(", ".join(last)),
        ],
    )


def _quoted(name: str) -> str:
    """Write a name as it would be typed into a cell."""
    return json.dumps(name, ensure_ascii=False)


def _described(definition: dg.PartitionsDefinition) -> tuple[str, str]:
    """Return the kind of a definition, and what it is followed by."""
    match definition:
        case dg.DynamicPartitionsDefinition(name=str(name)):
            return "Dynamic", f' "{plain(name, LONGEST_NAME)}"'
        case dg.DynamicPartitionsDefinition():
            return "Dynamic", ", with keys from a function"
        case dg.TimeWindowPartitionsDefinition():
            schedule = definition.schedule_type
            return (schedule.name.title() if schedule else "Time-window"), _span(definition)
        case dg.StaticPartitionsDefinition():
            return "Static", f": {counted(len(definition.get_partition_keys()), 'key')}"
        case dg.MultiPartitionsDefinition():
            return "Multi-dimensional", f": {' by '.join(of.name for of in definition.partitions_defs)}"
    return type(definition).__name__, ""


def _span(definition: dg.TimeWindowPartitionsDefinition) -> str:
    first = definition.get_first_partition_key()
    if first is None:
        return ": no key yet"
    if definition.end is None:
        return f" from {first}, without an end"
    if _still_grows(definition):
        return f" from {first}, up to {definition.end.strftime(definition.fmt)}"
    count = _count(definition)
    number = f" {counted(count, 'key')}," if count else ""
    return f":{number} {first} to {definition.get_last_partition_key()}"


def _calendar(definition: dg.TimeWindowPartitionsDefinition) -> list[Block]:
    schedule = definition.schedule_type
    period = _PERIODS.get(schedule.name, "period") if schedule else "period"
    sentence = "The keys follow from the calendar: nobody adds them."
    if definition.end is None:
        sentence = f"Open end: a new key every {period}, and nobody adds it."
    elif _still_grows(definition):
        sentence = f"A new key every {period} until the end, which is not included; nobody adds it."
    facts: list[tuple[str, str]] = []
    if definition.get_first_partition_key() is None:
        facts.append(("starts", definition.start.strftime(definition.fmt)))
    if definition.cron_schedule not in _USUAL:
        facts.append(("cron schedule", definition.cron_schedule))
    if definition.timezone != "UTC":
        facts.append(("time zone", definition.timezone))
    if definition.exclusions:
        facts.append(("left out", counted(len(definition.exclusions), "exclusion")))
    return [Line(sentence), Facts(facts)]


def _still_grows(definition: dg.TimeWindowPartitionsDefinition) -> bool:
    return definition.end is None or definition.end.timestamp() > time.time()


def _count(definition: dg.TimeWindowPartitionsDefinition) -> int | None:
    """Return how many keys there are, or None where counting them would take long."""
    window = definition.get_first_partition_window()
    if window is None or definition.end is None:
        return None
    windows = (definition.end - window.start) / (window.end - window.start)
    quick = definition.is_basic_daily or definition.is_basic_hourly
    return definition.get_num_partitions() if quick or windows <= _MOST_COUNTED else None


def _records(instance: dg.DagsterInstance) -> list[Block]:
    runs = instance.get_runs_count()
    failed = instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
    told = f"{runs:,}, {failed:,} of them failed" if failed else f"{runs:,}"
    assets = instance.get_asset_keys(limit=_MOST_ASSETS + 1)
    rows = [
        [Line(shortened(asset.to_user_string(), LONGEST_NAME)), _materialized(instance, asset)]
        for asset in assets[:_MOST_ASSETS]
    ]
    keys = 'instance.get_dynamic_partitions("…"), with the name of the set'
    blocks: list[Block] = [Facts([("to see its keys", keys), ("runs", told)])]
    if rows:
        blocks.append(Table("", ["asset", "materialized here"], rows))
    if len(assets) > _MOST_ASSETS:
        blocks.append(Line("… and more assets."))
    return blocks


def _materialized(instance: dg.DagsterInstance, asset: dg.AssetKey) -> Line:
    if partitions := instance.get_materialized_partitions(asset):
        return Line(counted(len(partitions), "partition"))
    return Line("yes" if instance.fetch_materializations(asset, limit=1).records else "never")


def _fitting(strings: Sequence[str]) -> list[str]:
    """Quote as many strings as fit into a few lines, and one at least."""
    fitting: list[str] = []
    for string in strings:
        written = repr(shortened(string, LONGEST_NAME))
        if fitting and sum(map(len, fitting)) + len(written) > _ENDS_LENGTH - 2 * len(fitting):
            break
        fitting.append(written)
    return fitting


BOARDS: Mapping[type, Callable[[Any], Board]] = {
    dg.PartitionsDefinition: partitions_board,
    dg.DagsterInstance: instance_board,
}
