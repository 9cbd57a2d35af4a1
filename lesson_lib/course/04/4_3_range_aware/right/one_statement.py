from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    keys = list(context.partition_keys)
    paths = [f"{source.path}/{key}.csv" for key in keys]
    with database.get_connection() as con:
        con.execute("begin")
        con.execute("delete from raw_partition_data where list_contains(?, partition_key)", [keys])
        name = "parse_filename(filename, true)"
        con.execute(
            f"insert into raw_partition_data select * exclude filename, {name} "
            "from read_csv(?, filename = true)",
            [paths],
        )
        con.execute("commit")


check("4.3", my_table)
