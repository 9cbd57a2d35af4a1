"""Notebook 02, Reload safely: what it teaches, and its exercises."""

from lesson_lib.classroom.exercises.plan import Lesson

LESSON = Lesson(notebook="02_reload_safely", objectives=(), sections=(), exercises=())
