"""The pipeline: what a learner takes to work. It knows nothing of notebooks."""

from lesson_lib.pipeline.assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from lesson_lib.pipeline.backfill import Backfill, backfill, missing_keys
from lesson_lib.pipeline.checks import three_records_agree
from lesson_lib.pipeline.database_errors import InstanceUnavailable, WarehouseUnavailable
from lesson_lib.pipeline.definitions import defs
from lesson_lib.pipeline.errors import Refused
from lesson_lib.pipeline.jobs import import_dynamic_partition_job, import_partition_job, retire_partition_job
from lesson_lib.pipeline.keys import (
    InvalidKey,
    checked_key,
    daily_partitions_def,
    register_keys,
    retire_key,
    s3_partitions_def,
)
from lesson_lib.pipeline.schedule import import_partition_schedule
from lesson_lib.pipeline.sensor.arrivals_sensor import arrivals_sensor, build_arrivals_sensor
from lesson_lib.pipeline.sensor.settings import InvalidSetting
from lesson_lib.pipeline.source_files import ChangedFile, SourceFolder, UnreadableFile
from lesson_lib.pipeline.warehouse import Warehouse, WrongTable

__all__ = [
    "Backfill",
    "ChangedFile",
    "InstanceUnavailable",
    "InvalidKey",
    "InvalidSetting",
    "Refused",
    "SourceFolder",
    "UnreadableFile",
    "Warehouse",
    "WarehouseUnavailable",
    "WrongTable",
    "arrivals_sensor",
    "backfill",
    "build_arrivals_sensor",
    "checked_key",
    "daily_partitions_def",
    "defs",
    "duckdb_dynamic_partition_table",
    "duckdb_partition_table",
    "import_dynamic_partition_file",
    "import_dynamic_partition_job",
    "import_partition_file",
    "import_partition_job",
    "import_partition_schedule",
    "missing_keys",
    "register_keys",
    "retire_key",
    "retire_partition_job",
    "s3_partitions_def",
    "three_records_agree",
]
