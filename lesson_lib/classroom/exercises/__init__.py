"""Exercises: what a learner writes is run against scenarios, and the verdict says why it is not right yet."""

from lesson_lib.classroom.exercises.checking import check
from lesson_lib.classroom.exercises.hints import hint, solution
from lesson_lib.classroom.exercises.predicting import fact, predict, surprises
from lesson_lib.classroom.exercises.progress_report import progress

__all__ = ["check", "fact", "hint", "predict", "progress", "solution", "surprises"]
