def my_load(con, key, path):
    summary = "select count(*) from "
    stored = con.execute(summary + "raw_partition_data where partition_key = ?", [key]).fetchall()
    if stored <= con.execute(summary + "read_csv(?)", [path]).fetchall():
        con.execute("delete from raw_partition_data where partition_key = ?", [key])
        con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])


check("2.3", my_load)
