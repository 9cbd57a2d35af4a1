"""The audit: the three records of each key side by side (registered, materialized, rows); do they agree?

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import dagster as dg

from .event_log import TABLE, find_latest_events
from .keys import s3_partitions_def
from .warehouse import CUSTOMER_TABLE, DUCKDB_WRITER, RowStore

MAX_NAMED_KEYS = 20


class State(Enum):
    """What the three records of a key say together."""

    AGREE = "agree"
    ANNOUNCED = "announced"  # registered only
    BEGUN = "begun"  # some of the assets are materialized, not all
    FAILED = "failed"
    ROWS_MISSING = "rows missing"
    NOT_RECORDED = "not recorded"  # rows, and an asset without a materialization in this instance
    LEFT_BEHIND = "left behind"  # rows of a key that is not registered
    NO_KEY = "no key"  # rows whose partition_key is NULL
    HISTORY = "history"  # a materialization, without key and rows
    ROWS_UNKNOWN = "rows unknown"

    @property
    def disagrees(self) -> bool:
        """Return whether one record contradicts another."""
        return self in {State.ROWS_MISSING, State.NOT_RECORDED, State.LEFT_BEHIND, State.NO_KEY}


@dataclass(frozen=True, slots=True)
class KeyRecords:
    """What each record contains of one key."""

    key: str | None  # None stands for rows whose key is NULL
    registered: bool  # in the instance, or in the calendar
    materialized: tuple[int | None, ...]  # for each asset, the event number of its latest materialization
    failed: tuple[bool, ...]  # for each asset, whether the last attempt since then failed
    rows: int | None  # None if the table has no partition keys

    @property
    def state(self) -> State:
        """Decide what the records say together."""
        whole = None not in self.materialized
        if self.key is None:
            return State.NO_KEY
        if not self.registered:
            return State.LEFT_BEHIND if self.rows else State.HISTORY
        if self.rows:
            return State.AGREE if whole else State.NOT_RECORDED
        if whole:
            return State.ROWS_UNKNOWN if self.rows is None else State.ROWS_MISSING
        if any(self.failed):
            return State.FAILED
        return State.ANNOUNCED if set(self.materialized) == {None} else State.BEGUN


def join_records(
    registered: Sequence[str],
    materialized: Sequence[Mapping[str, int]],
    failed: Sequence[Collection[str]],
    rows: Mapping[str | None, int] | None,
) -> tuple[KeyRecords, ...]:
    """Return the records of each key: the registered keys in their order, then the others sorted, NULL last.

    For each asset, `materialized` has the event numbers of the keys' latest materializations, and `failed`
    the keys whose last attempt failed. `rows` is None if the table has no partition keys.
    """
    known = dict.fromkeys(registered)
    others = set[str | None]().union(*materialized, rows or ()) - known.keys()
    keys = [*known, *sorted(key for key in others if key is not None), *others & {None}]
    return tuple(
        KeyRecords(
            key,
            registered=key in known,
            materialized=tuple(None if key is None else by_asset.get(key) for by_asset in materialized),
            failed=tuple(key in by_asset for by_asset in failed),
            rows=None if rows is None else rows.get(key, 0),
        )
        for key in keys
    )


def group_by_state(records: Iterable[KeyRecords]) -> dict[State, list[KeyRecords]]:
    """Group the records by state; states without keys have an empty list."""
    groups: dict[State, list[KeyRecords]] = {state: [] for state in State}
    for record in records:
        groups[record.state].append(record)
    return groups


_SENTENCES = {
    State.ROWS_MISSING: "materialized, but without rows: {}. Materialize them again.",
    State.NOT_RECORDED: "rows, but never materialized here: {}. Materialize them.",
    State.LEFT_BEHIND: "rows of keys that are not registered: {}. Retire these keys.",
    State.NO_KEY: "rows whose partition_key is NULL. Delete them, or store their key.",
}


@dg.asset_check(asset=TABLE, pool=DUCKDB_WRITER)
def three_records_agree(
    context: dg.AssetCheckExecutionContext, database: dg.ResourceParam[RowStore]
) -> dg.AssetCheckResult:
    """Each registered, materialized key has rows, and each key with rows is registered and materialized."""
    try:
        registered = s3_partitions_def.get_partition_keys(dynamic_partitions_store=context.instance)
        materialized = find_latest_events(context.instance, TABLE)
        rows = database.count_rows(CUSTOMER_TABLE)
        faults = database.find_faults(CUSTOMER_TABLE)
    except Exception as error:  # noqa: BLE001 - the rows are stored and recorded: the run must not fail now
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"The records were not compared. {error}",
        )
    found = group_by_state(join_records(registered, [materialized], [()], rows))
    disagreements = [
        sentence.format(_format_keys(found[state])) for state, sentence in _SENTENCES.items() if found[state]
    ] + faults
    return dg.AssetCheckResult(
        passed=not disagreements,
        # Surplus rows are untidy; missing rows are lost.
        severity=dg.AssetCheckSeverity.ERROR if found[State.ROWS_MISSING] else dg.AssetCheckSeverity.WARN,
        description=" ".join(disagreements)
        or f"{len(rows)} of {len(registered)} keys are loaded, and all records agree.",
        metadata={"registered": len(registered), "with rows": len(rows)},
    )


def _format_keys(records: list[KeyRecords]) -> str:
    more = f" and {len(records) - MAX_NAMED_KEYS} more" if len(records) > MAX_NAMED_KEYS else ""
    return ", ".join(repr(record.key) for record in records[:MAX_NAMED_KEYS]) + more
