"""The outcomes of exercises are read from what their cells show."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lesson_lib.author.exercise_outcomes import find_unsolved, read_outcomes
from lesson_lib.classroom.display.displayable import Displayable, DisplayableBoard
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.predicting import Fact
from lesson_lib.classroom.exercises.verdict import Verdict
from tests.author.lessons import LESSON, gardening


def showing(boards: dict[int, Displayable]) -> NotebookNode:
    """Return the notebook with these boards as outputs, by the position of their cells."""
    notebook = gardening()
    for place, board in boards.items():
        notebook.cells[place].outputs = [
            new_output("stream", text="Exercise 7.2: right\n"),
            new_output("execute_result", data={"text/plain": repr(board)}, execution_count=1),
        ]
    return notebook


NOTED, AS_GUESSED = DisplayableBoard("○ Prediction 7.1: noted"), Fact("7.1", "8", "8")
RIGHT = Verdict("7.2", Outcome.RIGHT)


def test_a_solved_notebook_has_only_right_outcomes() -> None:
    """A check is read from its own cell, and a prediction from its own and from that of its fact."""
    notebook = showing({3: NOTED, 4: AS_GUESSED, 7: RIGHT})
    assert read_outcomes(notebook, LESSON) == {"7.1": ["noted", "as you guessed"], "7.2": ["right"]}
    assert find_unsolved(notebook, LESSON) == []


def test_an_unanswered_notebook_has_no_guess_and_no_attempt() -> None:
    """The outcomes are those that `predict`, `fact` and `check` show before anybody answers."""
    no_guess = DisplayableBoard("○ Prediction 7.1: no guess yet")
    notebook = showing({3: no_guess, 4: Fact("7.1", "8"), 7: Verdict("7.2", Outcome.NOT_ATTEMPTED)})
    assert read_outcomes(notebook, LESSON) == {"7.1": ["no guess yet", "no guess"], "7.2": ["not attempted"]}


OFF = Fact("7.1", "9", "8", is_off=True)
NOT_YET = Verdict("7.2", Outcome.NOT_YET)
ANOTHER = Verdict("7.20", Outcome.RIGHT)


@pytest.mark.parametrize(
    ("boards", "wrong"),
    [
        ({3: NOTED, 4: AS_GUESSED}, ["Exercise 7.2: nothing shown"]),
        ({3: NOTED, 4: AS_GUESSED, 7: NOT_YET}, ["Exercise 7.2: not yet"]),
        ({3: NOTED, 4: AS_GUESSED, 7: ANOTHER}, ["Exercise 7.2: nothing shown"]),
        ({3: NOTED, 4: RIGHT}, ["Prediction 7.1: noted", "Exercise 7.2: nothing shown"]),
        ({4: AS_GUESSED, 7: RIGHT}, ["Prediction 7.1: as you guessed"]),
        ({3: NOTED, 4: OFF, 7: RIGHT}, ["Prediction 7.1: noted, not what you guessed"]),
    ],
)
def test_exercises_that_are_not_right_are_named(boards: dict[int, Displayable], wrong: list[str]) -> None:
    """The finding names the outcome; verdicts of other cells or exercises and plain text are ignored."""
    assert find_unsolved(showing(boards), LESSON) == wrong


def test_a_fact_above_its_guess_does_not_count() -> None:
    """The fact of a prediction is only looked for below its guess."""
    notebook = showing({3: NOTED, 4: AS_GUESSED, 7: RIGHT})
    notebook.cells.insert(0, notebook.cells.pop(4))
    assert find_unsolved(notebook, LESSON) == ["Prediction 7.1: noted"]
