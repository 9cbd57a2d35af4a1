"""The four assets: a pair for the exchange's days, a pair for the customers, built from the same functions.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import dagster as dg

from .csv_rules import COLUMNS
from .errors import PipelineError
from .event_log import (
    BY_KEY,
    KEYS_OF_RUN,
    TABLE,
    Metadata,
    Recorded,
    describe_file,
    describe_refusal,
    describe_rows,
    find_etag,
    find_latest_events,
    find_records,
    is_refused,
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
from .source_files import Source, SourceFile, UnreadableFile, require_unchanged
from .warehouse import (
    CUSTOMER_TABLE,
    DAILY_TABLE,
    DUCKDB_WRITER,
    RowStore,
)

GROUP = "static_etl"
_MAX_SHOWN = 5  # refused keys, in the error of a run


@dg.asset(
    partitions_def=s3_partitions_def,
    group_name=GROUP,
    check_specs=[build_price_check_spec("import_dynamic_partition_file")],
)
def import_dynamic_partition_file(context: dg.AssetExecutionContext, source: Source) -> dg.MaterializeResult:
    """A customer's file: found, checked and fingerprinted."""
    return import_files(context, source, loaded_by=TABLE)


@dg.asset(
    partitions_def=s3_partitions_def,
    group_name=GROUP,
    kinds={"duckdb"},
    pool=DUCKDB_WRITER,
    deps=[import_dynamic_partition_file],
)
def duckdb_dynamic_partition_table(
    context: dg.AssetExecutionContext, source: Source, database: dg.ResourceParam[RowStore]
) -> dg.MaterializeResult:
    """The rows of every customer, in the table raw_partition_data."""
    return load_files(context, source, database, import_dynamic_partition_file.key, CUSTOMER_TABLE)


@dg.asset(
    partitions_def=daily_partitions_def,
    group_name=GROUP,
    check_specs=[build_price_check_spec("import_partition_file")],
)
def import_partition_file(context: dg.AssetExecutionContext, source: Source) -> dg.MaterializeResult:
    """The exchange's file of a day: found, checked and fingerprinted."""
    return import_files(context, source, loaded_by=dg.AssetKey("duckdb_partition_table"))


@dg.asset(
    partitions_def=daily_partitions_def,
    group_name=GROUP,
    kinds={"duckdb"},
    pool=DUCKDB_WRITER,
    deps=[import_partition_file],
)
def duckdb_partition_table(
    context: dg.AssetExecutionContext, source: Source, database: dg.ResourceParam[RowStore]
) -> dg.MaterializeResult:
    """The rows of every day, in the table raw_daily_data."""
    return load_files(context, source, database, import_partition_file.key, DAILY_TABLE)


def import_files(
    context: dg.AssetExecutionContext, source: Source, loaded_by: dg.AssetKey
) -> dg.MaterializeResult:
    """Check the file of every key of the run, and record what it is.

    In a run of several keys, a refused file is recorded as such, and the load, a later step of the same run,
    fails for its key alone. In a run without the load, or without a good file, this records the other keys,
    and then fails.

    Raises:
        InvalidKey: a key breaks the rules, or the run has none.
        UnreadableFile: a file is missing, or breaks the rules for its form.
    """
    keys = list_partition_keys(context)
    usable = build_key_check(context)
    files, refused = _sort(keys, lambda key: source.inspect(usable(key)))
    is_sound = not refused and not any(file.bad_prices for file in files)
    # If every file is refused, the folder may be the cause, and no import may look as if it had worked.
    goes_on = not is_sound and len(keys) > 1 and bool(files) and _plans(context, loaded_by)
    if refused and not goes_on:
        raise _record_others(context, {file.key: describe_file(file) for file in files}, refused)
    check_result = check_prices(files, is_blocking=not goes_on)
    if not check_result.passed:  # Dagster's own exception names only the check
        context.log.error(check_result.description)
    if goes_on:
        refused |= {file.key: build_price_error(file) for file in files if file.bad_prices}
    metadata = {file.key: describe_file(file) for file in files}
    metadata |= {key: describe_refusal(str(error), source.place()) for key, error in refused.items()}
    return dg.MaterializeResult(metadata=record_metadata(context, metadata), check_results=[check_result])


