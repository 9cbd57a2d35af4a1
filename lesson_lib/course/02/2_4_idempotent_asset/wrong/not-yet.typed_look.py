columns = "date::date, share_price::double, amount::double, spend::double, shift::double, spread::double"
rows = con.execute(f"select {columns} from read_csv(?, all_varchar = true)", [path]).fetchall()
con.execute("delete from raw_partition_data where partition_key = ?", [key])
con.executemany("insert into raw_partition_data values (?, ?, ?, ?, ?, ?, ?)", [(*row, key) for row in rows])
