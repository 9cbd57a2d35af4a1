count = "select count(*) from raw_partition_data where partition_key = ?"
if con.execute(count, [key]).fetchall() == [(0,)]:
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
