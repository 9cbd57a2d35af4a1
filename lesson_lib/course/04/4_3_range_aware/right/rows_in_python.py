from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def
import pandas as pd


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    keys = context.partition_keys
    if not keys:
        raise ValueError("The range contains no keys. Are its ends swapped?")
    with database.get_connection() as con:
        con.begin()
        for key in keys:
            rows = con.execute("select *, ? from read_csv(?)", [key, f"{source.path}/{key}.csv"]).fetchall()
            con.execute("delete from raw_partition_data where partition_key = ?", [key])
            arrived = pd.DataFrame(
                rows, columns=["date", "share_price", "amount", "spend", "shift", "spread", "partition_key"]
            )
            con.execute("insert into raw_partition_data by name from arrived")
        con.commit()


check("4.3", my_table)
