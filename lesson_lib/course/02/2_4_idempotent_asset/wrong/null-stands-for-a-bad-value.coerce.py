import pandas as pd

arrived = pd.read_csv(path, keep_default_na=False).assign(partition_key=key)
arrived["amount"] = pd.to_numeric(arrived["amount"], errors="coerce")
con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data from arrived")
con.commit()
