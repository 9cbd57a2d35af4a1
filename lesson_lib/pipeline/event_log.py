"""The latest imports in the event log: their files and folders, and whether they were loaded."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import dagster as dg

from .assets import (
    SOURCE_FOLDER,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)
from .audit import (
    NAMED_IN_A_QUERY,
    Recorded,
    latest_materializations,
    recorded_by_key,
)
from .sensor.arrivals import DataFile
from .warehouse import Rows

IMPORT, TABLE = import_dynamic_partition_file.key, duckdb_dynamic_partition_table.key


@dataclass(frozen=True)
class Import:
    """The record of a customer's file that was imported and then loaded.

    Attributes:
        fingerprint: SHA-256 of its bytes, in hex.
        size: in bytes.
        at: when it was imported, in seconds since 1970.
        rows: the rows that were stored.
    """

    fingerprint: str
    size: int
    at: float
    rows: Rows

    def is_of(self, file: DataFile, fingerprint: str | None) -> bool:
        """Return whether it was this file as it is now.

        Args:
            file: a file of the same key.
            fingerprint: of its bytes; None if the file is too large to read, so that size and times decide.
        """
        if fingerprint is None:
            return file.size == self.size and file.changed < self.at
        return fingerprint == self.fingerprint


def loaded_imports(
    instance: dg.DagsterInstance, keys: Collection[str], ids: Mapping[str, int]
) -> dict[str, Import]:
    """Return the latest imports that were also loaded, so that the rows of these keys are those of that file.

    The record of the rows must be later than that of the import, and must name the same file. The first rule
    is not enough: a run records rows after they are stored, and in between another run may import a corrected
    file. Nor is the second: the rows may be gone, and the same file imported again.

    Args:
        instance: the instance with the event log.
        keys: the keys to look up.
        ids: the event numbers of their imports, from `current_imports` or `latest_materializations`.
    """
    tables = latest_materializations(instance, TABLE, keys)
    later = [key for key in keys if key in ids and tables.get(key, 0) > ids[key]]
    imported = recorded_by_key(instance, IMPORT, later, ids)
    stored = recorded_by_key(instance, TABLE, later, tables)
    found = {}
    for key in later:
        match imported.get(key), stored.get(key):
            case (
                Recorded(metadata={"fingerprint": str(fingerprint), "bytes": int(size)}, at=at),
                Recorded(
                    metadata={
                        "fingerprint": str(of_rows),
                        "dagster/partition_row_count": int(count),
                        "rows checksum": str(checksum),
                    }
                ),
            ) if of_rows == fingerprint:
                found[key] = Import(fingerprint, size, at, Rows(count, checksum))
    return found


def current_imports(instance: dg.DagsterInstance, keys: Collection[str]) -> dict[str, int]:
    """Return the event numbers of the keys' latest imports, without those that a run has retired since.

    Args:
        instance: the instance with the event log.
        keys: the keys to look up; where they are many, the answer may contain other keys.
    """
    imports = latest_materializations(instance, IMPORT, keys)
    if not imports:
        return {}
    named = set(keys) if len(keys) <= NAMED_IN_A_QUERY else None
    retired = instance.get_latest_storage_id_by_partition(
        IMPORT, dg.DagsterEventType.ASSET_OBSERVATION, partitions=named
    )
    return {key: number for key, number in imports.items() if number > retired.get(key, 0)}


def keys_imported_from(
    instance: dg.DagsterInstance, keys: Iterable[str], ids: Mapping[str, int], folder: str
) -> set[str]:
    """Return those of the keys whose imports came from this folder.

    Args:
        instance: the instance with the event log.
        keys: the keys to look up.
        ids: the event numbers of their imports, from `current_imports`.
        folder: the resolved path of a source folder.
    """
    recorded = recorded_by_key(instance, IMPORT, keys, ids)
    return {key for key, item in recorded.items() if item.metadata.get(SOURCE_FOLDER) == folder}


def retirement(key: str, folder: str) -> dg.AssetObservation:
    """Return the event that records that a run has retired a key, and its import with it."""
    return dg.AssetObservation(IMPORT, partition=key, metadata={"retired": True, SOURCE_FOLDER: folder})
