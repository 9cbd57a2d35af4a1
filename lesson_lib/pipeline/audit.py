"""The three records of a key, side by side: registered, materialized, rows; and what they say together."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, partial
from typing import cast

import dagster as dg

# Keys are variables of an SQL statement, and no database takes any number of them.
NAMED_IN_A_QUERY = 1_000

# What a run over a range records: one observation of the asset, which holds the metadata by key, and in each
# materialization the number of keys.
BY_KEY, KEYS_OF_RUN = "by key", "keys of this run"


class State(Enum):
    """What the three records of a key say together, in a word or two."""

    AGREE = "agree"
    ANNOUNCED = "announced"  # registered, and nothing more
    BEGUN = "begun"  # some of the assets are materialized, not all
    FAILED = "failed"
    ROWS_MISSING = "rows missing"
    NOT_RECORDED = "not recorded"  # rows, and in this instance no materialization of every asset
    LEFT_BEHIND = "left behind"  # rows of a key that is not registered
    NO_KEY = "no key"  # rows whose partition_key is NULL
    HISTORY = "history"  # a materialization, without key and rows
    ROWS_UNKNOWN = "rows unknown"

    @property
    def disagrees(self) -> bool:
        """Tell whether one record contradicts another."""
        return self in {State.ROWS_MISSING, State.NOT_RECORDED, State.LEFT_BEHIND, State.NO_KEY}


@dataclass(frozen=True, slots=True)
class KeyRecords:
    """What each record holds of one key.

    Attributes:
        key: the partition key; None stands for rows whose key is NULL.
        registered: whether the instance, or the calendar, has the key.
        materialized: for each asset, the number of its latest materialization in the event log, or None.
        failed: for each asset, whether it was tried again since then (or tried at all), and failed.
        rows: how many there are; None if the table does not say whose rows it holds.
    """

    key: str | None
    registered: bool
    materialized: tuple[int | None, ...]
    failed: tuple[bool, ...]
    rows: int | None

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


def records_by_key(
    registered: Sequence[str],
    materialized: Sequence[Mapping[str, int]],
    failed: Sequence[Collection[str]],
    rows: Mapping[str | None, int] | None,
) -> tuple[KeyRecords, ...]:
    """Lay the three records side by side.

    Args:
        registered: the keys, in order of registration.
        materialized: for each asset, the keys with the number of their latest materialization.
        failed: for each asset, the keys whose last attempt failed.
        rows: the keys with the number of their rows; None if nothing says whose rows there are.

    Returns:
        One item a key: the registered ones in their order, then the others sorted, NULL last.
    """
    known = dict.fromkeys(registered)
    others = set[str | None]().union(*materialized, rows or ()) - known.keys()
    keys = [*known, *sorted(key for key in others if key is not None), *others & {None}]
    columns = (map(of_asset.get, keys) for of_asset in materialized)  # type: ignore[arg-type] # None is not there
    numbers = zip(*columns, strict=True)
    without_failure = (False,) * len(failed)
    any_failed = set[str | None]().union(*failed)
    return tuple(
        KeyRecords(
            key,
            registered=key in known,
            materialized=numbers_of_key,
            failed=tuple(key in of_asset for of_asset in failed) if key in any_failed else without_failure,
            rows=None if rows is None else rows.get(key, 0),
        )
        for key, numbers_of_key in zip(keys, numbers, strict=True)
    )


def keys_by_state(records: Iterable[KeyRecords]) -> dict[State, list[KeyRecords]]:
    """Group the records by state; states that no key is in have an empty list."""
    groups: dict[State, list[KeyRecords]] = {state: [] for state in State}
    for record in records:
        groups[record.state].append(record)
    return groups


def latest_materializations(
    instance: dg.DagsterInstance, asset: dg.AssetKey, keys: Collection[str] | None = None
) -> Mapping[str, int]:
    """Return each materialized key with the number of its latest materialization in the event log.

    Args:
        instance: whose event log is asked.
        asset: the asset.
        keys: to ask for, None for all; where they are many, the answer may hold others as well.
    """
    if keys is not None and not keys:
        return {}
    named = None if keys is None or len(keys) > NAMED_IN_A_QUERY else set(keys)
    latest = dg.DagsterEventType.ASSET_MATERIALIZATION
    return instance.get_latest_storage_id_by_partition(asset, latest, partitions=named)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a materialization recorded.

    Attributes:
        metadata: the values, by name.
        at: when, in seconds since 1970.
    """

    metadata: Mapping[str, object]
    at: float


def recorded_by_key(
    instance: dg.DagsterInstance, asset: dg.AssetKey, keys: Iterable[str], latest: Mapping[str, int]
) -> dict[str, Recorded]:
    """Return what the latest materialization of each of these keys recorded, those without one left out.

    Args:
        instance: whose event log is asked.
        asset: the asset.
        keys: to ask for.
        latest: what `latest_materializations` says of the asset; it may hold other keys as well.
    """
    of_range = cache(partial(_recorded_of_range, instance, asset))
    numbers = [latest[key] for key in keys if key in latest]
    found = {}
    for start in range(0, len(numbers), NAMED_IN_A_QUERY):
        some = numbers[start : start + NAMED_IN_A_QUERY]
        records = dg.AssetRecordsFilter(asset_key=asset, storage_ids=some)
        for record in instance.fetch_materializations(records, limit=len(some)).records:
            event = record.asset_materialization
            if event is not None and event.partition is not None:
                values: Mapping[str, object] = {name: value.value for name, value in event.metadata.items()}
                if KEYS_OF_RUN in values:
                    of_key = of_range(record.run_id).get(event.partition)
                    values = of_key if isinstance(of_key, Mapping) else {}  # else another program's
                found[event.partition] = Recorded(values, record.timestamp)
    return found


def _recorded_of_range(instance: dg.DagsterInstance, asset: dg.AssetKey, run_id: str) -> Mapping[str, object]:
    """Return what a run over a range recorded of each key; a step that was tried again, at its last try."""
    for entry in reversed(instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION)):
        observation = entry.asset_observation
        if observation and observation.asset_key == asset and BY_KEY in observation.metadata:
            by_key = observation.metadata[BY_KEY].value
            # Of another program's, whatever it is, nothing is known.
            return cast("Mapping[str, object]", by_key) if isinstance(by_key, Mapping) else {}
    return {}


def failed_keys(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    partitions_def: dg.PartitionsDefinition,
    materialized: Mapping[str, int],
) -> set[str]:
    """Return the keys whose last attempt failed.

    Args:
        instance: whose event log is asked.
        asset: the asset.
        partitions_def: its partitions definition.
        materialized: what `latest_materializations` says of it.
    """
    planned = instance.get_latest_storage_id_by_partition(
        asset, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    )
    # Asking for the status of all keys costs more than this query, and mostly nothing is open.
    unfinished = [key for key, number in planned.items() if number > materialized.get(key, 0)]
    if not unfinished:
        return set()
    status = instance.get_status_by_partition(asset, unfinished, partitions_def) or {}
    return {key for key, state in status.items() if state is dg.AssetPartitionStatus.FAILED}
