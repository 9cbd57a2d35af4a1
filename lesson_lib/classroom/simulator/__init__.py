"""The tick simulator: what Dagster's daemon does with a sensor, one tick at a time and in this process."""

from lesson_lib.classroom.simulator import tick_view  # noqa: F401 - registers the board of a tick
