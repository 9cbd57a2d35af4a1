"""The event log: what imports and loads record of each key, and how to find it again."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import cast

import dagster as dg

from .folder_scan import DataFile
from .source_files import Source, SourceFile
from .warehouse import Rows, Stored

IMPORT = dg.AssetKey("import_dynamic_partition_file")
TABLE = dg.AssetKey("duckdb_dynamic_partition_table")

MAX_KEYS_PER_QUERY = 1_000  # keys are variables of an SQL statement, which databases limit

# A run over a range records one observation of the asset, which holds the metadata by key, and in each
# materialization the number of keys.
BY_KEY, KEYS_OF_RUN = "by key", "keys of this run"
SOURCE_FOLDER = "source folder"  # or the url of a bucket
ETAG = "etag"
REFUSED = "refused"  # why a run of several keys cannot load a file

Metadata = Mapping[str, str | int]


def describe_file(file: SourceFile) -> Metadata:
    """Return what the materialization of an import records of a file, and of the place that it came from."""
    etag = {ETAG: file.etag} if file.etag else {}
    return {
        "file": file.path.name,
        "bytes": file.size,
        "header": ", ".join(file.header),
        "bad prices": file.bad_prices,
        "fingerprint": file.fingerprint,
        SOURCE_FOLDER: file.bucket or str(file.path.parent),
        **etag,
    }


def describe_refusal(reason: str, place: str) -> Metadata:
    """Return what a run of several keys records of a file that it refused."""
    return {REFUSED: reason, SOURCE_FOLDER: place}


def describe_rows(file: SourceFile, stored: Stored) -> Metadata:
    """Return what the materialization of a load records of a key's rows, and of the file they are from."""
    return {
        "dagster/partition_row_count": stored.rows.count,
        "rows checksum": stored.rows.checksum,
        "rows replaced": stored.replaced,
        "fingerprint": file.fingerprint,
    }


def build_retirement_event(key: str, place: str) -> dg.AssetObservation:
    """Return the event that records that a run has retired a key, and its import with it."""
    return dg.AssetObservation(IMPORT, partition=key, metadata={"retired": True, SOURCE_FOLDER: place})


@dataclass(frozen=True, slots=True)
class Recorded:
    """The metadata of a materialization, and when it was recorded, in seconds since 1970."""

    metadata: Mapping[str, object]
    at: float


def is_refused(imported: Recorded | None) -> bool:
    """Return whether a run of several keys recorded that the file cannot be loaded."""
    return imported is not None and REFUSED in imported.metadata


def find_etag(imported: Recorded | None, source: Source) -> str | None:
    """Return the ETag that the import recorded, if its file came from this very source."""
    etag = imported.metadata.get(ETAG) if imported else None
    if isinstance(etag, str) and imported and imported.metadata.get(SOURCE_FOLDER) == source.place():
        return etag
    return None


@dataclass(frozen=True)
class Import:
    """The record of a customer's file that was imported and then loaded."""

    fingerprint: str  # SHA-256 of its bytes, in hex
    size: int  # bytes
    at: float  # when it was imported, in seconds since 1970
    rows: Rows  # the rows that were stored
    etag: str | None = None  # of the object, if it came from a bucket

    def is_of(self, file: DataFile, fingerprint: str | None) -> bool:
        """Return whether it was this file, as it is now; without a fingerprint, ETags or times decide."""
        if fingerprint is None and self.etag and file.etag:
            return file.etag == self.etag
        if fingerprint is None:
            return file.size == self.size and file.changed < self.at
        return fingerprint == self.fingerprint


def find_latest_events(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    keys: Collection[str] | None = None,
    kind: dg.DagsterEventType = dg.DagsterEventType.ASSET_MATERIALIZATION,
) -> Mapping[str, int]:
    """Return the event number of each key's latest event of a kind; keys without one are omitted.

    If many keys are given, the result may contain other keys as well; None stands for all.
    """
    if keys is not None and not keys:
        return {}
    partitions = None if keys is None or len(keys) > MAX_KEYS_PER_QUERY else set(keys)
    return instance.get_latest_storage_id_by_partition(asset, kind, partitions=partitions)


