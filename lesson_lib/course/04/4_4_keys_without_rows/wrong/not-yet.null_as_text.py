def keys_without_rows(con, registered):
    stored = con.execute("select distinct partition_key from raw_partition_data").fetchall()
    return sorted(set(registered) - {str(key) for (key,) in stored})


check("4.4", keys_without_rows)
