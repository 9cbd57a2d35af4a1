my_folder = str(lab.source)


@dg.asset(partitions_def=s3_partitions_def)
def my_table(
    context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
) -> None:
    key, path = context.partition_key, import_dynamic_partition_file
    with database.get_connection() as con:
        con.execute(
            "create table if not exists raw_partition_data as "
            "select *, '' as partition_key from read_csv(?) limit 0",
            [path],
        )
        con.begin()
        con.execute("delete from raw_partition_data where partition_key = ?", [key])
        con.execute(
            "insert into raw_partition_data by name select *, ? as partition_key from read_csv(?)",
            [key, path],
        )
        con.commit()


check("2.7", my_folder, my_table)
