"""The jobs that load a day, load a customer, and retire a customer whose file is gone.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

import dagster as dg

from .assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from .event_log import build_retirement_event, find_current_imports, find_keys_imported_from
from .keys import InvalidKey
from .retirement import retire_key
from .source_files import Source, UnreadableFile
from .warehouse import DUCKDB_WRITER, RowStore

import_partition_job = dg.define_asset_job(
    "import_partition_job",
    selection=[import_partition_file, duckdb_partition_table],
    description="Load the exchange's file of a day.",
)

import_dynamic_partition_job = dg.define_asset_job(
    "import_dynamic_partition_job",
    selection=[import_dynamic_partition_file, duckdb_dynamic_partition_table],
    description="Load the file of a customer.",
)


class KeyToRetire(dg.Config):
    """The key to retire."""

    key: str


@dg.op(pool=DUCKDB_WRITER)
def retire_partition(
    context: dg.OpExecutionContext,
    config: KeyToRetire,
    source: Source,
    database: dg.ResourceParam[RowStore],
) -> None:
    """Remove a key and its rows, if its file was imported from this source and is no longer there.

    Raises:
        UnreadableFile: the source cannot be read, or has no customers' files: a folder may not be mounted.
        WarehouseUnavailable: the database cannot be opened; the key stays.
    """
    key = config.key
    try:
        there = source.scan_nonempty()
    except UnreadableFile as error:
        raise UnreadableFile(
            f"{error} The key {key!r} and its rows stay. Run this again then; "
            "or, if the file is gone for good, call retire_key."
        ) from error
    if there.has_file(key):
        context.log.warning("%r is not retired: its file is there. Nothing was changed.", key)
        return
    imports = find_current_imports(context.instance, [key])
    if key not in find_keys_imported_from(context.instance, [key], imports, there.place):
        context.log.warning(
            "%r is not retired: its latest import did not come from %s, or has been retired already. "
            "Nothing was changed. To retire it all the same, call retire_key.",
            key,
            there.place,
        )
        return
    try:
        removed = retire_key(context.instance, key, database)
    except InvalidKey as error:
        context.log.warning("%s Nothing was changed.", error)
    else:
        context.log_event(build_retirement_event(key, there.place))
        context.log.info("%r is retired, and %d rows with it.", key, removed)


@dg.job
def retire_partition_job() -> None:
    """Retire a customer whose file is gone."""
    retire_partition()
