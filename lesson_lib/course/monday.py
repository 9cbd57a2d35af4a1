"""The three records of four customers on a Monday, as exercise 2.6 shows them.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from contextlib import suppress

import dagster as dg
import duckdb

from lesson_lib.classroom.exercises.sandbox import open_sandbox
from lesson_lib.classroom.lab.three_records import ThreeRecords, three_records
from lesson_lib.pipeline import Warehouse, s3_partitions_def


def records_of_monday() -> ThreeRecords:
    """Load four customers, let three things happen to three of them, and return the three records."""
    with open_sandbox() as sandbox:

        @dg.asset(partitions_def=s3_partitions_def)
        def duckdb_dynamic_partition_table(
            context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
        ) -> None:
            key, path = context.partition_key, import_dynamic_partition_file
            # Without a transaction, as in the notebook before the broken file arrives.
            with database.get_connection() as con:
                con.execute(
                    "create table if not exists raw_partition_data as "
                    "select *, '' as partition_key from read_csv(?) limit 0",
                    [path],
                )
                con.execute("delete from raw_partition_data where partition_key = ?", [key])
                con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])

        for key in ("acme", "bluebird", "o'hare", "zenith"):
            sandbox.load(duckdb_dynamic_partition_table, key)

        sandbox.instance.delete_dynamic_partition("s3", "bluebird")
        sandbox.query("delete from raw_partition_data where partition_key = 'bluebird'")
        sandbox.instance.add_dynamic_partitions("s3", ["bluebird"])
        sandbox.instance.delete_dynamic_partition("s3", "o'hare")
        broken = (sandbox.lab.source / "zenith.csv").read_text(encoding="utf-8").replace(",96673,", ",n/a,")
        sandbox.write("zenith", broken)
        with suppress(duckdb.Error):
            sandbox.load(duckdb_dynamic_partition_table, "zenith")

        return three_records(sandbox.instance, duckdb_dynamic_partition_table, sandbox.lab.database)
