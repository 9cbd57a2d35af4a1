from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def
import pandas as pd


@dg.asset(partitions_def=s3_partitions_def, group_name="static_etl", kinds={"duckdb"})
def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
    ends = context.partition_key_range
    registered = context.instance.get_dynamic_partitions("s3")
    keys = registered[registered.index(ends.start) : registered.index(ends.end) + 1]
    if keys == []:
        raise dg.Failure("no key in this range")
    frames = []
    for key in keys:
        frame = pd.read_csv(f"{source.path}/{key}.csv", parse_dates=["date"])
        frames.append(frame.assign(partition_key=key).astype({"amount": float}))
    arrived = pd.concat(frames)
    con = duckdb.connect(database.database)
    con.begin()
    con.execute("delete from raw_partition_data where list_contains(?, partition_key)", [keys])
    con.execute("insert into raw_partition_data by name from arrived")
    con.commit()
    con.close()


check("4.3", my_table)
