def keys_without_rows(con, registered):
    stored = con.execute("select partition_key from raw_partition_data").fetchall()
    return list({key for (key,) in stored} ^ set(registered))


check("4.4", keys_without_rows)
