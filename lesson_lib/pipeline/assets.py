"""The four assets: a pair for the exchange's days, a pair for the customers, built from the same functions.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import dagster as dg
import duckdb

from .audit import (
    BY_KEY,
    KEYS_OF_RUN,
    Recorded,
    latest_materializations,
    recorded_by_key,
)
from .csv_faults import first_fault, price_fault, reading_fault
from .csv_rules import COLUMNS
from .keys import (
    Check,
    InvalidKey,
    check_customer_key,
    checked_key,
    daily_partitions_def,
    s3_partitions_def,
)
from .prices import price_check_result, price_check_spec
from .source_files import (
    SourceFile,
    SourceFolder,
    UnreadableFile,
    changed,
    inspect_file,
    is_unchanged,
    unreadable,
)
from .warehouse import (
    CUSTOMER_TABLE,
    DAILY_TABLE,
    DUCKDB_WRITER,
    Stored,
    Warehouse,
    ensure_table,
    replace_partitions,
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
    check_specs=[price_check_spec("import_partition_file")],
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
        UnreadableFile: a file is not there, or breaks the rules for its form.
    """
    files = [inspect_file(key, source.find(key)) for key in partition_keys(context)]
    check_result = price_check_result(files)
    if not check_result.passed:  # Dagster's own exception names only the check
        context.log.error(check_result.description)
    metadata = {file.key: file_metadata(file) for file in files}
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
    files = imported_files(context.instance, imported_by, partition_keys(context), source)
    with database.get_connection() as con, unordered(con), transaction(con):
        ensure_table(con, table)
        counts = replace_rows(con, table, files)
        metadata = {file.key: rows_metadata(file, counts[file.key]) for file in files}
        return dg.MaterializeResult(metadata=record_metadata(context, metadata))


SOURCE_FOLDER, ROWS_CHECKSUM = "source folder", "rows checksum"


def file_metadata(file: SourceFile) -> Metadata:
    """Return what the materialization of an import records of a file, and of the folder that it came from."""
    return {
        "file": file.path.name,
        "bytes": file.size,
        "header": ", ".join(file.header),
        "bad prices": file.bad_prices,
        "fingerprint": file.fingerprint,
        SOURCE_FOLDER: str(file.path.parent),
    }


def rows_metadata(file: SourceFile, stored: Stored) -> Metadata:
    """Return what the materialization of a load records of a key's rows, and of the file they are from."""
    return {
        "dagster/partition_row_count": stored.rows.count,
        ROWS_CHECKSUM: stored.rows.checksum,
        "rows replaced": stored.replaced,
        "fingerprint": file.fingerprint,
    }


def record_metadata(context: dg.AssetExecutionContext, metadata: Mapping[str, Metadata]) -> Metadata:
    """Return the metadata of the run's one key; or record those of a range in one observation.

    Not by `context.add_asset_metadata`, which looks up the whole set of keys for each key: it takes a
    thousand keys longer than all else, and ten thousand some minutes.
    """
    if len(metadata) == 1:
        return next(iter(metadata.values()))
    context.log_event(dg.AssetObservation(context.asset_key, metadata={BY_KEY: dict(metadata)}))
    return {KEYS_OF_RUN: len(metadata)}


def partition_keys(context: dg.AssetExecutionContext) -> list[str]:
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
    is_daily = isinstance(context.assets_def.partitions_def, dg.TimeWindowPartitionsDefinition)
    return [require_usable(key, checked_key if is_daily else check_customer_key) for key in keys]


def require_usable(key: str, check: Check = check_customer_key) -> str:
    """Return a registered key as it is, if it follows the rules: Dagster itself registers any.

    Args:
        key: the key.
        check: returns the key normalized, or raises InvalidKey.

    Raises:
        InvalidKey: the key breaks a rule, or is not normalized.
    """
    if check(key) != key:
        raise InvalidKey(f"{key!r} is not normalized. Delete it, and add it again through register_keys.")
    return key


def imported_files(
    instance: dg.DagsterInstance, imported_by: dg.AssetKey, keys: Sequence[str], source: SourceFolder
) -> list[SourceFile]:
    """Return the keys' files as their latest imports recorded them.

    Raises:
        UnreadableFile: a file is missing, was never imported, or holds a share_price of zero or less.
        ChangedFile: a file held such a price, and is another one now.
    """
    paths = {key: source.find(key) for key in keys}
    ids = latest_materializations(instance, imported_by, keys)
    recorded = recorded_by_key(instance, imported_by, keys, ids)
    asset = imported_by.to_user_string()
    return [_imported_file(key, path, recorded.get(key), asset) for key, path in paths.items()]


def _imported_file(key: str, path: Path, recorded: Recorded | None, asset: str) -> SourceFile:
    match recorded:
        case Recorded(
            metadata={
                "header": str(header),
                "bytes": int(size),
                "bad prices": int(bad_prices),
                "fingerprint": str(fingerprint),
            }
        ) if sorted(columns := tuple(header.split(", "))) == sorted(COLUMNS):
            file = SourceFile(key, path, columns, size, fingerprint, bad_prices)
        case _:  # nothing, or what was reported by hand, or by another program
            raise UnreadableFile(
                f"{path.name} was never imported into this instance. Materialize {asset} for {key!r}, too."
            )
    if bad_prices and not is_unchanged(file):
        raise changed(file)
    if bad_prices:
        raise refused_for_prices(file)
    return file


def refused_for_prices(file: SourceFile) -> UnreadableFile:
    """Return the refusal of a file with a share_price of zero or less."""
    return unreadable(file.key, file.path, str(first_fault(file.path, price_fault)))


def replace_rows(
    con: duckdb.DuckDBPyConnection, table: str, files: Sequence[SourceFile]
) -> dict[str, Stored]:
    """Replace the rows of the files' keys; call it inside a `transaction`.

    Returns:
        For each key its new rows, and the number of rows that they replaced.

    Raises:
        UnreadableFile: a file is not the one that was imported, or a value in it breaks the rules.
    """
    try:
        counts = replace_partitions(con, table, files)
    except duckdb.Error as error:
        require_unchanged(files, error)
        if isinstance(error, _READING_ERRORS):
            for file in files:
                if fault := reading_fault(file.path):
                    raise unreadable(file.key, file.path, fault) from error
        raise  # about storing, not about these files
    # Only now: whatever DuckDB has read, it has read before this.
    require_unchanged(files)
    return counts


def require_unchanged(files: Iterable[SourceFile], cause: Exception | None = None) -> None:
    """Raise ChangedFile if a file no longer holds the bytes that were imported."""
    for file in files:
        if not is_unchanged(file):
            raise changed(file) from cause
