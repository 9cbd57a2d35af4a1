"""The audit: do the keys registered, the materializations recorded and the rows stored agree?

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

import dagster as dg

from lesson_lib.pipeline.assets import duckdb_dynamic_partition_table
from lesson_lib.pipeline.partitions import s3_partitions_def
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, Warehouse, rows_by_key

_SHOWN = 20  # keys


@dg.asset_check(asset=duckdb_dynamic_partition_table)
def three_records_agree(context: dg.AssetCheckExecutionContext, database: Warehouse) -> dg.AssetCheckResult:
    """Each registered, materialized key has rows, and each key with rows is registered and materialized."""
    registered = s3_partitions_def.get_partition_keys(dynamic_partitions_store=context.instance)
    materialized = context.instance.get_materialized_partitions(duckdb_dynamic_partition_table.key)
    with database.get_connection() as con:
        rows = rows_by_key(con, CUSTOMER_TABLE)
    without_rows = [key for key in registered if key in materialized and key not in rows]
    without_run = [key for key in registered if key in rows and key not in materialized]
    without_key = sorted(rows.keys() - set(registered))
    told = []
    if without_rows:
        told.append(f"materialized, but without rows: {_listed(without_rows)}. Materialize them again.")
    if without_run:
        told.append(f"rows, but never materialized here: {_listed(without_run)}. Materialize them.")
    if without_key:
        told.append(f"rows of keys that are not registered: {_listed(without_key)}. Retire these keys.")
    return dg.AssetCheckResult(
        passed=not told,
        # Rows that nobody asked for are untidy; rows that are missing are lost.
        severity=dg.AssetCheckSeverity.ERROR if without_rows else dg.AssetCheckSeverity.WARN,
        description=" ".join(told)
        or f"{len(rows)} of {len(registered)} keys are loaded, and all records agree.",
        metadata={"registered": len(registered), "with rows": len(rows)},
    )


def _listed(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(map(repr, keys[:_SHOWN])) + more
