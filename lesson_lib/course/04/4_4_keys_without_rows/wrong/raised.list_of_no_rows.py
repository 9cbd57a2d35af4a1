def keys_without_rows(con, registered):
    [(stored,)] = con.execute("select list(distinct partition_key) from raw_partition_data").fetchall()
    return [key for key in registered if key not in stored]


check("4.4", keys_without_rows)
