con.begin()
con.execute("delete from raw_partition_data where left(partition_key, 20) = left(?, 20)", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
