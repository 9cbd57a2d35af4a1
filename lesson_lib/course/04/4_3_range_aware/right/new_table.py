from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    keys = context.partition_keys
    if not keys:
        raise ValueError("The range contains no keys. Are its ends swapped?")
    arrived = "select *, ? as partition_key from read_csv(?)"
    with database.get_connection() as con:
        paths = [f"{source.path}/{key}.csv" for key in keys]
        con.begin()
        con.execute(
            "create or replace table raw_partition_data as "
            "select * from raw_partition_data where partition_key not in (select unnest($keys)) "
            "union all by name "
            "select * exclude filename, parse_filename(filename, true) as partition_key "
            "from read_csv($paths, filename = true)",
            {"keys": keys, "paths": paths},
        )
        con.commit()


check("4.3", my_table)
