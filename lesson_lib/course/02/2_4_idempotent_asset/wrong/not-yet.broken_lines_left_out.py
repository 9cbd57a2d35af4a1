columns = "{'date': 'date', 'share_price': 'double', 'amount': 'double', 'spend': 'double', 'shift': 'double', 'spread': 'double'}"
con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute(
    f"insert into raw_partition_data select *, ? from read_csv(?, columns = {columns}, ignore_errors = true)",
    [key, path],
)
con.commit()
