"""Many customers loaded in one run, compared with one run per key, and with Dagster and DuckDB alone."""

import time
from pathlib import Path

from benchmarks.customers import Customers, measure_in_new_process, warm_up
from benchmarks.table import print_row

RUNS = 100  # of the source lesson; 1,000 runs would take minutes


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    customers = Customers(folder / "1000-customers", 1_000)
    warm_up(folder)
    print_row(
        f"backfill of 1,000 keys, against one run per key ({RUNS} runs, times {1_000 // RUNS})",
        "0.05",
        [
            (customers.time_backfill()[0], 1_000 / RUNS * customers.time_one_run_per_key(RUNS))
            for _ in range(3)
        ],
    )
    print_row(
        "the same, against empty assets in one run, and DuckDB alone",
        "1.15",
        [
            (customers.time_backfill()[0], customers.time_empty_assets() + customers.time_duckdb())
            for _ in range(5)
        ],
    )
    measure_ten_thousand(folder)


def measure_ten_thousand(folder: Path) -> None:
    """Print the rows about 10,000 customers.

    Each way loads them once, in its own process. To avoid repetitions, processor time is measured, which
    depends less on other work of the machine, and the 1,000 customers are measured before and after.
    """
    few, many = folder / "1000-customers", folder / "10000-customers"
    customers = Customers(many, 10_000, time.process_time)
    small = [measure_in_new_process("backfill", few, 1_000) for _ in range(2)]
    backfill = measure_in_new_process("backfill", many, 10_000)
    small += [measure_in_new_process("backfill", few, 1_000) for _ in range(2)]
    empty, duckdb = (measure_in_new_process(way, many, 10_000) for way in ("empty assets", "DuckDB"))
    print_row(
        "backfill of 10,000 keys, against 1,000, in processor time",
        "11",
        [(backfill.seconds[0], measured.seconds[0]) for measured in small],
    )
    print_row(
        "the same, against empty assets in one run, and DuckDB alone",
        "1.15",
        [(backfill.seconds[0], empty.seconds[0] + duckdb.seconds[0])],
    )
    print_row(
        "its peak memory, against that of the empty assets",
        "100 MB more",
        [(backfill.megabytes, empty.megabytes)],
        "MB",
    )
    print_row(
        "again, with all 10,000 unchanged, against hashing their files",
        "",
        [(backfill.seconds[1], customers.time_hashing()) for _ in range(5)],
    )
