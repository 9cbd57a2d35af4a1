"""How the exercises of an executed notebook came out, read from what its cells show."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.notebook_cells import EXERCISE, find_tag

_MARK = re.compile(r"^\S ")


def read_outcomes(notebook: NotebookNode, lesson: Lesson) -> dict[str, list[str]]:
    """Return what is shown of each exercise, such as `{"1.2": ["right"]}`.

    A prediction is shown twice, in its own cell and further down beside its fact:
    `{"1.1": ["noted", "as you guessed"]}`.
    """
    return {
        exercise.id: [outcome for _, outcome in locate_outcomes(notebook, exercise)]
        for exercise in lesson.exercises
    }


def find_unsolved(notebook: NotebookNode, lesson: Lesson) -> list[str]:
    """Name the exercises of a solved edition that do not come out right, each with what is shown instead."""
    outcomes = read_outcomes(notebook, lesson)
    return [
        f"{exercise.name}: {', '.join(outcomes[exercise.id]) or 'nothing shown'}"
        for exercise in lesson.exercises
        if outcomes[exercise.id] != (["noted", "as you guessed"] if exercise.is_prediction else ["right"])
    ]


def locate_outcomes(notebook: NotebookNode, exercise: Exercise) -> Iterator[tuple[int, str]]:
    """Yield what is shown of one exercise, each with the position of the cell that shows it."""
    beginning = f"{exercise.name}: "
    reached = False
    for position, cell in enumerate(notebook.cells):
        own = find_tag(cell, EXERCISE) == exercise.id
        reached = reached or own
        if own or (reached and exercise.is_prediction):
            for title in _board_titles(cell):
                if title.startswith(beginning):
                    yield position, title.removeprefix(beginning)


def _board_titles(cell: NotebookNode) -> Iterator[str]:
    """Yield the first line of each board that a cell shows, without its mark."""
    for output in cell.get("outputs", []):
        if text := output.get("data", {}).get("text/plain"):
            yield _MARK.sub("", text.partition("\n")[0])
