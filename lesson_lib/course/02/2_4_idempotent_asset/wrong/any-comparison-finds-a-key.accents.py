con.begin()
con.execute("delete from raw_partition_data where strip_accents(partition_key) = strip_accents(?)", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
