"""The whole pipeline, as `dagster dev -m lesson_lib.pipeline.definitions` loads it."""

from pathlib import Path

import dagster as dg

from .assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from .audit import three_records_agree
from .jobs import import_dynamic_partition_job, import_partition_job, retire_partition_job
from .schedule import import_partition_schedule
from .sensor import arrivals_sensor
from .source_files import SourceFolder
from .warehouse import Warehouse


def find_source_folder() -> Path:
    """Return `data/source` of the current folder, or else the one that lies beside or above this package.

    If there is none, it is that of the current folder: runs and ticks then report that it is missing.
    """
    _, *above = Path(__file__).resolve().parents
    folders = [(start / "data" / "source").resolve() for start in (Path.cwd(), *above[:2])]
    return next((folder for folder in folders if folder.is_dir()), folders[0])


# In the folder where it is started: an installed package has no checkout to write to.
DATABASE = Path("output", "warehouse.duckdb").resolve()

# For a backfill from Dagster's UI: the process of a run takes seconds to start, and loads many keys in one.
FEWER_RUNS = dg.BackfillPolicy.multi_run(max_partitions_per_run=50)

defs = dg.Definitions(
    assets=[
        asset.with_attributes(backfill_policy=FEWER_RUNS)
        for asset in (
            import_partition_file,
            duckdb_partition_table,
            import_dynamic_partition_file,
            duckdb_dynamic_partition_table,
        )
    ],
    asset_checks=[three_records_agree],
    jobs=[import_partition_job, import_dynamic_partition_job, retire_partition_job],
    schedules=[import_partition_schedule],
    sensors=[arrivals_sensor],
    # A process for each step would take longer to start than to load a file; and where a run is killed, its
    # step would live on, with the database open.
    executor=dg.in_process_executor,
    resources={
        "source": SourceFolder(path=str(find_source_folder())),
        "database": Warehouse(database=str(DATABASE)),
    },
)
