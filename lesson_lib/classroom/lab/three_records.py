"""The three records, gathered: keys registered, materializations recorded, rows stored."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from duckdb import DuckDBPyConnection

from lesson_lib.classroom.display.record_view import ThreeRecords
from lesson_lib.pipeline.audit import join_records
from lesson_lib.pipeline.database_errors import (
    WarehouseUnavailable,
    explain_cause,
    find_holder,
    summarize_error,
)
from lesson_lib.pipeline.event_log import find_failed_keys, find_latest_materializations
from lesson_lib.pipeline.local_paths import find_path_fault
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, Warehouse


def three_records(
    instance: dg.DagsterInstance,
    assets: dg.AssetsDefinition | Iterable[dg.AssetsDefinition],
    database: str | Path | DuckDBResource | DuckDBPyConnection,
    *,
    table: str = CUSTOMER_TABLE,
) -> ThreeRecords:
    """Put side by side which keys are registered, which are materialized, and which have rows.

    Nothing is changed by asking: a database file that is not there counts as one without rows.

    Args:
        instance: keeps the keys and the materializations.
        assets: one asset, or several that share a partitions definition; checks among them are ignored.
        database: the path of a DuckDB file, a `DuckDBResource` (such as `Warehouse`), or an open connection,
            of which those rows are seen that are committed.
        table: the table or view with the rows, and with the column `partition_key` that says whose they are;
            `schema.table` if it is not in DuckDB's schema `main`.

    Returns:
        A value that shows itself as a table: a line a key for some 30 keys, a summary for more.

    Raises:
        ValueError: the assets have no partitions, or not the same; an argument is of another kind; the table
            cannot be read, as a view of a table that is gone; or an environment variable is not set.
        WarehouseUnavailable: the database cannot be opened, or is held by another process.
    """
    if not isinstance(instance, dg.DagsterInstance):
        raise ValueError(  # noqa: TRY004 - one kind of error for whatever is wrong with the arguments
            f"three_records takes a Dagster instance first, not {instance!r}. "
            "Pass the one that you materialize with, such as dg.DagsterInstance.get()."
        )
    if not isinstance(table, str):
        raise ValueError(  # noqa: TRY004 - as above
            f"three_records takes the name of a table, not {table!r}. "
            f"Leave table=... out for {CUSTOMER_TABLE}."
        )
    asset_keys, partitions_def = _partitioned(assets)
    rows = _Rows({})
    with _opened(database) as con:
        if con:
            rows = _stored_rows(con, table)
    materialized = [find_latest_materializations(instance, asset) for asset in asset_keys]
    failed = [
        find_failed_keys(instance, asset, partitions_def, known)
        for asset, known in zip(asset_keys, materialized, strict=True)
    ]
    registered = partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    return ThreeRecords(
        assets=tuple(asset.to_user_string() for asset in asset_keys),
        table=table,
        keys=join_records(registered, materialized, failed, None if rows.nobodys else rows.by_key),
        has_database=con is not None,
        has_table=rows.has_table,
        nobodys_rows=rows.nobodys,
    )


def _partitioned(
    assets: dg.AssetsDefinition | Iterable[dg.AssetsDefinition],
) -> tuple[list[dg.AssetKey], dg.PartitionsDefinition]:
    given: list[Any] = [assets]
    # Dagster's AssetKey says that it is iterable, and raises.
    if isinstance(assets, Iterable) and not isinstance(assets, dg.AssetKey | str):
        given = list(assets)
    for asset in given:
        if not isinstance(asset, dg.AssetsDefinition):
            raise ValueError(  # noqa: TRY004 - as for everything else that is wrong with the assets
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
def _opened(
    database: str | Path | DuckDBResource | DuckDBPyConnection,
) -> Iterator[DuckDBPyConnection | None]:
    """Open the database if it is there, and close again what was opened here."""
    if isinstance(database, DuckDBPyConnection):
        # A cursor of its own: a result that the learner has read half of stays readable.
        with database.cursor() as con:
            yield con
        return
    if not isinstance(database, str | Path | DuckDBResource):
        raise ValueError(  # noqa: TRY004 - one kind of error for whatever is wrong with the arguments
            f"three_records cannot look for rows in this {type(database).__name__}. "
            "Pass the path of a DuckDB file, a DuckDBResource, or an open DuckDB connection."
        )
    warehouse = _warehouse(database)
    if fault := find_path_fault(warehouse.database):
        raise WarehouseUnavailable(
            f"{warehouse.database!r} {fault}. Give the path of a DuckDB file, or an open connection."
        )
    if not _can_be_opened(warehouse.database):
        yield None
        return
    with warehouse.get_connection() as con:
        yield con


def _can_be_opened(database: str) -> bool:
    """Tell whether there is a file, or a database that DuckDB goes on with after its file was deleted."""
    if database.startswith(":memory:") or "\0" in database:  # no file, and refused with the reason
        return True
    try:
        path = Path(database).expanduser()
        return path.exists() or holder_of_file(path) is not None
    except (OSError, RuntimeError):  # a name that is too long, the home of "~nobody": as above
        return True


def holder_of_file(path: Path) -> str | None:
    """Name the process that has a database file open, also if it was deleted meanwhile; None if nobody has.

    Of a file that was deleted, DuckDB knows only whether this process has it open.
    """
    with duckdb.connect() as con:
        try:
            # Read-only, so that no file is made; DuckDB takes no parameter here.
            con.execute("ATTACH '{}' AS asked (READ_ONLY)".format(str(path).replace("'", "''")))
        except duckdb.ResourceInUseException:
            return "this process"
        except duckdb.Error as error:
            return find_holder(error)
    return None


def _warehouse(database: str | Path | DuckDBResource) -> Warehouse:
    """Return what opens this database and closes it again, without the retries of `DuckDBResource`."""
    if not isinstance(database, DuckDBResource):
        return Warehouse(database=os.fspath(database))
    config = {name: _resolved(value) for name, value in database.connection_config.items()}
    if not isinstance(database, Warehouse):
        # The resource's own setting: DuckDB refuses another one while the resource's connection is open.
        config = {"custom_user_agent": "dagster", **config}
    return Warehouse(database=_resolved(database.database), connection_config=config)


def _resolved(value: Any) -> Any:  # noqa: ANN401 - a setting of any type
    """Return what an environment variable holds now, as a run would; other values as they are."""
    if not isinstance(value, dg.EnvVar):
        return value
    if (found := value.get_value()) is None:
        raise ValueError(
            f"The environment variable {value.env_var_name}, which names the database or a setting of it, "
            "is not set. Set it, and call three_records again."
        )
    return found


@dataclass(frozen=True)
class _Rows:
    by_key: Mapping[str | None, int]
    has_table: bool = False
    nobodys: int = 0


def _stored_rows(con: DuckDBPyConnection, table: str) -> _Rows:
    # Asked of the catalogue first: DuckDB takes an unknown name for that of a file, or of a Python variable.
    if not (name := _identifier(con, table)):
        return _Rows({})
    try:
        described = con.execute(f"DESCRIBE {name}").fetchall()
        # DuckDB does not tell capital letters from small ones in names.
        if "partition_key" not in {column.lower() for column, *_ in described}:
            ((count,),) = con.execute(f"SELECT count(*) FROM {name}").fetchall()  # noqa: S608 - quoted there
            return _Rows({}, has_table=True, nobodys=count)
        query = f"SELECT partition_key::VARCHAR, count(*) FROM {name} GROUP BY ALL"  # noqa: S608 - quoted there
        return _Rows(dict(con.execute(query).fetchall()), has_table=True)
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise WarehouseUnavailable(
            f"{table} cannot be read: {summarize_error(error)}. {explain_cause(error, 'The database')}"
        ) from error
    except duckdb.Error as error:
        raise ValueError(
            f"{table} is there, and cannot be read: {summarize_error(error).rstrip('!')}. "
            "If it is a view, mend it; or name another table with table=..."
        ) from error


def _identifier(con: DuckDBPyConnection, table: str) -> str | None:
    """Return the quoted name of a table or a view; None if there is none."""
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
