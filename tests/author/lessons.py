"""A small lesson and its notebook, whose cells need nothing but the board that they show."""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section

_GUESS = "from lesson_lib.classroom.exercises.predicting import Guess"
_VERDICT = (
    "from lesson_lib.classroom.exercises.verdict import Verdict\n"
    "from lesson_lib.classroom.exercises.outcome import Outcome"
)


def exercise(identifier: str, starter: str, solution: str, *, is_prediction: bool = False) -> Exercise:
    """An exercise of three minutes with these two cells."""
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
        scenarios=(),
        also_right=(),
        wrong=(),
        is_prediction=is_prediction,
    )


LESSON = Lesson(
    notebook="07_gardening",
    objectives=(Objective("sow", "sow a seed"), Objective("reap", "reap")),
    sections=(Section("What is a seed?", 11, "sow"),),
    exercises=(
        exercise("7.1", f'{_GUESS}\nGuess("7.1", ())', f'{_GUESS}\nGuess("7.1", (8,))', is_prediction=True),
        exercise(
            "7.2",
            f'{_VERDICT}\nVerdict("7.2", Outcome.NOT_ATTEMPTED)',
            f'{_VERDICT}\nVerdict("7.2", Outcome.RIGHT)',
        ),
    ),
)

FACT = """\
from lesson_lib.classroom.exercises.predicting import Fact
Fact("7.1", "8", "8")"""


def prose(text: str, *tags: str) -> NotebookNode:
    """A prose cell."""
    return new_markdown_cell(text, metadata={"tags": list(tags)} if tags else {})


def code(text: str, *tags: str) -> NotebookNode:
    """A code cell."""
    return new_code_cell(text, metadata={"tags": list(tags)} if tags else {})


def gardening() -> NotebookNode:
    """The lesson's notebook, with nothing in its tagged cells yet."""
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
