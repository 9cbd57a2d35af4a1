"""What most rows begin with: the pair of assets for customers, and an instance in memory."""

from collections.abc import Iterable

import dagster as dg

from lesson_lib.pipeline import duckdb_dynamic_partition_table, import_dynamic_partition_file, register_keys

PAIR = (import_dynamic_partition_file, duckdb_dynamic_partition_table)


def new_instance(keys: Iterable[str] = ()) -> dg.DagsterInstance:
    """Return an instance that knows these keys, and is silent."""
    instance = dg.DagsterInstance.ephemeral(settings={"python_logs": {"python_log_level": "CRITICAL"}})
    register_keys(instance, keys)
    return instance
