"""The outcomes of the exercises in an executed notebook, read from the outputs of its cells."""

import re
from collections.abc import Iterator

from nbformat import NotebookNode

from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.notebook_cells import EXERCISE, find_tag

_MARK = re.compile(r"^\S ")


def read_outcomes(notebook: NotebookNode, lesson: Lesson) -> dict[str, list[str]]:
    """Return the outcomes of each exercise, such as `{"1.2": ["right"]}`.

    A prediction has two, that of its own cell and that of the cell with its fact:
    `{"1.1": ["noted", "as you guessed"]}`.
    """
    return {
        exercise.id: [outcome for _, outcome in locate_outcomes(notebook, exercise)]
        for exercise in lesson.exercises
    }


def find_unsolved(notebook: NotebookNode, lesson: Lesson) -> list[str]:
    """List the exercises of a solved edition that are not right, each with its outcomes."""
    outcomes = read_outcomes(notebook, lesson)
    return [
        f"{exercise.name}: {', '.join(outcomes[exercise.id]) or 'nothing shown'}"
        for exercise in lesson.exercises
        if outcomes[exercise.id] != (["noted", "as you guessed"] if exercise.is_prediction else ["right"])
    ]


def locate_outcomes(notebook: NotebookNode, exercise: Exercise) -> Iterator[tuple[int, str]]:
    """Yield the outcomes of one exercise, each with the position of the cell that shows it."""
    beginning, reached = f"{exercise.name}: ", False
    for position, cell in enumerate(notebook.cells):
        own = find_tag(cell, EXERCISE) == exercise.id
        reached = reached or own
        if own or (reached and exercise.is_prediction):
            texts = [output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])]
            for text in texts:
                title = _MARK.sub("", text.partition("\n")[0])
                if title.startswith(beginning):
                    yield position, title.removeprefix(beginning)
