"""The classroom: what makes a notebook a good place to learn."""

from lesson_lib.classroom.checkpoints.replay import checkpoint
from lesson_lib.classroom.lab.folder import Lab, open_lab
from lesson_lib.classroom.lab.pictures import draw_range, draw_records
from lesson_lib.classroom.lab.progress_bar import show_progress
from lesson_lib.classroom.lab.stopwatch import Stopwatch
from lesson_lib.classroom.lab.three_records import three_records
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate

__all__ = [
    "Lab",
    "Stopwatch",
    "TickSimulator",
    "checkpoint",
    "draw_range",
    "draw_records",
    "open_lab",
    "show_progress",
    "simulate",
    "three_records",
]
