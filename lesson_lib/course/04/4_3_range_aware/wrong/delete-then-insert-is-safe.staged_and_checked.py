from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    keys = context.partition_keys
    if not keys:
        raise ValueError("The range contains no keys. Are its ends swapped?")
    arrived = "select *, ? as partition_key from read_csv(?)"
    with database.get_connection() as con:
        types = con.execute("select * from raw_partition_data limit 0").description
        con.execute("create temp table arrived as from raw_partition_data limit 0")
        for key in keys:
            path = f"{source.path}/{key}.csv"
            con.execute(f"insert into arrived by name {arrived}", [key, path])
        for name, *_ in types:
            [(empty,)] = con.execute(f"select count(*) from arrived where {name} is null").fetchall()
            if empty:
                raise ValueError(f"{name} is empty in a row.")
        con.execute("delete from raw_partition_data where list_contains(?, partition_key)", [keys])
        con.execute("insert into raw_partition_data from arrived")


check("4.3", my_table)
