"""`three_records`: gather the registered keys, the recorded materializations and the stored rows."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from duckdb import DuckDBPyConnection

from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.pipeline.audit import KeyRecords, join_records
from lesson_lib.pipeline.database_errors import (
    WarehouseUnavailable,
    explain_cause,
    find_file_holder,
    summarize_error,
)
from lesson_lib.pipeline.event_log import find_failed_keys, find_latest_events
from lesson_lib.pipeline.local_paths import find_path_fault
from lesson_lib.pipeline.parquet_lake import ParquetLake
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, Warehouse


@dataclass(frozen=True, repr=False)
class ThreeRecords(Displayable):
    """The contents of the three records at one moment. Two are equal if nothing has happened in between."""

    assets: tuple[str, ...]  # names, in the order given
    table: str  # the table in which the rows were counted
    keys: tuple[KeyRecords, ...]  # the registered ones in their order, then the others
    has_database: bool
    has_table: bool
    unassigned_rows: int  # 0 if the table has a column `partition_key`


def three_records(
    instance: dg.DagsterInstance,
    assets: dg.AssetsDefinition | Iterable[dg.AssetsDefinition],
    database: str | Path | DuckDBResource | ParquetLake | DuckDBPyConnection,
    *,
    table: str = CUSTOMER_TABLE,
) -> ThreeRecords:
    """Show side by side which keys are registered, which are materialized, and which have rows.

    It changes nothing. A database file that does not exist counts as one without rows.

    Args:
        instance: holds the keys and the materializations.
        assets: one asset, or several that share a partitions definition; checks among them are ignored.
        database: the path of a DuckDB file, a `DuckDBResource` (such as `Warehouse`), a `ParquetLake`, or an
            open connection, whose committed rows count.
        table: the table or view with the rows and their column `partition_key`; `schema.table` if it is not
            in DuckDB's schema `main`.

    Returns:
        A value that shows itself as a table with a row for each of up to 30 keys, or as a summary of more.

    Raises:
        ValueError: the assets have no partitions or different ones, an argument has the wrong type, the table
            cannot be read, or an environment variable is not set.
        WarehouseUnavailable: the database cannot be opened, or is held by another process.
    """
    if not isinstance(instance, dg.DagsterInstance):
        raise ValueError(  # noqa: TRY004 - every wrong argument raises the same error
            f"three_records takes a Dagster instance first, not {instance!r}. "
            "Pass the one that you materialize with, such as dg.DagsterInstance.get()."
        )
    if not isinstance(table, str):
        raise ValueError(  # noqa: TRY004 - as above
            f"three_records takes the name of a table, not {table!r}. "
            f"Leave table=... out for {CUSTOMER_TABLE}."
        )
    asset_keys, partitions_def = _require_same_partitions(assets)
    with _open(database) as con:
        counted = _count_rows(con, table) if con else None
    rows, unassigned_rows = counted or ({}, 0)
    materialized = [find_latest_events(instance, asset) for asset in asset_keys]
    failed = [
        find_failed_keys(instance, asset, partitions_def, known)
        for asset, known in zip(asset_keys, materialized, strict=True)
    ]
    registered = partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    return ThreeRecords(
        assets=tuple(asset.to_user_string() for asset in asset_keys),
        table=table,
        keys=join_records(registered, materialized, failed, None if unassigned_rows else rows),
        has_database=con is not None,
        has_table=counted is not None,
        unassigned_rows=unassigned_rows,
    )


def _require_same_partitions(
    assets: dg.AssetsDefinition | Iterable[dg.AssetsDefinition],
) -> tuple[list[dg.AssetKey], dg.PartitionsDefinition]:
    given: list[Any] = [assets]
    # Dagster's AssetKey looks iterable, and raises.
    if isinstance(assets, Iterable) and not isinstance(assets, dg.AssetKey | str):
        given = list(assets)
    for asset in given:
        if not isinstance(asset, dg.AssetsDefinition):
            raise ValueError(  # noqa: TRY004 - as above
                f"three_records takes assets, not {asset!r}. Pass functions decorated with @dg.asset."
            )
    found = {spec.key: spec.partitions_def for asset in given for spec in asset.specs}
    if not found:
        raise ValueError("three_records needs an asset. Pass the list of assets that you materialize.")
    partitioned = {key: definition for key, definition in found.items() if definition is not None}
    if bare := [key.to_user_string() for key in found.keys() - partitioned.keys()]:
        raise ValueError(
            f"{min(bare)} has no partitions, so there are no keys to compare. "
            "Leave it out, or give it partitions_def=..."
        )
    first, *others = partitioned.values()
    if any(other != first for other in others):
        named = " and ".join(key.to_user_string() for key in found)
        raise ValueError(
            f"{named} do not share one partitions definition, so they do not share keys. "
            "Pass those that do, and call three_records again for the others."
        )
    return list(partitioned), first


@contextmanager
def _open(
    database: str | Path | DuckDBResource | ParquetLake | DuckDBPyConnection,
) -> Iterator[DuckDBPyConnection | None]:
    """Open the database if it exists, and close what was opened here."""
    if isinstance(database, DuckDBPyConnection):
        # With another cursor, a result that the learner has half read stays readable.
        with database.cursor() as con:
            yield con
        return
    if isinstance(database, ParquetLake):
        lake = ParquetLake(path=_resolve(database.path))
        with lake.get_connection() if lake.folder().exists() else nullcontext() as con:
            yield con
        return
    if not isinstance(database, str | Path | DuckDBResource):
        raise ValueError(  # noqa: TRY004 - every wrong argument raises the same error
            f"three_records cannot read rows from this {type(database).__name__}. "
            "Pass the path of a DuckDB file, a DuckDBResource, or an open DuckDB connection."
        )
    warehouse = _make_warehouse(database)
    if fault := find_path_fault(warehouse.database):
        raise WarehouseUnavailable(
            f"{warehouse.database!r} {fault}. Give the path of a DuckDB file, or an open connection."
        )
    with warehouse.get_connection() if _can_open(warehouse.database) else nullcontext() as con:
        yield con


def _can_open(database: str) -> bool:
    """Return whether a file exists, or DuckDB still uses a database whose file was deleted."""
    if database.startswith(":memory:") or "\0" in database:  # not a file; opening it gives the reason
        return True
    try:
        path = Path(database).expanduser()
        return path.exists() or find_file_holder(path) is not None
    except (OSError, RuntimeError):  # the name is too long, or "~nobody" has no home: as above
        return True


def _make_warehouse(database: str | Path | DuckDBResource) -> Warehouse:
    """Return a warehouse for this database, which opens it without the retries of `DuckDBResource`."""
    if not isinstance(database, DuckDBResource):
        return Warehouse(database=os.fspath(database))
    config = {name: _resolve(value) for name, value in database.connection_config.items()}
    if not isinstance(database, Warehouse):
        # As the resource sets it: DuckDB refuses a different one while the resource's connection is open.
        config = {"custom_user_agent": "dagster", **config}
    return Warehouse(database=_resolve(database.database), connection_config=config)


def _resolve(value: Any) -> Any:  # noqa: ANN401 - a setting of any type
    """Return the value of an environment variable, as a run would, and any other value unchanged."""
    if not isinstance(value, dg.EnvVar):
        return value
    if (found := value.get_value()) is None:
        raise ValueError(
            f"The environment variable {value.env_var_name}, which names the database or a setting of it, "
            "is not set. Set it, and call three_records again."
        )
    return found


def _count_rows(con: DuckDBPyConnection, table: str) -> tuple[dict[str | None, int], int] | None:
    """Return the number of rows by key, and of rows without a column for keys; None without the table."""
    # DuckDB would look for an unknown name among files and Python variables, so the catalogue comes first.
    if not (name := _find_table(con, table)):
        return None
    try:
        described = con.execute(f"DESCRIBE {name}").fetchall()
        # Names are case-insensitive in DuckDB.
        if "partition_key" not in {column.lower() for column, *_ in described}:
            ((count,),) = con.execute(f"SELECT count(*) FROM {name}").fetchall()  # noqa: S608 - quoted there
            return {}, count
        query = f"SELECT partition_key::VARCHAR, count(*) FROM {name} GROUP BY ALL"  # noqa: S608 - quoted there
        return dict(con.execute(query).fetchall()), 0
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise WarehouseUnavailable(
            f"{table} cannot be read: {summarize_error(error)}. {explain_cause(error, 'The database')}"
        ) from error
    except duckdb.Error as error:
        raise ValueError(
            f"{table} is there, and cannot be read: {summarize_error(error).rstrip('!')}. "
            "If it is a view, fix it, or name another table with table=..."
        ) from error


def _find_table(con: DuckDBPyConnection, table: str) -> str | None:
    """Return the quoted name of a table or a view, or None if it does not exist."""
    query = """
        SELECT table_catalog, table_schema, table_name FROM information_schema.tables
        WHERE table_catalog = current_database()
            AND lower($table) IN (
                if(table_schema = current_schema(), lower(table_name), NULL),
                lower(table_schema || '.' || table_name)
            )
        ORDER BY table_schema <> current_schema()
    """
    found = con.execute(query, {"table": table}).fetchall()
    return ".".join('"{}"'.format(part.replace('"', '""')) for part in found[0]) if found else None
