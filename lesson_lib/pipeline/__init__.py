"""The pipeline: irregular partitions in Dagster and DuckDB. Copied out alone, it runs."""

from .assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from .audit import three_records_agree
from .backfill import Backfill, backfill, missing_keys
from .database_errors import InstanceUnavailable, WarehouseUnavailable
from .definitions import defs
from .errors import PipelineError
from .jobs import import_dynamic_partition_job, import_partition_job, retire_partition_job
from .keys import (
    InvalidKey,
    checked_key,
    daily_partitions_def,
    register_keys,
    s3_partitions_def,
)
from .parquet_lake import ParquetLake
from .retirement import retire_key
from .schedule import import_partition_schedule
from .sensor import InvalidSetting, arrivals_sensor, build_arrivals_sensor
from .source_bucket import SourceBucket
from .source_files import ChangedFile, SourceFolder, UnreadableFile
from .warehouse import Warehouse, WrongTable

__all__ = [
    "Backfill",
    "ChangedFile",
    "InstanceUnavailable",
    "InvalidKey",
    "InvalidSetting",
    "ParquetLake",
    "PipelineError",
    "SourceBucket",
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
