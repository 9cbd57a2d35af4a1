"""The two assets as the source lesson publishes them."""

from pathlib import Path

import dagster as dg
from dagster_duckdb import DuckDBResource

from lesson_lib.pipeline import s3_partitions_def


def make_source_lesson_assets(source: Path) -> list[dg.AssetsDefinition]:
    """Return both published assets, which read `<source>/<partition_key>.csv`."""

    @dg.asset(partitions_def=s3_partitions_def, group_name="static_etl")
    def import_dynamic_partition_file(context: dg.AssetExecutionContext) -> str:
        return str((source / f"{context.partition_key}.csv").resolve())

    @dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
    def duckdb_dynamic_partition_table(database: DuckDBResource, import_dynamic_partition_file: str) -> None:
        with database.get_connection() as con:
            con.execute(
                "create table if not exists raw_partition_data (date date, share_price float, "
                "amount float, spend float, shift float, spread float)"
            )
            con.execute(f"copy raw_partition_data from '{import_dynamic_partition_file}'")

    return [import_dynamic_partition_file, duckdb_dynamic_partition_table]
