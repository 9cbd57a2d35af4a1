con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute(
    "insert into raw_partition_data select date, share_price, try_cast(amount as double), spend, shift, spread, ? from read_csv(?)",
    [key, path],
)
con.commit()
