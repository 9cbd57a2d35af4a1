"""The time that many customers take, as the table of README.md."""

from pathlib import Path

from benchmarks.customers import Customers, warm_up

MAX_RUNS = 100  # each run takes the same time, so more are estimated
MAX_SECONDS = 120  # longer times are in minutes
NUMBERS = (30, 1_000, 10_000)


def measure(folder: Path) -> None:
    """Print the table in Markdown, with estimates marked as such."""
    warm_up(folder)
    print("| customers | one run per key | `backfill`, in one run | DuckDB alone |")
    print("| ---: | ---: | ---: | ---: |")
    for number in NUMBERS:
        customers = Customers(folder / f"{number}-customers", number)
        runs = min(number, MAX_RUNS)
        one_by_one = number / runs * customers.time_one_run_per_key(runs)
        costs = [
            format_seconds(one_by_one, estimated=runs < number),
            format_seconds(customers.time_backfill()[0]),
            format_seconds(customers.time_duckdb()),
        ]
        print(f"| {number:,} | {' | '.join(costs)} |", flush=True)


def format_seconds(seconds: float, *, estimated: bool = False) -> str:
    """Format a duration in seconds or minutes, with two significant digits."""
    number, unit = (seconds / 60, "min") if seconds > MAX_SECONDS else (seconds, "s")
    text = f"{number:.2g} {unit}" if number < 10 else f"{number:.0f} {unit}"  # noqa: PLR2004 - one digit before the point
    return f"about {text}" if estimated else text
