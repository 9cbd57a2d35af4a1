def keys_without_rows(con, registered):
    query = "select 1 from raw_partition_data where partition_key = ? limit 1"
    for key in registered:
        if con.execute(query, [key]).fetchone() is None:
            yield key


check("4.4", keys_without_rows)
