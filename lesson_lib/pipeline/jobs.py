"""The jobs: load a day, load a customer, retire a customer whose file is gone.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from pathlib import Path

import dagster as dg

from lesson_lib.pipeline.arrivals import scan
from lesson_lib.pipeline.assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from lesson_lib.pipeline.partitions import retire_key
from lesson_lib.pipeline.source_files import SourceFolder, UnreadableFile
from lesson_lib.pipeline.warehouse import Warehouse

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
    """Which key to retire."""

    key: str


@dg.op
def retire_partition(
    context: dg.OpExecutionContext, config: KeyToRetire, source: SourceFolder, database: Warehouse
) -> None:
    """Remove a key and its rows, unless its file is there again.

    Raises:
        UnreadableFile: the source folder cannot be read, so nobody knows whether the file is there.
        InvalidKey: there is no such key, and there are no rows of it.
        WarehouseUnavailable: the database cannot be opened; the key stays.
    """
    try:
        is_there = scan(Path(source.path)).has(config.key)
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"The source folder {source.path!r} cannot be read: {error}. The key {config.key!r} and its rows "
            "stay. Mount or create the folder, and run this again."
        ) from error
    if is_there:
        context.log.warning("%r is not retired: its file is there. Nothing was changed.", config.key)
        return
    removed = retire_key(context.instance, config.key, database)
    context.log.info("%r is retired, and %d rows with it.", config.key, removed)


@dg.job
def retire_partition_job() -> None:
    """Retire a customer whose file is gone."""
    retire_partition()
