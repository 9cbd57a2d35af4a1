@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(
    context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
) -> None:
    key, path = context.partition_key, import_dynamic_partition_file
    with database.get_connection() as con:
        con.execute(
            f"create table if not exists raw_partition_data ({DOUBLE_COLUMNS}, partition_key varchar)"
        )
        ...


check("2.4", my_table)
