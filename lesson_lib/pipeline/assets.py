"""The four assets: a pair for the exchange's days, a pair for the customers, built from the same functions.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import dagster as dg

from .csv_rules import COLUMNS
from .event_log import (
    BY_KEY,
    KEYS_OF_RUN,
    Metadata,
    Recorded,
    describe_file,
    describe_rows,
    find_latest_events,
    find_records,
)
from .keys import (
    InvalidKey,
    check_customer_key,
    checked_key,
    daily_partitions_def,
    require_usable,
    s3_partitions_def,
)
from .price_check import build_price_check_spec, build_price_error, check_prices
from .source_files import SourceFile, SourceFolder, UnreadableFile, inspect_file, require_unchanged
from .warehouse import (
    CUSTOMER_TABLE,
    DAILY_TABLE,
    DUCKDB_WRITER,
    Warehouse,
    allow_any_order,
    ensure_table,
    replace_rows,
    transaction,
)

GROUP = "static_etl"


@dg.asset(
    partitions_def=s3_partitions_def,
    group_name=GROUP,
    check_specs=[build_price_check_spec("import_dynamic_partition_file")],
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
    pool=DUCKDB_WRITER,
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
    check_specs=[build_price_check_spec("import_partition_file")],
)
def import_partition_file(context: dg.AssetExecutionContext, source: SourceFolder) -> dg.MaterializeResult:
    """The exchange's file of a day: found, checked and fingerprinted."""
    return import_files(context, source)


@dg.asset(
    partitions_def=daily_partitions_def,
    group_name=GROUP,
    kinds={"duckdb"},
    pool=DUCKDB_WRITER,
    deps=[import_partition_file],
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
        UnreadableFile: a file is missing, or breaks the rules for its form.
    """
    files = [inspect_file(key, source.find(key)) for key in list_partition_keys(context)]
    check_result = check_prices(files)
    if not check_result.passed:  # Dagster's own exception names only the check
        context.log.error(check_result.description)
    metadata = {file.key: describe_file(file) for file in files}
    return dg.MaterializeResult(metadata=record_metadata(context, metadata), check_results=[check_result])


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
    files = find_imported_files(context.instance, imported_by, list_partition_keys(context), source)
    with database.get_connection() as con, allow_any_order(con), transaction(con):
        ensure_table(con, table)
        stored = replace_rows(con, table, files)
        metadata = {file.key: describe_rows(file, stored[file.key]) for file in files}
        return dg.MaterializeResult(metadata=record_metadata(context, metadata))


def record_metadata(context: dg.AssetExecutionContext, metadata: Mapping[str, Metadata]) -> Metadata:
    """Return the metadata of the run's one key; or record those of a range in one observation.

    Not by `context.add_asset_metadata`, which looks up the whole set of keys for each key: with a thousand
    keys this takes longer than everything else, and with ten thousand it takes minutes.
    """
    if len(metadata) == 1:
        return next(iter(metadata.values()))
    context.log_event(dg.AssetObservation(context.asset_key, metadata={BY_KEY: dict(metadata)}))
    return {KEYS_OF_RUN: len(metadata)}


def list_partition_keys(context: dg.AssetExecutionContext) -> list[str]:
    """Return the partition keys of the run; raise InvalidKey if it has none, or one breaks the rules."""
    if not context.has_partition_key and not context.has_partition_key_range:
        raise InvalidKey(
            "This run has no partition key. Pass one: dg.materialize(..., partition_key='acme')."
        )
    keys = context.partition_keys
    if not keys:
        raise InvalidKey(
            "The range of this run contains no keys: its end was registered before its start. Swap them."
        )
    is_daily = isinstance(context.assets_def.partitions_def, dg.TimeWindowPartitionsDefinition)
    return [require_usable(key, checked_key if is_daily else check_customer_key) for key in keys]


def find_imported_files(
    instance: dg.DagsterInstance, imported_by: dg.AssetKey, keys: Sequence[str], source: SourceFolder
) -> list[SourceFile]:
    """Return the keys' files as their latest imports recorded them.

    Raises:
        UnreadableFile: a file is missing, was never imported, or held a share_price of zero or less.
    """
    paths = {key: source.find(key) for key in keys}
    events = find_latest_events(instance, imported_by, keys)
    recorded = find_records(instance, imported_by, keys, events)
    asset = imported_by.to_user_string()
    return [_restore_file(key, path, recorded.get(key), asset) for key, path in paths.items()]


def _restore_file(key: str, path: Path, recorded: Recorded | None, asset: str) -> SourceFile:
    match recorded:
        case Recorded(
            {
                "header": str(header),
                "bytes": int(size),
                "bad prices": int(bad_prices),
                "fingerprint": str(fingerprint),
            }
        ) if sorted(columns := tuple(header.split(", "))) == sorted(COLUMNS):
            file = SourceFile(key, path, columns, size, fingerprint, bad_prices)
        case _:  # nothing, or what was reported by hand or by another program
            raise UnreadableFile(
                f"{path.name} was never imported into this instance. Materialize {asset} for {key!r}, too."
            )
    if bad_prices:
        require_unchanged(file)
        raise build_price_error(file)
    return file
