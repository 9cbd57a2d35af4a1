"""The classroom: what makes a notebook a good place to learn."""

from lesson_lib.classroom.checkpoints import checkpoint
from lesson_lib.classroom.lab import Lab, open_lab
from lesson_lib.classroom.records import three_records
from lesson_lib.classroom.ticks import TickSimulator, simulate

__all__ = ["Lab", "TickSimulator", "checkpoint", "open_lab", "simulate", "three_records"]
