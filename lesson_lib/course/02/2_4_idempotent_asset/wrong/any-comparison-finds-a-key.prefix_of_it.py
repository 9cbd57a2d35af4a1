con.begin()
con.execute("delete from raw_partition_data where starts_with(?, partition_key)", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
