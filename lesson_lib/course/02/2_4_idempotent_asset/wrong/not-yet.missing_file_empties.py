con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
if Path(path).exists():
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
