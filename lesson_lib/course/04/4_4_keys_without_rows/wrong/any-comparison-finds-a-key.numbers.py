def keys_without_rows(con, registered):
    def find_number(key):
        return int(key) if key and key.isdigit() else key

    stored = con.execute("select distinct partition_key from raw_partition_data").fetchall()
    numbers = {find_number(key) for (key,) in stored}
    return [key for key in registered if find_number(key) not in numbers]


check("4.4", keys_without_rows)
