"""The classroom: what makes a notebook a good place to learn."""

from lesson_lib.classroom.checkpoints import checkpoint
from lesson_lib.classroom.lab import Lab, open_lab
from lesson_lib.classroom.records import three_records

__all__ = ["Lab", "checkpoint", "open_lab", "three_records"]
