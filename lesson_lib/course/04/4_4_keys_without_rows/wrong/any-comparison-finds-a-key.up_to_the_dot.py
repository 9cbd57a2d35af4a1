def keys_without_rows(con, registered):
    query = """
        select key
        from (select unnest(?) as key)
        where not exists (from raw_partition_data where split_part(partition_key, '.', 1) = split_part(key, '.', 1))
    """
    return [key for (key,) in con.execute(query, [registered]).fetchall()]


check("4.4", keys_without_rows)
