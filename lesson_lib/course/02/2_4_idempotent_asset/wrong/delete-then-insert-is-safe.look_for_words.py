assert "n/a" not in Path(path).read_text()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
