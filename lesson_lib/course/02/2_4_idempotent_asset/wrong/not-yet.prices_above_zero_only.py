con.begin()
con.execute("delete from raw_partition_data where partition_key = ? and share_price > 0", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
