"""One execution finds cells that cannot be repeated, and the outcomes of solved exercises."""

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_output

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author.exercise_outcomes import find_unsolved, read_outcomes
from tests.author.lessons import LESSON, code, gardening
from tests.notebooks.repeated_run import execute_repeatedly

OUTCOMES = {
    3: "Prediction 7.1: no guess yet",
    4: "Prediction 7.1: no guess",
    7: "Exercise 7.2: not attempted",
}


def make_notebook(*cells: NotebookNode) -> NotebookNode:
    """Return the lesson's notebook with its stored outcomes, and with more cells at its end."""
    notebook = gardening()
    notebook.cells += cells
    for index, title in OUTCOMES.items():
        notebook.cells[index].outputs = [new_output("display_data", data={"text/plain": f"· {title}"})]
    return notebook


def test_cells_that_cannot_be_repeated_are_found(tmp_path: Path) -> None:
    """A cell that fails or changes its outputs in its second run is found, unless a tag allows the change."""
    notebook = make_notebook(
        code("rows, here = [], True"),
        code("rows.append(8)\nlen(rows)"),
        code("del here"),
        code("rows.append(8)\nlen(rows)", "changes-when-repeated"),
        code("rows = []\nlen(rows)"),
    )

    run = execute_repeatedly(notebook, LESSON, tmp_path)

    raised, changed, gone = rules.find_unrepeatable_cells(run.first, run.second)
    assert raised.startswith("run again, In [6] 'del here': it raised NameError, which no tag announces.")
    assert changed.startswith("In [5] 'rows.append(8)': run again, text/plain: '1' became '2'.")
    assert gone.startswith("In [6] 'del here': run again, its outputs [] became [['error']].")


def test_exercises_are_solved_after_the_learners_edition(tmp_path: Path) -> None:
    """Nothing is attempted in either run of the learner's edition; then each solution and fact is right."""
    notebook = make_notebook(code("1 / 0"))

    run = execute_repeatedly(notebook, LESSON, tmp_path, env={"TZ": "Pacific/Kiritimati"})

    for edition in (run.first, run.second):
        assert read_outcomes(edition, LESSON) == read_outcomes(notebook, LESSON)
    assert find_unsolved(run.solved, LESSON) == []
    assert rules.find_unannounced_errors(run.solved) == rules.find_unannounced_errors(run.first) != []
    assert len(run.first.cells) == len(run.second.cells) == len(run.solved.cells) == 4
    assert notebook == make_notebook(notebook.cells[-1])