def find_failed_keys(
    instance: dg.DagsterInstance,
    asset: dg.AssetKey,
    partitions_def: dg.PartitionsDefinition,
    materialized: Mapping[str, int],
) -> set[str]:
    """Return the keys whose last attempt failed, given the event numbers of their materializations."""
    planned = find_latest_events(instance, asset, kind=dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    # The status of all keys would cost more than this query, and mostly no key is unfinished.
    unfinished = [key for key, number in planned.items() if number > materialized.get(key, 0)]
    if not unfinished:
        return set()
    status = instance.get_status_by_partition(asset, unfinished, partitions_def) or {}
    return {key for key, state in status.items() if state is dg.AssetPartitionStatus.FAILED}


def find_records(
    instance: dg.DagsterInstance, asset: dg.AssetKey, keys: Iterable[str], events: Mapping[str, int]
) -> dict[str, Recorded]:
    """Return the records of the materializations with these event numbers; keys without one are omitted."""
    find_by_key = cache(partial(_find_metadata_by_key, instance, asset))
    numbers = [events[key] for key in keys if key in events]
    found = {}
    for start in range(0, len(numbers), MAX_KEYS_PER_QUERY):
        some = numbers[start : start + MAX_KEYS_PER_QUERY]
        records = dg.AssetRecordsFilter(asset_key=asset, storage_ids=some)
        for record in instance.fetch_materializations(records, limit=len(some)).records:
            event = record.asset_materialization
            if event is not None and event.partition is not None:
                values: Mapping[str, object] = {name: value.value for name, value in event.metadata.items()}
                if KEYS_OF_RUN in values:
                    values = _as_mapping(find_by_key(record.run_id).get(event.partition))
                found[event.partition] = Recorded(values, record.timestamp)
    return found


def _find_metadata_by_key(
    instance: dg.DagsterInstance, asset: dg.AssetKey, run_id: str
) -> Mapping[str, object]:
    """Return what a run over a range recorded of each key; of a step that was retried, its last try."""
    for entry in reversed(instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_OBSERVATION)):
        observation = entry.asset_observation
        if observation and observation.asset_key == asset and BY_KEY in observation.metadata:
            return _as_mapping(observation.metadata[BY_KEY].value)
    return {}


def _as_mapping(value: object) -> Mapping[str, object]:
    """Return the value, or an empty mapping if another program recorded something else under this name."""
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else {}


def find_current_imports(instance: dg.DagsterInstance, keys: Collection[str]) -> dict[str, int]:
    """Return the event numbers of the keys' latest imports, without those that a run has retired since.

    If many keys are given, the result may contain other keys as well.
    """
    imports = find_latest_events(instance, IMPORT, keys)
    if not imports:
        return {}
    retired = find_latest_events(instance, IMPORT, keys, dg.DagsterEventType.ASSET_OBSERVATION)
    return {key: number for key, number in imports.items() if number > retired.get(key, 0)}


def find_keys_imported_from(
    instance: dg.DagsterInstance, keys: Iterable[str], imports: Mapping[str, int], place: str
) -> set[str]:
    """Return the keys whose imports, given by their event numbers, came from this place."""
    recorded = find_records(instance, IMPORT, keys, imports)
    return {key for key, item in recorded.items() if item.metadata.get(SOURCE_FOLDER) == place}


def find_loaded_imports(
    instance: dg.DagsterInstance, keys: Collection[str], imports: Mapping[str, int]
) -> dict[str, Import]:
    """Return the keys' imports, given by their event numbers, that were also loaded.

    The record of the rows must be later than that of the import: the rows may be gone, and the same file
    imported again. And it must name the same file: a run records rows after they are stored, and in between
    another run may import a corrected file.
    """
    tables = find_latest_events(instance, TABLE, keys)
    later = [key for key in keys if key in imports and tables.get(key, 0) > imports[key]]
    imported = find_records(instance, IMPORT, later, imports)
    stored = find_records(instance, TABLE, later, tables)
    found = {}
    for key in later:
        match imported.get(key), stored.get(key):
            case (
                Recorded({"fingerprint": str(fingerprint), "bytes": int(size)} as metadata, at),
                Recorded(
                    {
                        "fingerprint": str(fingerprint_of_rows),
                        "dagster/partition_row_count": int(count),
                        "rows checksum": str(checksum),
                    }
                ),
            ) if fingerprint_of_rows == fingerprint:
                etag = metadata.get(ETAG)
                rows = Rows(count, checksum)
                found[key] = Import(fingerprint, size, at, rows, etag if isinstance(etag, str) else None)
    return found
