"""The settings of the sensor, and their validation."""

import math
from dataclasses import dataclass
from typing import Literal

from ..errors import PipelineError


class InvalidSetting(PipelineError, ValueError):
    """The sensor cannot be built with this setting."""


@dataclass(frozen=True)
class Settings:
    """The settings of a sensor, which `build_arrivals_sensor` explains."""

    vanished: Literal["keep", "retire"]
    runs_a_tick: int
    settle_seconds: float
    minimum_interval_seconds: int

    def __post_init__(self) -> None:
        """Raise InvalidSetting for an invalid setting, naming valid ones."""
        if self.vanished not in ("keep", "retire"):
            raise InvalidSetting(
                f"vanished is {self.vanished!r}. Write vanished='keep' or vanished='retire'."
            )
        for name, example in (("runs_a_tick", 100), ("minimum_interval_seconds", 30)):
            number = getattr(self, name)
            if not isinstance(number, int) or isinstance(number, bool) or number < 1:
                raise InvalidSetting(
                    f"{name} is {number!r}. Give a whole number of 1 or more, such as {example}."
                )
        if not isinstance(self.settle_seconds, int | float) or not 0 <= self.settle_seconds < math.inf:
            raise InvalidSetting(
                f"settle_seconds is {self.settle_seconds!r}. Give a number of seconds, such as 5.0; "
                "0 takes every file at once."
            )
