con.execute(f"delete from raw_partition_data where date = '{key}'")
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
