"""What the event log tells of the latest imports: is a file that looks new loaded already?"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import dagster as dg

from lesson_lib.pipeline.arrivals import DataFile
from lesson_lib.pipeline.assets import duckdb_dynamic_partition_table, import_dynamic_partition_file
from lesson_lib.pipeline.records import NAMED_IN_A_QUERY, latest_materializations

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

    Args:
        instance: whose event log is asked.
        keys: the keys to ask for.
        ids: what `latest_materializations` says of their imports.
    """
    tables = latest_materializations(instance, TABLE, keys)
    wanted = [ids[key] for key in keys if key in ids and tables.get(key, 0) > ids[key]]
    return dict(_imports(instance, wanted))


def _imports(instance: dg.DagsterInstance, ids: list[int]) -> Iterator[tuple[str, Import]]:
    for start in range(0, len(ids), NAMED_IN_A_QUERY):
        some = ids[start : start + NAMED_IN_A_QUERY]
        records = dg.AssetRecordsFilter(asset_key=IMPORT, storage_ids=some)
        for record in instance.fetch_materializations(records, limit=len(some)).records:
            event = record.asset_materialization
            if event is None or event.partition is None:
                continue
            recorded = {name: value.value for name, value in event.metadata.items()}
            # One that was reported by hand, or by another program, has neither.
            fingerprint, size = recorded.get("fingerprint"), recorded.get("bytes")
            if isinstance(fingerprint, str) and isinstance(size, int):
                yield event.partition, Import(fingerprint, size, record.timestamp)
