types = [type_ for _, type_, *_ in con.execute("describe from read_csv(?)", [path]).fetchall()]
assert types == ["DATE", "DOUBLE", "BIGINT", "DOUBLE", "DOUBLE", "DOUBLE"]
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
