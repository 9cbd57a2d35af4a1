def keys_without_rows(con, registered):
    for (key,) in con.execute("select distinct partition_key from raw_partition_data").fetchall():
        registered.remove(key)
    return registered


check("4.4", keys_without_rows)
