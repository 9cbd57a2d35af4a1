con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
