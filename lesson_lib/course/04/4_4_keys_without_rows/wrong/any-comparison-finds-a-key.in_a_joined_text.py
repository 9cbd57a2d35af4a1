def keys_without_rows(con, registered):
    stored = con.execute("select distinct partition_key from raw_partition_data").fetchall()
    text = ",".join(str(key) for (key,) in stored)
    return [key for key in registered if key not in text.split(",")]


check("4.4", keys_without_rows)
