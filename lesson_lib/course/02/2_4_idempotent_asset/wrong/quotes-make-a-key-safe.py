con.begin()
con.execute(f"delete from raw_partition_data where partition_key = '{key}'")
con.execute(f"insert into raw_partition_data select *, '{key}' from '{path}'")
con.commit()
