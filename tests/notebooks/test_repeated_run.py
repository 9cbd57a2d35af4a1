"""One execution shows what does not repeat, and how solved exercises come out."""

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


def stored(*cells: NotebookNode) -> NotebookNode:
    """The lesson's notebook with more cells, and the outputs that tell where its exercises are shown."""
    notebook = gardening()
    notebook.cells += cells
    for place, title in (
        (3, "Prediction 7.1: no guess yet"),
        (4, "Prediction 7.1: no guess"),
        (7, "Exercise 7.2: not attempted"),
    ):
        notebook.cells[place].outputs = [new_output("display_data", data={"text/plain": f"· {title}"})]
    return notebook


def test_what_changes_in_a_second_run_is_found(tmp_path: Path) -> None:
    """A cell that works only once is found, and one that shows something else; the tag allows that."""
    notebook = stored(
        code("rows, here = [], True"),
        code("rows.append(8)\nlen(rows)"),
        code("del here"),
        code("rows.append(8)\nlen(rows)", "changes-when-repeated"),
        code("rows = []\nlen(rows)"),
    )

    run = execute_repeatedly(notebook, LESSON, tmp_path)

    raised, changed, gone = rules.find_unrepeatable_cells(run.first, run.again)
    assert raised.startswith("run again, In [6] 'del here': it raised NameError, which no tag announces.")
    assert changed.startswith("In [5] 'rows.append(8)': run again, text/plain: '1' became '2'.")
    assert gone.startswith("In [6] 'del here': run again, its outputs [] became [['error']].")


def test_the_solved_edition_is_run_after_the_learners(tmp_path: Path) -> None:
    """Untouched, nothing is attempted, twice; then each solution comes out right, and so does the fact."""
    notebook = stored(code("1 / 0"))

    run = execute_repeatedly(notebook, LESSON, tmp_path, env={"TZ": "Pacific/Kiritimati"})

    for edition in (run.first, run.again):
        assert read_outcomes(edition, LESSON) == read_outcomes(notebook, LESSON)
    assert find_unsolved(run.solved, LESSON) == []
    assert rules.find_unannounced_errors(run.solved) == rules.find_unannounced_errors(run.first) != []
    assert len(run.first.cells) == len(run.again.cells) == len(run.solved.cells) == 4
    assert notebook == stored(notebook.cells[-1])
