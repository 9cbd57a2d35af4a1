import csv

my_folder = lab.folder / "stations"
my_folder.mkdir(exist_ok=True)
header = "day,weather,degrees\n"
(my_folder / "harbour.csv").write_text(header + "2024-01-01,rain,4\n2024-01-02,,5\n2024-01-03,fog,7\n")
(my_folder / "summit.csv").write_text(header + "2024-01-01,snow,-7.5\n2024-01-02,fog,-9\n")


@dg.asset(partitions_def=s3_partitions_def)
def my_table(
    context: dg.AssetExecutionContext, database: Warehouse, import_dynamic_partition_file: str
) -> None:
    key = context.partition_key
    with open(import_dynamic_partition_file, encoding="utf-8", newline="") as file:
        rows = [{**row, "key": key} for row in csv.DictReader(file)]
    with database.get_connection() as con:
        con.execute(
            "create table if not exists raw_partition_data "
            "(day text, weather text, degrees text, partition_key text)"
        )
        con.begin()
        con.execute("delete from raw_partition_data where partition_key = ?", [key])
        con.executemany("insert into raw_partition_data values ($day, $weather, $degrees, $key)", rows)
        con.commit()


check("2.7", my_folder, my_table)
