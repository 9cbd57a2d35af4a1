seconds = {
    "one run per key": ...,
    "one run for all": ...,
    "DuckDB alone": ...,
    "one run for all, DuckDB ten times as fast": ...,
}
check("4.2", seconds)
