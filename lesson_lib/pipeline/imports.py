"""What the event log tells of the latest imports: is a file that looks new loaded already?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from lesson_lib.pipeline.arrivals import DataFile
from lesson_lib.pipeline.assets import duckdb_dynamic_partition_table, import_dynamic_partition_file
from lesson_lib.pipeline.records import latest_materializations, recorded_materializations

IMPORT, TABLE = import_dynamic_partition_file.key, duckdb_dynamic_partition_table.key


@dataclass(frozen=True)
class Import:
    """What an import recorded of a customer's file.

    Attributes:
        fingerprint: SHA-256 of its bytes, in hex.
        size: in bytes.
        at: when, in seconds since 1970.
    """

    fingerprint: str
    size: int
    at: float

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

    The table's own record says of which file they are. That it comes after the import's would not do: a run
    records its rows after they are there, and in between another one may import a corrected file.

    Args:
        instance: whose event log is asked.
        keys: the keys to ask for.
        ids: what `latest_materializations` says of their imports.
    """
    tables = latest_materializations(instance, TABLE, keys)
    numbers = [tables[key] for key in keys if key in tables]
    stored = {record.key: record.metadata for record in recorded_materializations(instance, TABLE, numbers)}
    found = {}
    for record in recorded_materializations(instance, IMPORT, [ids[key] for key in keys if key in ids]):
        fingerprint, size = record.metadata.get("fingerprint"), record.metadata.get("bytes")
        if not isinstance(fingerprint, str) or not isinstance(size, int):
            continue  # reported by hand, or by another program
        if stored.get(record.key, {}).get("fingerprint") == fingerprint:
            found[record.key] = Import(fingerprint, size, record.at)
    return found
