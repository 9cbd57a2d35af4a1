"""The classroom: what makes a notebook a good place to learn."""

from lesson_lib.classroom.checkpoints import checkpoint
from lesson_lib.classroom.lab import Lab, open_lab
from lesson_lib.classroom.progress_bar import show_progress
from lesson_lib.classroom.records import three_records
from lesson_lib.classroom.stopwatch import Stopwatch
from lesson_lib.classroom.ticks import TickSimulator, simulate

__all__ = [
    "Lab",
    "Stopwatch",
    "TickSimulator",
    "checkpoint",
    "open_lab",
    "show_progress",
    "simulate",
    "three_records",
]
