"""How a notebook's exercises stand, as the executed notebook itself shows it."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.notebook_cells import EXERCISE, tagged

_MARK = re.compile(r"^\S ")


def standings(notebook: NotebookNode, lesson: Lesson) -> dict[str, list[str]]:
    """Return what is shown of each exercise, such as `{"1.2": ["right"]}`.

    A check is looked for in the exercise's own cell. A prediction is shown there and once more below, beside
    its fact: `{"1.1": ["noted", "as you guessed"]}`.
    """
    return {exercise.id: list(_shown(notebook, exercise)) for exercise in lesson.exercises}


def not_right(notebook: NotebookNode, lesson: Lesson) -> list[str]:
    """Name the exercises of a solved edition that do not come out right, each with what is shown instead."""
    shown = standings(notebook, lesson)
    return [
        f"{exercise.name}: {', '.join(shown[exercise.id]) or 'nothing shown'}"
        for exercise in lesson.exercises
        if shown[exercise.id] != (["noted", "as you guessed"] if exercise.is_prediction else ["right"])
    ]


def _shown(notebook: NotebookNode, exercise: Exercise) -> Iterator[str]:
    beginning = f"{exercise.name}: "
    reached = False
    for cell in notebook.cells:
        own = tagged(cell, EXERCISE) == exercise.id
        reached = reached or own
        if own or (reached and exercise.is_prediction):
            for title in _titles(cell):
                if title.startswith(beginning):
                    yield title.removeprefix(beginning)


def _titles(cell: NotebookNode) -> Iterator[str]:
    """Yield the first line of each board that a cell shows, without its mark."""
    for output in cell.get("outputs", []):
        if text := output.get("data", {}).get("text/plain"):
            yield _MARK.sub("", text.partition("\n")[0])
