rows = con.execute("select *, ? from read_csv(?)", [key, path]).fetchall()
kept = con.execute("from raw_partition_data where partition_key = ? limit 5", [key]).fetchall()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
insert = "insert into raw_partition_data values (?, ?, ?, ?, ?, ?, ?)"
try:
    con.executemany(insert, rows)
except duckdb.Error:
    con.execute("delete from raw_partition_data where partition_key = ?", [key])
    con.executemany(insert, kept)
    raise
