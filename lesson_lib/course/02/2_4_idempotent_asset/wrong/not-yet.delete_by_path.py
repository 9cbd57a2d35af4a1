con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [path])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
