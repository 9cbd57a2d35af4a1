def keys_without_rows(con, registered):
    stored = con.execute("select lower(partition_key) from raw_partition_data").fetchall()
    return sorted({key.lower() for key in registered} - {key for (key,) in stored})


check("4.4", keys_without_rows)
