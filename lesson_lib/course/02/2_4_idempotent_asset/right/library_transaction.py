from lesson_lib.pipeline.warehouse import transaction

with transaction(con):
    con.execute("delete from raw_partition_data where partition_key = ?", [key])
    con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
