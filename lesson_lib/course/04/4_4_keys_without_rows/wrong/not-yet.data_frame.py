def keys_without_rows(con, registered):
    query = "select unnest(?) as key except select partition_key from raw_partition_data"
    return con.execute(query, [registered]).df()


check("4.4", keys_without_rows)
