"""What loading costs: the measured times of each way of loading, and their extrapolation."""

from collections.abc import Mapping
from dataclasses import dataclass

_UNITS = (("ms", 0.001), ("s", 1.0), ("min", 60.0), ("h", 3_600.0), ("days", 86_400.0))


@dataclass(frozen=True)
class CostLine:
    """The time that one way of loading takes."""

    way: str
    seconds: Mapping[int, float]  # measured, by the number of customers, in that order
    up_to: int  # customers up to which the line is extrapolated from its last points

    @property
    def last(self) -> int:
        """The largest number of customers that was measured."""
        return max(self.seconds)

    @property
    def is_extrapolated(self) -> bool:
        """Whether the line continues beyond the last measurement."""
        return self.up_to > self.last

    @property
    def end(self) -> tuple[int, float]:
        """The end of the line: customers and seconds."""
        customers = max(self.up_to, self.last)
        return customers, self._estimate(customers)

    def format_time(self, customers: int) -> str:
        """Format the time of a number of customers: `4.8 s`, or `≈ 22 min` for an estimate, or nothing."""
        if customers in self.seconds:
            return format_duration(self.seconds[customers])
        return f"≈ {format_duration(self._estimate(customers))}" if customers > self.last else ""

    def _estimate(self, customers: int) -> float:
        """Extrapolate from what each further customer cost last; the first ones also paid for the start."""
        *before, (last, taken) = self.seconds.items()
        number, seconds = before[-1] if before else (0, 0.0)
        if taken <= seconds:  # by chance; then estimate in proportion
            number, seconds = 0, 0.0
        return taken + (taken - seconds) / (last - number) * (customers - last)


def format_duration(seconds: float) -> str:
    """Format seconds with two digits and a fitting unit: `0.4 ms`, `4.8 s`, `22 min`, `1.5 h`."""
    # The largest unit of which there is at least one; a tenth of a second is enough.
    fitting = [
        (name, size)
        for name, size in _UNITS
        if round_to_two_digits(seconds / size) >= (0.1 if name == "s" else 1)
    ]
    name, size = fitting[-1] if fitting else _UNITS[0]
    number = round_to_two_digits(seconds / size)
    digits = f"{number:,.0f}" if number >= 10 else f"{number:.10f}".rstrip("0").rstrip(".")  # noqa: PLR2004 - two digits
    return f"{digits} {'day' if (name, digits) == ('days', '1') else name}"


def round_to_two_digits(number: float) -> float:
    """Round a number to two significant digits."""
    return float(f"{number:.1e}")
