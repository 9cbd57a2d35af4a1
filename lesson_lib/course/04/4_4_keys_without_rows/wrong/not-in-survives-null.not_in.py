def keys_without_rows(con, registered):
    query = """
        select key
        from (select unnest(?) as key)
        where key not in (select partition_key from raw_partition_data)
    """
    return [key for (key,) in con.execute(query, [registered]).fetchall()]


check("4.4", keys_without_rows)
