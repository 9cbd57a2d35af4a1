import pandas as pd

arrived = pd.read_csv(path, keep_default_na=False).assign(partition_key=key)
con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data by name from arrived")
con.commit()
