def keys_without_rows(con, registered):
    keys = ", ".join(f"('{key}')" for key in registered)
    found = con.execute(
        f"select key from (values {keys}) as t(key) "
        "where not exists (from raw_partition_data where partition_key = key)"
    ).fetchall()
    return [key for (key,) in found]


check("4.4", keys_without_rows)
