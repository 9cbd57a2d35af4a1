# Read all rows into a table of this connection, which cannot outlive it; then swap in one transaction.
con.execute("create or replace temp table arrived as from raw_partition_data limit 0")
con.execute(
    "insert into arrived by name select *, ? as partition_key from read_csv(?, all_varchar = true)",
    [key, path],
)
con.execute("begin")
con.execute(
    "merge into raw_partition_data using (select ? as gone) on partition_key = gone when matched then delete",
    [key],
)
con.execute("insert into raw_partition_data from arrived")
con.execute("commit")
