"""The `lesson` command: `lesson doctor`, `lesson run` and `lesson reset`."""

from lesson_lib.cli.command import main

__all__ = ["main"]
