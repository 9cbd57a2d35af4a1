"""The classroom: what makes a notebook a good place to learn."""

from lesson_lib.classroom.exercises import check, fact, hint, predict, progress, solution, surprises
from lesson_lib.classroom.lab import Lab, open_lab
from lesson_lib.classroom.records import three_records

__all__ = [
    "Lab",
    "check",
    "fact",
    "hint",
    "open_lab",
    "predict",
    "progress",
    "solution",
    "surprises",
    "three_records",
]
