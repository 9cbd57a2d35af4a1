looked = "select cast(amount as double), cast(date as date) from read_csv(?, all_varchar = true) limit 100"
con.execute(looked, [path]).fetchall()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.execute("insert into raw_partition_data select *, ? from read_csv(?)", [key, path])
