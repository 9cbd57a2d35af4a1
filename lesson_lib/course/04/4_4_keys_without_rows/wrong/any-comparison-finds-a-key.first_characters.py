def keys_without_rows(con, registered):
    query = """
        select key
        from (select unnest(?) as key)
        where not exists (from raw_partition_data where left(partition_key, 20) = left(key, 20))
    """
    return [key for (key,) in con.execute(query, [registered]).fetchall()]


check("4.4", keys_without_rows)
