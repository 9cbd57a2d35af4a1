def keys_without_rows(con, registered):
    query = "select unnest(?) except select partition_key from raw_partition_data"
    return [row[0] for row in con.execute(query, [registered]).fetchall()]


check("4.4", keys_without_rows)
