from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(
    context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
) -> dg.MaterializeResult:
    from lesson_lib.pipeline.warehouse import transaction

    rows = {}
    arrived = "select *, ? as partition_key from read_csv(?)"
    with database.get_connection() as con, transaction(con):
        for key in context.partition_keys:
            path = f"{source.path}/{key}.csv"
            con.execute("delete from raw_partition_data where partition_key = ?", [key])
            [(rows[key],)] = con.execute(
                f"insert into raw_partition_data by name {arrived}", [key, path]
            ).fetchall()
    assert rows, "no key"
    for key, count in rows.items():
        context.add_asset_metadata({"rows": count}, partition_key=key)
    return dg.MaterializeResult(metadata={"keys": len(rows)})


check("4.3", my_table)
