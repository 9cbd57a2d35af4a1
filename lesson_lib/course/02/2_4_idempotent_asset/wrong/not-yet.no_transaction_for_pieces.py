import csv

con.execute("delete from raw_partition_data where partition_key = ?", [key])
with open(path) as file:
    rows = [[*row, key] for row in list(csv.reader(file))[1:]]
for row in rows:
    con.execute("insert into raw_partition_data values (?, ?, ?, ?, ?, ?, ?)", row)
