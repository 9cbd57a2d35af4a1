"""The pipeline: what a learner takes to work. It knows nothing of notebooks."""

from lesson_lib.pipeline.assets import (
    duckdb_dynamic_partition_table,
    duckdb_partition_table,
    import_dynamic_partition_file,
    import_partition_file,
)
from lesson_lib.pipeline.checks import three_records_agree
from lesson_lib.pipeline.definitions import defs
from lesson_lib.pipeline.partitions import (
    InvalidKey,
    daily_partitions_def,
    register_keys,
    retire_key,
    s3_partitions_def,
)
from lesson_lib.pipeline.refusals import Refused
from lesson_lib.pipeline.sensor import arrivals_sensor
from lesson_lib.pipeline.source_files import ChangedFile, SourceFolder, UnreadableFile
from lesson_lib.pipeline.warehouse import Warehouse, WarehouseUnavailable, WrongTable

__all__ = [
    "ChangedFile",
    "InvalidKey",
    "Refused",
    "SourceFolder",
    "UnreadableFile",
    "Warehouse",
    "WarehouseUnavailable",
    "WrongTable",
    "arrivals_sensor",
    "daily_partitions_def",
    "defs",
    "duckdb_dynamic_partition_table",
    "duckdb_partition_table",
    "import_dynamic_partition_file",
    "import_partition_file",
    "register_keys",
    "retire_key",
    "s3_partitions_def",
    "three_records_agree",
]
