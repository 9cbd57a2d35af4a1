"""Many customers loaded in one run, against one run a key, and against what Dagster and DuckDB take."""

import time
from pathlib import Path

from benchmarks.customers import Customers, alone, warm_up
from benchmarks.table import row

RUNS = 100  # of the source lesson's; all thousand would take minutes


def measure(folder: Path) -> None:
    """Print the rows of the table."""
    customers = Customers(folder / "1000-customers", 1_000)
    warm_up(folder)
    row(
        f"backfill of 1,000 keys, against one run a key ({RUNS} runs, times {1_000 // RUNS})",
        "0.05",
        [(customers.backfill()[0], 1_000 / RUNS * customers.one_run_a_key(RUNS)) for _ in range(3)],
    )
    row(
        "the same, against empty assets in one run, and DuckDB alone",
        "1.15",
        [(customers.backfill()[0], customers.floor() + customers.bare()) for _ in range(5)],
    )
    ten_thousand(folder)


def ten_thousand(folder: Path) -> None:
    """Print the rows about ten times as many.

    Each way goes through them once, in a Python of its own. So that it need not be repeated, the processor's
    time is taken, which depends less on what else this machine does; and the thousand are timed before and
    after, since it depends on that as well.
    """
    few, many = folder / "1000-customers", folder / "10000-customers"
    customers = Customers(many, 10_000, time.process_time)
    small = [alone("backfill", few, 1_000) for _ in range(2)]
    ours = alone("backfill", many, 10_000)
    small += [alone("backfill", few, 1_000) for _ in range(2)]
    floor, bare = (alone(way, many, 10_000) for way in ("floor", "bare"))
    row(
        "backfill of 10,000 keys, against 1,000, in processor time",
        "11",
        [(ours.seconds[0], once.seconds[0]) for once in small],
    )
    row(
        "the same, against empty assets in one run, and DuckDB alone",
        "1.15",
        [(ours.seconds[0], floor.seconds[0] + bare.seconds[0])],
    )
    row(
        "its memory at most, against the empty assets'",
        "100 MB more",
        [(ours.megabytes, floor.megabytes)],
        "MB",
    )
    row(
        "again, where all 10,000 are unchanged, against their fingerprints",
        "",
        [(ours.seconds[1], customers.hashed()) for _ in range(5)],
    )
