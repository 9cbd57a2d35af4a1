"""The table that `make bench` prints, whose rows compare the library with an alternative."""

import statistics
import time
from collections.abc import Callable, Sequence


def measure_seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return the time that the work takes, in seconds of this clock."""
    start = clock()
    work()
    return clock() - start


def print_header() -> None:
    """Print the names of the columns."""
    print(f"{'':<70} {'ours':>10} {'theirs':>10}   {'ratio (min to max)':<22} limit", flush=True)


def compare(
    title: str, limit: str, work: Callable[[], object], alternative: Callable[[], object], pairs: int
) -> None:
    """Call the two alternately, after one call of each as a warm-up, and print a row.

    Args:
        title: what is compared.
        limit: the greatest ratio that is acceptable, or another limit in words.
        work: the library's way.
        alternative: the other way.
        pairs: how often each is measured.
    """
    work()
    alternative()
    print_row(title, limit, [(measure_seconds(work), measure_seconds(alternative)) for _ in range(pairs)])


def print_row(title: str, limit: str, pairs: Sequence[tuple[float, float]], unit: str = "s") -> None:
    """Print the median of each side of the pairs, and the median of their ratios."""
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    ratio = f"{statistics.median(ratios):#.3g} ({ratios[0]:#.3g} to {ratios[-1]:#.3g})"
    print(f"{title:<70} {ours:>7.3f} {unit:<2} {theirs:>7.3f} {unit:<2}   {ratio:<22} {limit}", flush=True)


def print_value(title: str, value: float, unit: str) -> None:
    """Print a row with a single value."""
    print(f"{title:<70} {value:>7.3f} {unit}", flush=True)
