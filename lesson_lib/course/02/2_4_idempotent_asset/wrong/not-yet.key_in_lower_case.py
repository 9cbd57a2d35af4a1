con.begin()
con.execute("delete from raw_partition_data where partition_key = lower(?)", [key])
con.execute("insert into raw_partition_data select *, lower(?) from read_csv(?)", [key, path])
con.commit()
