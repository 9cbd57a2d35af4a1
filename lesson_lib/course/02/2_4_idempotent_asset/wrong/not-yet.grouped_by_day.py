con.begin()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute(
    "insert into raw_partition_data select date, avg(share_price), sum(amount), sum(spend), sum(shift), "
    "avg(spread), ? from read_csv(?) group by date",
    [key, path],
)
con.commit()
