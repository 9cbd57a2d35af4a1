columns = "date, share_price, amount, spend, shift, spread"
stored = con.execute(
    f"select {columns} from raw_partition_data where partition_key = ? limit 1000", [key]
).fetchall()
arrived = con.execute(f"select {columns} from read_csv(?) limit 1000", [path]).fetchall()
counts = con.execute(
    "select count(*) from raw_partition_data where partition_key = ? union all select count(*) from read_csv(?)",
    [key, path],
).fetchall()
if stored != arrived or counts[0] != counts[1]:
    con.begin()
    con.execute("delete from raw_partition_data where partition_key = ?", [key])
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
    con.commit()
