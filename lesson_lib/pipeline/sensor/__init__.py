"""The sensor for the irregular source: new and corrected files become keys and run requests."""

from .definition import arrivals_sensor, build_arrivals_sensor
from .settings import InvalidSetting

__all__ = ["InvalidSetting", "arrivals_sensor", "build_arrivals_sensor"]
