"""What the event log tells of the latest imports: is a file that looks new loaded already?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from lesson_lib.pipeline.arrivals import DataFile
from lesson_lib.pipeline.assets import duckdb_dynamic_partition_table, import_dynamic_partition_file
from lesson_lib.pipeline.records import Recorded, latest_materializations, recorded_by_key

IMPORT, TABLE = import_dynamic_partition_file.key, duckdb_dynamic_partition_table.key


@dataclass(frozen=True)
class Import:
    """What is recorded of a customer's file that was imported, and then loaded.

    Attributes:
        fingerprint: SHA-256 of its bytes, in hex.
        size: in bytes.
        at: when it was imported, in seconds since 1970.
        rows: how many were stored.
    """

    fingerprint: str
    size: int
    at: float
    rows: int

    def is_of(self, file: DataFile, fingerprint: str | None) -> bool:
        """Tell whether it was this file as it is now.

        Args:
            file: a file of the same key.
            fingerprint: that of its bytes; None if it is too large to read, and size and times must do.
        """
        if fingerprint is None:
            return file.size == self.size and file.changed < self.at
        return fingerprint == self.fingerprint


def loaded_imports(
    instance: dg.DagsterInstance, keys: Collection[str], ids: Mapping[str, int]
) -> dict[str, Import]:
    """Return the latest imports that were loaded, too: the rows of these keys are those of that file.

    So the record of the rows comes later than that of the import, and says that they are of the same file.
    The first would not do alone: a run records rows after they are there, and in between another one may
    import a corrected file. Nor would the second: rows may be gone, and the same file be imported again.

    Args:
        instance: whose event log is asked.
        keys: the keys to ask for.
        ids: what `latest_materializations` says of their imports.
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
                Recorded(metadata={"fingerprint": str(of_rows), "dagster/partition_row_count": int(rows)}),
            ) if of_rows == fingerprint:
                found[key] = Import(fingerprint, size, at, rows)
    return found
