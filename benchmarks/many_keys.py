"""Many keys: a board of 10,000, and the registration and the search of 100,000."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from sqlalchemy import text

from benchmarks.customer_assets import PAIR, create_instance, make_keys
from benchmarks.table import compare
from lesson_lib.classroom import three_records
from lesson_lib.pipeline import Warehouse, missing_keys, register_keys
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table

HUNDRED_THOUSAND = 100_000
MISSING = 1_000


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    few = ManyKeys(folder / "board.duckdb", 10_000)
    compare(
        "three_records of 10,000 keys and its HTML, against the queries",
        "",
        few.draw_three_records,
        lambda: few.run_queries(PAIR[1:]),
        pairs=15,
    )
    keys = make_keys(HUNDRED_THOUSAND)
    compare(
        "100,000 keys registered, against Dagster's own call without checks",
        "ours 5 s",
        lambda: register_keys(create_instance(), keys),
        lambda: add_keys(create_instance(), keys),
        pairs=5,
    )
    many = ManyKeys(folder / "many.duckdb", HUNDRED_THOUSAND, MISSING)
    compare(
        f"missing_keys of 100,000, {MISSING:,} of them missing, against the queries",
        "ours 2 s",
        many.find_missing_keys,
        many.run_queries,
        pairs=5,
    )


def add_keys(instance: dg.DagsterInstance, keys: list[str]) -> None:
    """Register keys without the library's checks, in batches that SQLite accepts."""
    for start in range(0, len(keys), 10_000):
        instance.add_dynamic_partitions("s3", keys[start : start + 10_000])


class ManyKeys:
    """An instance and a database of many registered keys, most of which are materialized and have rows."""

    def __init__(self, database: Path, number: int, missing: int = 0) -> None:
        """Write all three records without a run; `missing` is the number of keys that have no rows."""
        self.database = database
        self.missing = missing
        keys = make_keys(number)
        self.instance = create_instance(keys)
        for asset in PAIR:
            self._materialize(asset.key, keys[: number - missing])
        with duckdb.connect(str(database)) as con:
            create_table(con, CUSTOMER_TABLE)
            con.execute(
                "insert into raw_partition_data "
                "select date '2018-01-22', 1, 1, 1, 1, 1, format('customer-{:06}', i // 8) "
                f"from range({8 * (number - missing)}) as numbers(i)"
            )

    def _materialize(self, asset: dg.AssetKey, keys: list[str]) -> None:
        # Reporting each key would take minutes, so the row of the first key is copied for the others.
        first, others = keys[0], json.dumps(keys[1:])
        self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=first))
        storage: Any = self.instance.event_log_storage  # only SQL storages have a connection
        with storage.index_connection() as con:
            con.execute(
                text(
                    "insert into event_logs "
                    "(run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition) "
                    "select run_id, replace(event, partition, value), dagster_event_type, timestamp, "
                    "step_key, asset_key, value from event_logs, json_each(:others) "
                    "where partition = :first and asset_key = :asset"
                ),
                {"first": first, "others": others, "asset": asset.to_string()},
            )

    def find_missing_keys(self) -> None:
        """Find the keys that have no rows."""
        found = missing_keys(self.instance, Warehouse(database=str(self.database)))
        assert len(found) == self.missing  # noqa: S101 - otherwise the time has no meaning

    def draw_three_records(self) -> None:
        """Read the table's records, and draw their board."""
        three_records(self.instance, PAIR[1], self.database)._repr_html_()

    def run_queries(self, assets: Sequence[dg.AssetsDefinition] = PAIR) -> None:
        """Read the same records with Dagster's and DuckDB's own calls."""
        self.instance.get_dynamic_partitions("s3")
        for asset in assets:
            self.instance.get_materialized_partitions(asset.key)
        with duckdb.connect(str(self.database)) as con:
            con.execute("select partition_key, count(*) from raw_partition_data group by all").fetchall()
