"""What the event log tells of the latest imports: is a file that looks new loaded already?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import dagster as dg

from lesson_lib.pipeline.arrivals import DataFile
from lesson_lib.pipeline.assets import duckdb_dynamic_partition_table, import_dynamic_partition_file
from lesson_lib.pipeline.records import latest_materializations, recorded_by_key

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
    imported = recorded_by_key(instance, IMPORT, keys, ids)
    stored = recorded_by_key(instance, TABLE, imported, latest_materializations(instance, TABLE, imported))
    found = {}
    for key, rows in stored.items():
        file = imported[key].metadata
        fingerprint, size = file.get("fingerprint"), file.get("bytes")
        if not isinstance(fingerprint, str) or not isinstance(size, int):
            continue  # reported by hand, or by another program
        if rows.metadata.get("fingerprint") == fingerprint:
            found[key] = Import(fingerprint, size, imported[key].at)
    return found
