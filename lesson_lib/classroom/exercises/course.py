"""The course: its lessons, and every exercise by its id."""

from collections.abc import Mapping
from types import MappingProxyType

from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.notebook_01.lesson import LESSON as NOTEBOOK_01
from lesson_lib.classroom.exercises.notebook_02.lesson import LESSON as NOTEBOOK_02
from lesson_lib.classroom.exercises.notebook_03.lesson import LESSON as NOTEBOOK_03
from lesson_lib.classroom.exercises.notebook_04.lesson import LESSON as NOTEBOOK_04
from lesson_lib.classroom.exercises.plan import Lesson

LESSONS: tuple[Lesson, ...] = (NOTEBOOK_01, NOTEBOOK_02, NOTEBOOK_03, NOTEBOOK_04)

EXERCISES: Mapping[str, Exercise] = MappingProxyType(
    {exercise.id: exercise for lesson in LESSONS for exercise in lesson.exercises}
)


def lesson_of(notebook: str) -> Lesson | None:
    """Return the lesson of a notebook, such as `01_irregular_partitions`; None if it has none."""
    return next((lesson for lesson in LESSONS if lesson.notebook == notebook), None)
