"""The customers' assets and keys, and instances that know such keys."""

from collections.abc import Iterable

import dagster as dg

from lesson_lib.pipeline import duckdb_dynamic_partition_table, import_dynamic_partition_file, register_keys

PAIR = (import_dynamic_partition_file, duckdb_dynamic_partition_table)


def make_keys(number: int) -> list[str]:
    """Return this number of keys."""
    return [f"customer-{customer:06}" for customer in range(number)]


def create_instance(keys: Iterable[str] = ()) -> dg.DagsterInstance:
    """Create an ephemeral instance that logs nothing, and register these keys."""
    instance = dg.DagsterInstance.ephemeral(settings={"python_logs": {"python_log_level": "CRITICAL"}})
    register_keys(instance, keys)
    return instance
