def my_load(con, key, path):
    con.execute("delete from raw_partition_data where partition_key = ? and share_price is not null", [key])
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])


check("2.3", my_load)
