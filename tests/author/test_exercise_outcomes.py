"""How exercises stand is read off what their cells show."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lesson_lib.author.exercise_outcomes import find_unsolved, read_outcomes
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.predicting import Fact, Guess
from lesson_lib.classroom.exercises.verdict import Verdict
from tests.author.lessons import LESSON, gardening


def showing(boards: dict[int, Displayable]) -> NotebookNode:
    """The notebook whose cells, by their place, show these."""
    notebook = gardening()
    for place, board in boards.items():
        notebook.cells[place].outputs = [
            new_output("stream", text="Exercise 7.2: right\n"),
            new_output("execute_result", data={"text/plain": repr(board)}, execution_count=1),
        ]
    return notebook


NOTED, AS_GUESSED = Guess("7.1", (8,)), Fact("7.1", "8", "8")
RIGHT = Verdict("7.2", Outcome.RIGHT)


def test_a_solved_notebook_is_right_throughout() -> None:
    """A check is read in its own cell, a prediction in its own and beside its fact."""
    notebook = showing({3: NOTED, 4: AS_GUESSED, 7: RIGHT})
    assert read_outcomes(notebook, LESSON) == {"7.1": ["noted", "as you guessed"], "7.2": ["right"]}
    assert find_unsolved(notebook, LESSON) == []


def test_an_untouched_notebook_says_so() -> None:
    """It shows neither a guess nor an attempt."""
    notebook = showing({3: Guess("7.1", ()), 4: Fact("7.1", "8"), 7: Verdict("7.2", Outcome.NOT_ATTEMPTED)})
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
        ({3: NOTED, 4: OFF, 7: RIGHT}, ["Prediction 7.1: noted, not as you guessed"]),
    ],
)
def test_what_is_not_right_is_named(boards: dict[int, Displayable], wrong: list[str]) -> None:
    """What is shown instead is named; verdicts of other cells or exercises and plain text are ignored."""
    assert find_unsolved(showing(boards), LESSON) == wrong


def test_a_fact_above_its_guess_does_not_count() -> None:
    """A guess after the fact is not a guess."""
    notebook = showing({3: NOTED, 4: AS_GUESSED, 7: RIGHT})
    notebook.cells.insert(0, notebook.cells.pop(4))
    assert find_unsolved(notebook, LESSON) == ["Prediction 7.1: noted"]
