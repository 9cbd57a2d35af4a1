con.execute(
    "insert into raw_partition_data (select *, ? from read_csv(?)) except from raw_partition_data",
    [key, path],
)
