import pandas as pd


def keys_without_rows(con, registered):
    keys = pd.Series(registered)
    stored = con.execute("select distinct partition_key from raw_partition_data").df()
    return keys[~keys.isin(stored["partition_key"])].tolist()


check("4.4", keys_without_rows)
