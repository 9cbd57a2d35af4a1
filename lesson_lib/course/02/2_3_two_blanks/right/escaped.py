def my_load(con, key, path):
    text = key.replace("'", "''")
    con.execute(f"delete from raw_partition_data where partition_key = '{text}'", [])
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])


check("2.3", my_load)
