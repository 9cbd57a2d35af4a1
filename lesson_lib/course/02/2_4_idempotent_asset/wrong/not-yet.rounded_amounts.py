con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute(
    "insert into raw_partition_data select date, share_price, amount, round(spend), shift, spread, ? from read_csv(?)",
    [key, path],
)
con.commit()
