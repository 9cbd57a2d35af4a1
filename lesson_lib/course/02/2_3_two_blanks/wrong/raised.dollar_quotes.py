def my_load(con, key, path):
    con.execute(f"delete from raw_partition_data where partition_key = $${key}$$", [])
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])


check("2.3", my_load)