def load_files(
    context: dg.AssetExecutionContext,
    source: Source,
    database: RowStore,
    imported_by: dg.AssetKey,
    table: str,
) -> dg.MaterializeResult:
    """Replace the rows of every key of the run.

    A `Warehouse` does so in one transaction unless a file is refused, a `ParquetLake` key after key.
    In a run of several keys, a refused file fails alone: the rows of the others are stored and recorded
    before this raises.

    Raises:
        InvalidKey: a key breaks the rules, or the run has none.
        UnreadableFile: a file is not the one that was imported, or a value in it breaks the rules.
        WarehouseUnavailable: the database cannot be opened or written to.
        WrongTable: a view has the table's name, or a table with other columns.
    """
    files, refused = find_imported_files(context, imported_by, source)
    stored, broken = database.replace(table, files)
    if len(files) == len(broken) == 1 and not refused:
        raise broken[files[0].key]
    refused |= broken
    metadata = {file.key: describe_rows(file, stored[file.key]) for file in files if file.key in stored}
    if refused:
        raise _record_others(context, metadata, refused)
    return dg.MaterializeResult(metadata=record_metadata(context, metadata))


def _plans(context: dg.AssetExecutionContext, asset: dg.AssetKey) -> bool:
    """Return whether the run is to materialize this asset as well."""
    planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    events = context.instance.all_logs(context.run.run_id, of_type=planned)
    return any(event.dagster_event and event.dagster_event.asset_key == asset for event in events)


Outcome = TypeVar("Outcome")


def _sort(
    keys: Sequence[str], attempt: Callable[[str], Outcome]
) -> tuple[list[Outcome], dict[str, PipelineError]]:
    """Return what an attempt returns for each key, and the errors of those that it refuses.

    The error of a run's only key is raised.
    """
    if len(keys) == 1:
        return [attempt(keys[0])], {}
    outcomes: list[Outcome] = []
    refused: dict[str, PipelineError] = {}
    for key in keys:
        try:
            outcomes.append(attempt(key))
        except (InvalidKey, UnreadableFile) as error:
            refused[key] = error
    return outcomes, refused


def _record_others(
    context: dg.AssetExecutionContext, metadata: Mapping[str, Metadata], refused: Mapping[str, PipelineError]
) -> PipelineError:
    """Record the materializations of all keys but the refused ones, and return the error that fails those."""
    for key, values in metadata.items():
        context.log_event(dg.AssetMaterialization(context.asset_key, partition=key, metadata=values))
    for error in refused.values():
        context.log.error(str(error))
    shown = " ".join(map(str, list(refused.values())[:_MAX_SHOWN]))
    more = "" if len(refused) <= _MAX_SHOWN else f" The run's log has the other {len(refused) - _MAX_SHOWN}."
    count = len(metadata) + len(refused)
    others = (
        f"{len(refused)} of its {count} keys, and materialized the others"
        if metadata
        else f"all {count} keys"
    )
    return UnreadableFile(f"The run refused {others}. {shown}{more}")


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
    """Return the partition keys of the run; raise InvalidKey if it has none."""
    if not context.has_partition_key and not context.has_partition_key_range:
        raise InvalidKey(
            "This run has no partition key. Pass one: dg.materialize(..., partition_key='acme')."
        )
    keys = context.partition_keys
    if not keys:
        raise InvalidKey(
            "The range of this run contains no keys: its end was registered before its start. Swap them."
        )
    return list(keys)


def build_key_check(context: dg.AssetExecutionContext) -> Callable[[str], str]:
    """Return the function that returns a key of the run, or raises InvalidKey if it breaks the rules."""
    is_daily = isinstance(context.assets_def.partitions_def, dg.TimeWindowPartitionsDefinition)
    check = checked_key if is_daily else check_customer_key
    return lambda key: require_usable(key, check)


def find_imported_files(
    context: dg.AssetExecutionContext, imported_by: dg.AssetKey, source: Source
) -> tuple[list[SourceFile], dict[str, PipelineError]]:
    """Return the files of the run's keys as their latest imports recorded them, and the refused keys.

    A file that its import refused is imported again, since it may have been corrected: a backfill that is
    retried from failure runs the load only.
    """
    keys = list_partition_keys(context)
    usable = build_key_check(context)
    events = find_latest_events(context.instance, imported_by, keys)
    recorded = find_records(context.instance, imported_by, keys, events)

    def find(key: str) -> SourceFile:
        record = recorded.get(usable(key))
        if not is_refused(record):
            path = source.find_imported(key, find_etag(record, source))
            return _restore_file(key, path, record, imported_by.to_user_string())
        file = source.inspect(key)
        if file.bad_prices:
            raise build_price_error(file)
        context.log_event(dg.AssetMaterialization(imported_by, partition=key, metadata=describe_file(file)))
        return file

    return _sort(keys, find)


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
