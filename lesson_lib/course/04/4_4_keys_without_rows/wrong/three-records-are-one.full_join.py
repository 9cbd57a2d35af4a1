def keys_without_rows(con, registered):
    found = con.execute(
        "select coalesce(key, partition_key) from (select unnest(?) as key) "
        "full join raw_partition_data on partition_key = key "
        "where key is null or partition_key is null",
        [registered],
    ).fetchall()
    return [key for (key,) in set(found)]


check("4.4", keys_without_rows)
