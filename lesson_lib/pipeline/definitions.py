"""The whole pipeline, as `dagster dev -m lesson_lib.pipeline.definitions` loads it."""

from pathlib import Path

import dagster as dg

from lesson_lib.course_data import data_folder
from lesson_lib.pipeline.assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from lesson_lib.pipeline.checks import three_records_agree
from lesson_lib.pipeline.jobs import import_dynamic_partition_job, import_partition_job, retire_partition_job
from lesson_lib.pipeline.schedule import import_partition_schedule
from lesson_lib.pipeline.sensor.arrivals_sensor import arrivals_sensor
from lesson_lib.pipeline.source_files import SourceFolder
from lesson_lib.pipeline.warehouse import Warehouse

# In the folder where it is started: an installed course has no checkout to write to.
DATABASE = Path("output", "warehouse.duckdb").resolve()

defs = dg.Definitions(
    assets=[
        import_partition_file,
        duckdb_partition_table,
        import_dynamic_partition_file,
        duckdb_dynamic_partition_table,
    ],
    asset_checks=[three_records_agree],
    jobs=[import_partition_job, import_dynamic_partition_job, retire_partition_job],
    schedules=[import_partition_schedule],
    sensors=[arrivals_sensor],
    # A process for each step would take longer to start than to load a file; and where a run is killed, its
    # step would live on, with the database open.
    executor=dg.in_process_executor,
    resources={
        "source": SourceFolder(path=str(data_folder() / "source")),
        "database": Warehouse(database=str(DATABASE)),
    },
)
