"""Many customers loaded in one run, against one run a key, and against what Dagster and DuckDB take."""

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
    """Print the rows about ten times as many, each timed in a Python of its own."""
    few, many = folder / "1000-customers", folder / "10000-customers"
    customers = Customers(many, 10_000)
    small, large = zip(
        *((alone("backfill", few, 1_000), alone("backfill", many, 10_000)) for _ in range(3)), strict=True
    )
    pairs = [(b.seconds[0], a.seconds[0]) for a, b in zip(small, large, strict=True)]
    row("backfill of 10,000 keys, against 1,000", "11", pairs)
    again = [(both.seconds[1], customers.hashed()) for both in large]
    row("again, where all 10,000 are unchanged, against their fingerprints", "", again)
    ours, floor, bare = (alone(way, many, 10_000) for way in ("backfill", "floor", "bare"))
    title = "backfill of 10,000 keys, against empty assets, and DuckDB alone"
    row(title, "", [(ours.seconds[0], floor.seconds[0] + bare.seconds[0])])
    over_floor = [(ours.megabytes, floor.megabytes)]
    row("its memory at most, against the empty assets'", "100 MB more", over_floor, "MB")
