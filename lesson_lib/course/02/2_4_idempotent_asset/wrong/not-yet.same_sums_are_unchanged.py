summary = "select count(*), round(sum(share_price), 2), sum(amount), round(sum(spend), 2) from "
stored = con.execute(summary + "raw_partition_data where partition_key = ?", [key]).fetchall()
if stored != con.execute(summary + "read_csv(?)", [path]).fetchall():
    con.begin()
    con.execute("delete from raw_partition_data where partition_key = ?", [key])
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
    con.commit()
