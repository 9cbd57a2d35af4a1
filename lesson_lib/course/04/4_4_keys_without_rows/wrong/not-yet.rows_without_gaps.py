def keys_without_rows(con, registered):
    query = """
        select key
        from (select unnest(?) as key)
        where not exists (from raw_partition_data where partition_key = key and amount is not null)
    """
    return [key for (key,) in con.execute(query, [registered]).fetchall()]


check("4.4", keys_without_rows)
