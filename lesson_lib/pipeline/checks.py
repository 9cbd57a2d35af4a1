"""The audit: do the keys registered, the materializations recorded and the rows stored agree?

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

import dagster as dg

from .assets import duckdb_dynamic_partition_table
from .audit import (
    KeyRecords,
    State,
    keys_by_state,
    latest_materializations,
    records_by_key,
)
from .keys import s3_partitions_def
from .warehouse import CUSTOMER_TABLE, DUCKDB_WRITER, Warehouse, rows_by_key

_SHOWN = 20  # keys

_SENTENCES = {
    State.ROWS_MISSING: "materialized, but without rows: {}. Materialize them again.",
    State.NOT_RECORDED: "rows, but never materialized here: {}. Materialize them.",
    State.LEFT_BEHIND: "rows of keys that are not registered: {}. Retire these keys.",
    State.NO_KEY: "rows whose partition_key is NULL. Delete them, or store their key.",
}


@dg.asset_check(asset=duckdb_dynamic_partition_table, pool=DUCKDB_WRITER)
def three_records_agree(context: dg.AssetCheckExecutionContext, database: Warehouse) -> dg.AssetCheckResult:
    """Each registered, materialized key has rows, and each key with rows is registered and materialized."""
    try:
        return _compare(context.instance, database)
    except Exception as error:  # noqa: BLE001 - the rows are stored and recorded: nothing may fail the run now
        return dg.AssetCheckResult(
            passed=False,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"The records were not compared. {error}",
        )


def _compare(instance: dg.DagsterInstance, database: Warehouse) -> dg.AssetCheckResult:
    registered = s3_partitions_def.get_partition_keys(dynamic_partitions_store=instance)
    materialized = latest_materializations(instance, duckdb_dynamic_partition_table.key)
    with database.get_connection() as con:
        rows = rows_by_key(con, CUSTOMER_TABLE)
    found = keys_by_state(records_by_key(registered, [materialized], [()], rows))
    disagreements = [
        sentence.format(_listed(found[state])) for state, sentence in _SENTENCES.items() if found[state]
    ]
    return dg.AssetCheckResult(
        passed=not disagreements,
        # Rows that nobody asked for are untidy; rows that are missing are lost.
        severity=dg.AssetCheckSeverity.ERROR if found[State.ROWS_MISSING] else dg.AssetCheckSeverity.WARN,
        description=" ".join(disagreements)
        or f"{len(rows)} of {len(registered)} keys are loaded, and all records agree.",
        metadata={"registered": len(registered), "with rows": len(rows)},
    )


def _listed(records: list[KeyRecords]) -> str:
    more = f" and {len(records) - _SHOWN} more" if len(records) > _SHOWN else ""
    return ", ".join(repr(record.key) for record in records[:_SHOWN]) + more
