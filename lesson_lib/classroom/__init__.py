"""The classroom: what makes a notebook a good place to learn."""

from lesson_lib.classroom.lab import Lab, open_lab

__all__ = ["Lab", "open_lab"]
