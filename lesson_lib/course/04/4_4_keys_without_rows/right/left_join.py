import pandas as pd


def keys_without_rows(con, registered):
    keys = pd.DataFrame({"key": registered})
    return con.execute(
        "select key from keys left join raw_partition_data on partition_key = key where partition_key is null"
    ).df()["key"]


check("4.4", keys_without_rows)
