"""A small lesson and its notebook, whose cells only show the outcomes of their exercises."""

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lesson_lib.author.notebook_files import format_notebook
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section


def show(title: str) -> str:
    """Return code that shows the first line of a board, without importing Dagster, which takes seconds."""
    return f'display({{"text/plain": f"· {title}"}}, raw=True)'


def exercise(identifier: str, starter: str, solution: str, *, is_prediction: bool = False) -> Exercise:
    """Return an exercise of three minutes with these two cells."""
    return Exercise(
        id=identifier,
        title=f"Title {identifier}",
        objective="sow",
        minutes=3,
        task=f"Do {identifier}.",
        starter=starter,
        solution=solution,
        takeaway="Done.",
        hints=(),
        is_prediction=is_prediction,
    )


LESSON = Lesson(
    notebook="07_gardening",
    objectives=(Objective("sow", "sow a seed"), Objective("reap", "reap")),
    sections=(Section("What is a seed?", 11, "sow"),),
    exercises=(
        exercise(
            "7.1",
            f"guess = ()\n{show('Prediction 7.1: no guess yet')}",
            f"guess = (8,)\n{show('Prediction 7.1: noted')}",
            is_prediction=True,
        ),
        exercise("7.2", show("Exercise 7.2: not attempted"), show("Exercise 7.2: right")),
    ),
)

FACT = show("Prediction 7.1: {'as you guessed' if guess else 'no guess'}")


def prose(text: str, *tags: str) -> NotebookNode:
    """Return a prose cell."""
    return new_markdown_cell(text, metadata={"tags": list(tags)} if tags else {})


def code(text: str, *tags: str) -> NotebookNode:
    """Return a code cell."""
    return new_code_cell(text, metadata={"tags": list(tags)} if tags else {})


def gardening() -> NotebookNode:
    """Return the notebook of the lesson, whose tagged cells are still empty."""
    cells = [
        prose("# 07 · Gardening\n\nA seed is small."),
        prose("", "objectives"),
        prose("", "task:7.1"),
        code("", "exercise:7.1"),
        code(FACT),
        prose("## What now?"),
        prose("", "task:7.2"),
        code("", "exercise:7.2"),
    ]
    for number, cell in enumerate(cells):
        cell.id = f"cell-{number}"
    return new_notebook(cells=cells)


def save(folder: Path, *cells: NotebookNode, name: str = "lesson") -> Path:
    """Write a notebook with these cells into a folder; their ids are numbered."""
    path = folder / f"{name}.ipynb"
    for number, cell in enumerate(cells):
        cell.id = f"c{number}"
    path.write_text(format_notebook(new_notebook(cells=list(cells))), encoding="utf-8")
    return path
