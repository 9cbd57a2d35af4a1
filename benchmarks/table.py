"""The one table that `make bench` prints: each row sets ours beside theirs."""

import statistics
import time
from collections.abc import Callable, Sequence


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """Return how long the work takes, by the clock that is given."""
    began = clock()
    work()
    return clock() - began


def head() -> None:
    """Print the names of the columns."""
    print(f"{'':<70} {'ours':>10} {'theirs':>10}   {'ratio (min to max)':<22} limit", flush=True)


def compare(
    title: str, limit: str, work: Callable[[], object], against: Callable[[], object], pairs: int
) -> None:
    """Time the two in turn, after one call of each, and print a row; the ratio shall not exceed `limit`."""
    work(), against()
    row(title, limit, [(seconds(work), seconds(against)) for _ in range(pairs)])


def row(title: str, limit: str, pairs: Sequence[tuple[float, float]], unit: str = "s") -> None:
    """Print the medians of the pairs, ours and theirs, and that of their ratios."""
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratios = sorted(a / b for a, b in pairs)
    ratio = f"{statistics.median(ratios):#.3g} ({ratios[0]:#.3g} to {ratios[-1]:#.3g})"
    print(f"{title:<70} {ours:>7.3f} {unit:<2} {theirs:>7.3f} {unit:<2}   {ratio:<22} {limit}", flush=True)


def note(title: str, value: float, unit: str) -> None:
    """Print a row that has nothing beside it."""
    print(f"{title:<70} {value:>7.3f} {unit}", flush=True)
