con.begin()
con.execute(
    "delete from raw_partition_data where split_part(partition_key, '.', 1) = split_part(?, '.', 1)", [key]
)
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
con.commit()
