"""Exercises: what a learner writes is run against scenarios, and the verdict says why it is not right yet."""

from lesson_lib.classroom.exercises.verdict import Outcome, Verdict

__all__ = ["Outcome", "Verdict"]
