"""Invented trades: the rows of the course's files, which have the same bytes on every machine.

Prices are counted in whole cents and only `random()` is drawn, the one method whose sequence Python promises
to keep, so that every platform and every Python from 3.11 on writes the same bytes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

HEADER = ("date", "share_price", "amount", "spend", "shift", "spread")
AUTUMN = date(2017, 9, 11)
SATURDAY = 5


@dataclass(frozen=True)
class Trade:
    """One line of a file: a trading day of one share, money in cents."""

    day: date
    price: int
    amount: int
    shift: int
    spread: int

    def cells(self) -> list[str]:
        """Return the cells as they are written, in the order of `HEADER`."""
        return [
            f"{self.day:%Y/%m/%d}",
            format_dollars(self.price),
            str(self.amount),
            format_dollars(self.price * self.amount),
            format_dollars(self.shift),
            format_dollars(self.spread),
        ]


def format_dollars(cents: int) -> str:
    """Format cents as dollars: -5 becomes "-0.05"."""
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def generate_trading_days(first: date) -> Iterator[date]:
    """Yield the first day and all later ones except Saturdays and Sundays."""
    day = first
    while True:
        if day.weekday() < SATURDAY:
            yield day
        day += timedelta(days=1)


def walk(name: str, count: int, price: int, amount: int, first: date = AUTUMN) -> list[Trade]:
    """Invent trades whose price changes each day by at most two percent of the first price.

    Args:
        name: the seed, so that no file depends on another one.
        count: how many trades.
        price: the first price, in cents.
        amount: the first number of shares; later ones are between a fifth of it and all of it.
        first: the first trading day.
    """
    random = Random(f"irregular partitions: {name}").random  # noqa: S311 - invented prices keep no secret
    step = max(price // 50, 2)
    trades: list[Trade] = []
    for day, _ in zip(generate_trading_days(first), range(count), strict=False):
        spread = 1 + int(random() * (2 + price // 2000))
        if not trades:
            trades.append(Trade(day, price, amount, 0, spread))
            continue
        shift = int(random() * (2 * step + 1)) - step
        bought = amount // 5 + int(random() * (amount - amount // 5))
        trades.append(Trade(day, trades[-1].price + shift, bought, shift, spread))
    return trades


def invent_customer(name: str, count: int) -> list[Trade]:
    """Invent the trades of a customer, whose name determines the price and the amounts."""
    random = Random(f"irregular partitions: size of {name}").random  # noqa: S311 - as in `walk`
    price = 500 + int(random() * 30_000)
    return walk(name, count, price, amount=1_000 + int(random() * 100_000))


def make_table(trades: list[Trade]) -> list[list[str]]:
    """Return the cells of a file, header first."""
    return [list(HEADER), *(trade.cells() for trade in trades)]


def format_csv(cells: list[list[str]], delimiter: str = ",") -> bytes:
    """Write cells as a CSV file: UTF-8, no BOM, one LF at the end of each line."""
    return "".join(f"{delimiter.join(line)}\n" for line in cells).encode()
