from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> str:
    ...  # change the lines below and delete this one
    key = context.partition_key
    path = f"{source.path}/{key}.csv"
    arrived = "select *, ? as partition_key from read_csv(?)"
    with database.get_connection() as con:
        con.begin()
        con.execute("delete from raw_partition_data where partition_key = ?", [key])
        con.execute(f"insert into raw_partition_data by name {arrived}", [key, path])
        con.commit()
    return path


check("4.3", my_table)
