"""The workspace of a test: a source folder, a database and an instance."""

import datetime as dt
import hashlib
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
    register_keys,
)
from lesson_lib.pipeline.event_log import find_latest_events, find_records
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, DAILY_TABLE

HEADER = "date,share_price,amount,spend,shift,spread"
IMPORT, LOAD = import_dynamic_partition_file, duckdb_dynamic_partition_table
Asset = dg.AssetsDefinition
Row = tuple[dt.date | float, ...]


def priced(*prices: float | str) -> str:
    """Return a sound file with a row for each price."""
    return "".join(
        f"{line}\n" for line in (HEADER, *(f"2018/01/22,{price},100,425.0,-0.5,0.01" for price in prices))
    )


@contextmanager
def open_workspace(folder: Path) -> "Iterator[Workspace]":
    """Open a workspace in this folder, without files, database and keys."""
    source = folder / "source"
    source.mkdir()
    quiet = {"python_logs": {"python_log_level": "CRITICAL"}}
    with dg.DagsterInstance.ephemeral(settings=quiet) as instance:
        yield Workspace(source, folder / "warehouse.duckdb", instance)


@contextmanager
def clone_workspace(original: "Workspace", folder: Path) -> "Iterator[Workspace]":
    """Open a copy of a workspace in this folder, which costs less than loading its customers again.

    The instance gets a copy of the original's records, in which this folder replaces that of the original.
    """
    with open_workspace(folder) as copy:
        shutil.copytree(original.source, copy.source, dirs_exist_ok=True)
        shutil.copy(original.database, copy.database)
        _copy_storage(original.instance.run_storage, copy.instance.run_storage)
        log = _copy_storage(original.instance.event_log_storage, copy.instance.event_log_storage)
        for table, column in (("event_logs", "event"), ("asset_keys", "last_materialization")):
            paths = str(original.source), str(copy.source)
            log.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", paths)
        log.commit()
        yield copy


def _copy_storage(original: Any, copy: Any) -> sqlite3.Connection:  # noqa: ANN401 - Dagster's classes hide it
    source, target = (storage._held_conn.connection.dbapi_connection for storage in (original, copy))  # noqa: SLF001
    source.backup(target)
    return target


@dataclass(frozen=True)
class Workspace:
    """The folder, the database and the instance of a test."""

    source: Path
    database: Path
    instance: dg.DagsterInstance

    def write(self, key: str, content: str | bytes) -> Path:
        """Write a key's file, byte for byte."""
        path = self.source / f"{key}.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add(self, key: str, *prices: float) -> None:
        """Register a key, and write its file."""
        register_keys(self.instance, [key])
        self.write(key, priced(*prices))

    def resources(self) -> dict[str, object]:
        """Return the resources of a run."""
        return {"source": SourceFolder(path=self.source), "database": Warehouse(database=self.database)}

    def load(
        self, key: str | None = None, *, assets: Sequence[Asset] = (IMPORT, LOAD), **options: object
    ) -> dg.ExecuteInProcessResult:
        """Materialize both assets, or those given, for a key or without one."""
        return dg.materialize(
            assets,
            partition_key=key,
            instance=self.instance,
            **{"resources": self.resources(), **options},
        )

    def load_range(self, first: str, last: str) -> dg.ExecuteInProcessResult:
        """Materialize both assets for a range of keys, in one run."""
        ends = {"start": first, "end": last}
        tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
        return self.load(tags=tags)

    def load_day(self, day: str) -> dg.ExecuteInProcessResult:
        """Materialize the daily pair."""
        return self.load(day, assets=(import_partition_file, duckdb_partition_table))

    def query(self, sql: str) -> list[Row]:
        """Query the database through a plain connection."""
        with duckdb.connect(str(self.database)) as con:
            return con.execute(sql).fetchall()

    def rows(self) -> dict[tuple[str, str], list[Row]]:
        """Return all rows, sorted, by table and key."""
        rows: dict[tuple[str, str], list[Row]] = {}
        if not self.database.is_file():
            return rows
        there = {name for (name,) in self.query("SELECT table_name FROM duckdb_tables()")}
        columns = f"{HEADER}, partition_key"
        for table in sorted(there & {CUSTOMER_TABLE, DAILY_TABLE}):
            for *row, key in self.query(f"SELECT {columns} FROM {table} ORDER BY ALL"):
                rows.setdefault((table, str(key)), []).append(tuple(row))
        return rows

    def prices(self) -> dict[str, list[float]]:
        """Return each customer's share prices, sorted."""
        prices = "list(share_price ORDER BY share_price)"
        return dict(self.query(f"SELECT partition_key, {prices} FROM {CUSTOMER_TABLE} GROUP BY ALL"))

    @contextmanager
    def raises(self, kind: type[Exception], *parts: str) -> Iterator[None]:
        """Expect an error with these parts in its message, and that every key and row stays as it was."""
        rows, keys = self.rows(), self.keys()
        with pytest.raises(kind) as caught:
            yield
        for part in parts:
            assert part in str(caught.value)
        assert (self.rows(), self.keys()) == (rows, keys)

    def keys(self) -> list[str]:
        """Return the registered keys, in order."""
        return list(self.instance.get_dynamic_partitions("s3"))

    def metadata(self, asset: Asset, key: str) -> dict[str, object]:
        """Return what the latest materialization of a key recorded."""
        latest = find_latest_events(self.instance, asset.key, [key])
        return dict(find_records(self.instance, asset.key, [key], latest)[key].metadata)

    def loading_records(self, key: str, rows: int, *, replaced: int) -> dict[str, object]:
        """Return what a load of the key's present file records."""
        content = (self.source / f"{key}.csv").read_bytes()
        return {
            "dagster/partition_row_count": rows,
            "rows checksum": self.checksum(key),
            "rows replaced": replaced,
            "fingerprint": hashlib.sha256(content).hexdigest(),
        }

    def checksum(self, key: str) -> str:
        """Return the checksum of a key's rows, as a load records it."""
        query = f"SELECT sum(hash({HEADER}))::VARCHAR FROM {CUSTOMER_TABLE} WHERE partition_key = ?"
        with duckdb.connect(str(self.database)) as con:
            ((checksum,),) = con.execute(query, [key]).fetchall()
        return str(checksum)

    def times_materialized(self, asset: Asset, key: str) -> int:
        """Return how many materializations a key has."""
        records = dg.AssetRecordsFilter(asset_key=asset.key, asset_partitions=[key])
        return len(self.instance.fetch_materializations(records, limit=1000).records)
