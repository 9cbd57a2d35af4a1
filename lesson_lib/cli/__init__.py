"""The `lesson` command: `lesson doctor`, `run` and `reset`; for instructors `solutions` and `student`."""

from lesson_lib.cli.command import main

__all__ = ["main"]
