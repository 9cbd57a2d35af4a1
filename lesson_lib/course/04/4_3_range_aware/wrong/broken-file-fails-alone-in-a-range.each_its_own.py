from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    keys = context.partition_keys
    if not keys:
        raise ValueError("The range contains no keys. Are its ends swapped?")
    arrived = "select *, ? as partition_key from read_csv(?)"
    with database.get_connection() as con:
        for key in keys:
            path = f"{source.path}/{key}.csv"
            con.begin()
            con.execute("delete from raw_partition_data where partition_key = ?", [key])
            con.execute(f"insert into raw_partition_data by name {arrived}", [key, path])
            con.commit()


check("4.3", my_table)
