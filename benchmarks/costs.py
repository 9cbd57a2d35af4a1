"""What many customers cost, as the table of README.md."""

from pathlib import Path

from benchmarks.customers import Customers, warm_up

RUNS = 100  # one run a key takes the same for each
SECONDS_SHOWN = 120
FEW = 10
NUMBERS = (30, 1_000, 10_000)


def measure(folder: Path) -> None:
    """Print the table, in Markdown; an estimate is marked."""
    warm_up(folder)
    print("| customers | one run a key | `backfill`, in one run | DuckDB alone |")
    print("| ---: | ---: | ---: | ---: |")
    for number in NUMBERS:
        customers = Customers(folder / f"{number}-customers", number)
        runs = min(number, RUNS)
        one_by_one = number / runs * customers.one_run_a_key(runs)
        costs = [
            shown(one_by_one, estimated=runs < number),
            shown(customers.backfill()[0]),
            shown(customers.bare()),
        ]
        print(f"| {number:,} | {' | '.join(costs)} |", flush=True)


def shown(seconds: float, *, estimated: bool = False) -> str:
    """Return seconds, or minutes where that is many, in two digits."""
    number, unit = (seconds / 60, "min") if seconds > SECONDS_SHOWN else (seconds, "s")
    text = f"{number:.2g} {unit}" if number < FEW else f"{number:.0f} {unit}"
    return f"about {text}" if estimated else text
