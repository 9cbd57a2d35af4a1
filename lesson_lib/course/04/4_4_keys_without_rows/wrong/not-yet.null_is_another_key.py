def keys_without_rows(con, registered):
    query = "select coalesce(partition_key, 'zenith') from raw_partition_data"
    stored = {key for (key,) in con.execute(query).fetchall()}
    return [key for key in registered if key not in stored]


check("4.4", keys_without_rows)
