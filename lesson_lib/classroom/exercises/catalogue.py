"""The catalogue of the course: its lessons, its exercises and the mistaken beliefs that it knows."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from lesson_lib.classroom.exercises.content import load_lessons, load_misconceptions
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.misconception import Misconception
from lesson_lib.classroom.exercises.plan import Lesson

# By path, since content knows the engine, and the engine no content.
COURSE = Path(__file__).parents[2] / "course"

MISCONCEPTIONS: Mapping[str, Misconception] = MappingProxyType(load_misconceptions(COURSE / "beliefs"))

LESSONS: tuple[Lesson, ...] = load_lessons(COURSE, "lesson_lib.course", MISCONCEPTIONS)

EXERCISES: Mapping[str, Exercise] = MappingProxyType(
    {exercise.id: exercise for lesson in LESSONS for exercise in lesson.exercises}
)


def find_lesson(notebook: str) -> Lesson | None:
    """Return the lesson of a notebook, such as `01_irregular_partitions`; None if it has none."""
    return next((lesson for lesson in LESSONS if lesson.notebook == notebook), None)
