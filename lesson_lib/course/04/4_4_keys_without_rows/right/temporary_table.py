def keys_without_rows(con, registered):
    con.execute("create temp table keys as select unnest(?) as key", [registered])
    found = con.execute("select key from keys anti join raw_partition_data on partition_key = key")
    return list(found.fetchnumpy()["key"])


check("4.4", keys_without_rows)
