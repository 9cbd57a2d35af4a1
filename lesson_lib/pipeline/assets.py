"""The four assets: a pair for the exchange's days, a pair for the customers, built from the same functions.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Mapping

import dagster as dg
import duckdb

from lesson_lib.pipeline.csv_rules import first_fault, price_fault, reading_fault
from lesson_lib.pipeline.partitions import InvalidKey, checked_key, daily_partitions_def, s3_partitions_def
from lesson_lib.pipeline.prices import price_check_result, price_check_spec
from lesson_lib.pipeline.source_files import (
    SourceFile,
    SourceFolder,
    UnreadableFile,
    changed,
    inspect_file,
    is_unchanged,
    unreadable,
)
from lesson_lib.pipeline.warehouse import (
    CUSTOMER_TABLE,
    DAILY_TABLE,
    Warehouse,
    create_table,
    replace_partition,
    transaction,
    unordered,
)

GROUP = "static_etl"

Metadata = Mapping[str, str | int]

_READING_ERRORS = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.NotImplementedException)


@dg.asset(
    partitions_def=s3_partitions_def,
    group_name=GROUP,
    check_specs=[price_check_spec("import_dynamic_partition_file")],
)
def import_dynamic_partition_file(
    context: dg.AssetExecutionContext, source: SourceFolder
) -> dg.MaterializeResult:
    """A customer's file: found, checked and fingerprinted."""
    return import_files(context, source)


@dg.asset(
    partitions_def=s3_partitions_def,
    group_name=GROUP,
    kinds={"duckdb"},
    deps=[import_dynamic_partition_file],
)
def duckdb_dynamic_partition_table(
    context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
) -> dg.MaterializeResult:
    """The rows of every customer, in the table raw_partition_data."""
    return load_files(context, source, database, import_dynamic_partition_file.key, CUSTOMER_TABLE)


@dg.asset(
    partitions_def=daily_partitions_def,
    group_name=GROUP,
    check_specs=[price_check_spec("import_partition_file")],
)
def import_partition_file(context: dg.AssetExecutionContext, source: SourceFolder) -> dg.MaterializeResult:
    """The exchange's file of a day: found, checked and fingerprinted."""
    return import_files(context, source)


@dg.asset(
    partitions_def=daily_partitions_def, group_name=GROUP, kinds={"duckdb"}, deps=[import_partition_file]
)
def duckdb_partition_table(
    context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
) -> dg.MaterializeResult:
    """The rows of every day, in the table raw_daily_data."""
    return load_files(context, source, database, import_partition_file.key, DAILY_TABLE)


def import_files(context: dg.AssetExecutionContext, source: SourceFolder) -> dg.MaterializeResult:
    """Check the file of every key of the run, and record what it is.

    Raises:
        InvalidKey: a key breaks the rules, or the run has none.
        UnreadableFile: a file is not there, or breaks the rules for its form.
    """
    files = [inspect_file(key, source.find(key)) for key in run_keys(context)]
    metadata: dict[str, Metadata] = {
        file.key: {
            "file": file.path.name,
            "bytes": file.size,
            "header": ", ".join(file.header),
            "bad prices": file.bad_prices,
            "fingerprint": file.fingerprint,
        }
        for file in files
    }
    return dg.MaterializeResult(
        metadata=record_metadata(context, metadata), check_results=[price_check_result(files)]
    )


def load_files(
    context: dg.AssetExecutionContext,
    source: SourceFolder,
    database: Warehouse,
    imported_by: dg.AssetKey,
    table: str,
) -> dg.MaterializeResult:
    """Replace the rows of every key of the run, all in one transaction.

    Raises:
        InvalidKey: a key breaks the rules, or the run has none.
        UnreadableFile: a file is not the one that was imported, or a value in it breaks the rules.
        WarehouseUnavailable: the database cannot be opened or written to.
        WrongTable: a view has the table's name, or a table with other columns.
    """
    files = [imported_file(context.instance, imported_by, key, source) for key in run_keys(context)]
    with database.get_connection() as con, unordered(con):
        create_table(con, table)
        with transaction(con):
            counts = {file.key: load_file(con, table, file) for file in files}
            metadata = {
                key: {"dagster/partition_row_count": rows, "rows replaced": replaced}
                for key, (rows, replaced) in counts.items()
            }
            return dg.MaterializeResult(metadata=record_metadata(context, metadata))


def record_metadata(context: dg.AssetExecutionContext, metadata: Mapping[str, Metadata]) -> Metadata:
    """Record the metadata of each key of a range; that of one key alone is returned, for the result.

    A context made for a call without a run, by `dg.build_asset_context`, takes no metadata itself.
    """
    if len(metadata) == 1:
        return next(iter(metadata.values()))
    for key, facts in metadata.items():
        context.add_asset_metadata(facts, partition_key=key)
    return {}


def run_keys(context: dg.AssetExecutionContext) -> list[str]:
    """Return the partition keys of the run: one, or a range of them in the order of registration.

    Raises:
        InvalidKey: a key breaks the rules, or the run has none.
    """
    if not context.has_partition_key and not context.has_partition_key_range:
        raise InvalidKey(
            "This run has no partition key. Pass one: dg.materialize(..., partition_key='acme')."
        )
    keys = context.partition_keys
    if not keys:
        raise InvalidKey(
            "The range of this run holds no key: its end was registered before its start. Swap them."
        )
    for key in keys:
        if checked_key(key) != key:
            raise InvalidKey(f"{key!r} is not normalised. Delete it, and add it again through register_keys.")
    return list(keys)


def imported_file(
    instance: dg.DagsterInstance, imported_by: dg.AssetKey, key: str, source: SourceFolder
) -> SourceFile:
    """Return the key's file as its latest import recorded it.

    Raises:
        UnreadableFile: the file is missing, was never imported, or holds a share_price of zero or less.
        ChangedFile: the file held such a price, and is another one now.
    """
    path = source.find(key)
    imports = dg.AssetRecordsFilter(asset_key=imported_by, asset_partitions=[key])
    latest = instance.fetch_materializations(imports, limit=1).records
    event = latest[0].asset_materialization if latest else None
    recorded = {name: value.value for name, value in event.metadata.items()} if event else {}
    if "fingerprint" not in recorded:
        raise UnreadableFile(
            f"{path.name} was never imported into this instance. Materialize {imported_by.to_user_string()} "
            f"for {key!r}, too."
        )
    header = tuple(str(recorded["header"]).split(", "))
    size, bad_prices = int(str(recorded["bytes"])), int(str(recorded["bad prices"]))
    file = SourceFile(key, path, header, size, str(recorded["fingerprint"]), bad_prices)
    if bad_prices and not is_unchanged(file):
        raise changed(file)
    if bad_prices:
        raise unreadable(key, path, str(first_fault(path, price_fault)))
    return file


def load_file(con: duckdb.DuckDBPyConnection, table: str, file: SourceFile) -> tuple[int, int]:
    """Replace the rows of one key, and return how many came and how many they replaced.

    Raises:
        UnreadableFile: the file is not the one that was imported, or a value in it breaks the rules.
    """
    try:
        counts = replace_partition(con, table, file)
    except duckdb.Error as error:
        if not is_unchanged(file):
            raise changed(file) from error
        if isinstance(error, _READING_ERRORS) and (fault := reading_fault(file.path)):
            raise unreadable(file.key, file.path, fault) from error
        raise  # about storing, not about this file
    # Only now: whatever DuckDB has read, it has read before this.
    if not is_unchanged(file):
        raise changed(file)
    return counts
