con.begin()
con.execute(
    "delete from raw_partition_data where partition_key = ? and date in (select date from read_csv(?))",
    [key, path],
)
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
