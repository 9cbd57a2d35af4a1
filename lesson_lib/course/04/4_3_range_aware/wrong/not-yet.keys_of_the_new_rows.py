from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    keys = context.partition_keys
    if not keys:
        raise ValueError("The range contains no keys. Are its ends swapped?")
    arrived = "select *, ? as partition_key from read_csv(?)"
    with database.get_connection() as con:
        con.begin()
        con.execute("create temp table arrived as from raw_partition_data limit 0")
        for key in keys:
            path = f"{source.path}/{key}.csv"
            con.execute(f"insert into arrived by name {arrived}", [key, path])
        keys_of_rows = "partition_key in (select partition_key from arrived)"
        con.execute(f"delete from raw_partition_data where {keys_of_rows}")
        con.execute("insert into raw_partition_data from arrived")
        con.commit()


check("4.3", my_table)
