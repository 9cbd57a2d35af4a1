"""The three records, gathered: keys registered, materializations recorded, rows stored."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource
from duckdb import DuckDBPyConnection

from lesson_lib.classroom.boards.records import ThreeRecords
from lesson_lib.pipeline.records import failed_keys, latest_materializations, records_by_key
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, Warehouse

# Names that DuckDB takes for a database, though no file can be missing there.
_NO_FILE = re.compile(r":memory:|md:|motherduck:|[\w+.-]{2,}:/")


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
        table: the table with the rows, and with the column `partition_key` that says whose they are.

    Returns:
        A value that shows itself as a table: a line a key for some 30 keys, a summary for more.

    Raises:
        ValueError: the assets have no partitions, or not the same; or an argument is of another kind.
        WarehouseUnavailable: the database cannot be opened, or is held by another process.
    """
    asset_keys, partitions_def = _partitioned(assets)
    rows = _Rows({})
    with _opened(database) as con:
        if con:
            rows = _stored_rows(con, table)
    materialized = [latest_materializations(instance, asset) for asset in asset_keys]
    failed = [
        failed_keys(instance, asset, partitions_def, known)
        for asset, known in zip(asset_keys, materialized, strict=True)
    ]
    registered = partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    return ThreeRecords(
        assets=tuple(asset.to_user_string() for asset in asset_keys),
        table=table,
        keys=records_by_key(registered, materialized, failed, None if rows.nobodys else rows.by_key),
        has_database=con is not None,
        has_table=rows.has_table,
        nobodys_rows=rows.nobodys,
    )


def _partitioned(
    assets: dg.AssetsDefinition | Iterable[dg.AssetsDefinition],
) -> tuple[list[dg.AssetKey], dg.PartitionsDefinition]:
    given = list(assets) if isinstance(assets, Iterable) else [assets]
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
    if not _NO_FILE.match(warehouse.database) and not Path(warehouse.database).expanduser().exists():
        yield None
        return
    with warehouse.get_connection() as con:
        yield con


def _warehouse(database: str | Path | DuckDBResource) -> Warehouse:
    """Return what opens this database and closes it again, without the retries of `DuckDBResource`."""
    if isinstance(database, Warehouse):
        return database
    if isinstance(database, DuckDBResource):
        # With the resource's own setting: DuckDB refuses another one while the resource's connection is open.
        config = {"custom_user_agent": "dagster", **database.connection_config}
        return Warehouse(database=database.database, connection_config=config)
    return Warehouse(database=os.fspath(database))


@dataclass(frozen=True)
class _Rows:
    by_key: Mapping[str | None, int]
    has_table: bool = False
    nobodys: int = 0


def _stored_rows(con: DuckDBPyConnection, table: str) -> _Rows:
    name = '"{}"'.format(table.replace('"', '""'))
    try:
        described = con.execute(f"DESCRIBE {name}").fetchall()
    except duckdb.CatalogException:
        return _Rows({})
    # DuckDB does not tell capital letters from small ones in names.
    if "partition_key" not in {column.lower() for column, *_ in described}:
        ((count,),) = con.execute(f"SELECT count(*) FROM {name}").fetchall()  # noqa: S608 - quoted above
        return _Rows({}, has_table=True, nobodys=count)
    query = f"SELECT partition_key::VARCHAR, count(*) FROM {name} GROUP BY ALL"  # noqa: S608 - quoted above
    return _Rows(dict(con.execute(query).fetchall()), has_table=True)
