"""Many keys: ten thousand shown as a board; a hundred thousand registered, and looked through."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from sqlalchemy import text

from benchmarks.ours import PAIR, new_instance
from benchmarks.table import compare
from lesson_lib.classroom import three_records
from lesson_lib.pipeline import Warehouse, missing_keys, register_keys
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table

HUNDRED_THOUSAND = 100_000
MISSING = 1_000


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    boards = ManyKeys(folder / "board.duckdb", 10_000)
    compare(
        "three_records of 10,000 keys and its HTML, against the queries",
        "",
        boards.three_records,
        lambda: boards.bare_queries(PAIR[1:]),
        pairs=15,
    )
    keys = names(HUNDRED_THOUSAND)
    compare(
        "100,000 keys registered, against Dagster's own call, unchecked",
        "ours 5 s",
        lambda: register_keys(new_instance(), keys),
        lambda: add_keys(new_instance(), keys),
        pairs=5,
    )
    many = ManyKeys(folder / "many.duckdb", HUNDRED_THOUSAND, MISSING)
    compare(
        f"missing_keys of 100,000, {MISSING:,} of them missing, against the queries",
        "ours 2 s",
        many.missing_keys,
        many.bare_queries,
        pairs=5,
    )


def names(number: int) -> list[str]:
    """Return so many keys."""
    return [f"customer-{number:06}" for number in range(number)]


def add_keys(instance: dg.DagsterInstance, keys: list[str]) -> None:
    """Register keys without any of our checks; in SQLite, not more than this at a time."""
    for start in range(0, len(keys), 10_000):
        instance.add_dynamic_partitions("s3", keys[start : start + 10_000])


class ManyKeys:
    """Many keys: all registered, and all but some of them materialized, and with rows."""

    def __init__(self, database: Path, number: int, missing: int = 0) -> None:
        """Write all three records, without running anything."""
        self.database = database
        self.missing = missing
        keys = names(number)
        self.instance = new_instance(keys)
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
        # To report each would take minutes: the others are copies of the first one's row in the event log.
        first, others = keys[0], json.dumps(keys[1:])
        self.instance.report_runless_asset_event(dg.AssetMaterialization(asset, partition=first))
        storage: Any = self.instance.event_log_storage  # only the SQL ones have a connection
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

    def missing_keys(self) -> None:
        """Ask for the keys that are not loaded."""
        assert len(missing_keys(self.instance, Warehouse(database=str(self.database)))) == self.missing  # noqa: S101 - or it measures nothing

    def three_records(self) -> None:
        """Ask for the table's records, and draw them."""
        three_records(self.instance, PAIR[1], self.database)._repr_html_()

    def bare_queries(self, assets: Sequence[dg.AssetsDefinition] = PAIR) -> None:
        """Ask Dagster and DuckDB for the same, by their own calls."""
        self.instance.get_dynamic_partitions("s3")
        for asset in assets:
            self.instance.get_materialized_partitions(asset.key)
        with duckdb.connect(str(self.database)) as con:
            con.execute("select partition_key, count(*) from raw_partition_data group by all").fetchall()
