def keys_without_rows(con, registered):
    query = "select distinct partition_key from raw_partition_data order by all limit 100"
    stored = con.execute(query).fetchall()
    return [key for key in registered if (key,) not in stored]


check("4.4", keys_without_rows)
