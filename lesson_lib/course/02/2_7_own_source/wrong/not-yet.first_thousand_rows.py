my_folder = lab.folder / "stations"
my_folder.mkdir(exist_ok=True)
header = "day,weather,degrees\n"
(my_folder / "harbour.csv").write_text(header + "2024-01-01,rain,4\n2024-01-02,,5\n2024-01-03,fog,7\n")
(my_folder / "summit.csv").write_text(header + "2024-01-01,snow,-7.5\n2024-01-02,fog,-9\n")


@dg.asset(partitions_def=s3_partitions_def)
def my_table(
    context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
) -> None:
    key, path = context.partition_key, import_dynamic_partition_file
    import pandas as pd

    rows = pd.read_csv(path, dtype=str, nrows=1000).assign(partition_key=key)
    with database.get_connection() as con:
        con.execute(
            "create table if not exists raw_partition_data as "
            "select *, '' as partition_key from read_csv(?, all_varchar = true) limit 0",
            [path],
        )
        con.begin()
        try:
            con.execute("delete from raw_partition_data where partition_key = ?", [key])
            con.execute("insert into raw_partition_data by name from rows")
            con.commit()
        except BaseException:
            con.rollback()
            raise


check("2.7", my_folder, my_table)
