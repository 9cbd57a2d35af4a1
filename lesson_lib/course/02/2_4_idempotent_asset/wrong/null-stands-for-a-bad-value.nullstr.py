con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?, nullstr = 'n/a')", [key, path])
con.commit()
