import pandas as pd

arrived = pd.read_csv(path).fillna(0).assign(partition_key=key)
con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data from arrived")
con.commit()
