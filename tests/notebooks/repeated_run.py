"""One execution of a notebook that proves that its cells can be repeated and its exercises solved."""

from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode

from lesson_lib.author.editions import make_learner_edition, make_solved_edition
from lesson_lib.author.exercise_outcomes import locate_outcomes
from lesson_lib.author.notebook_rules import list_code_cells
from lesson_lib.author.notebook_runner import execute, wait_for
from lesson_lib.classroom.exercises.plan import Lesson


class RepeatedRun(NamedTuple):
    """The code cells of three editions of a notebook, with what they showed.

    Attributes:
        first: the learner's edition, the first of two runs in a row.
        again: the learner's edition, the second run; the cell of a prediction's fact has its first outputs.
        solved: the solved edition; cells that show no exercise have the outputs of their first run.
    """

    first: NotebookNode
    again: NotebookNode
    solved: NotebookNode


def execute_repeatedly(
    notebook: NotebookNode, lesson: Lesson, folder: Path, *, env: Mapping[str, str] | None = None
) -> RepeatedRun:
    """Run each code cell twice in a row and solve each exercise, all of it in one kernel.

    An exercise is solved after the last cell that shows it: its own or, for a prediction, that of its fact.
    The second run of a fact's cell, often the most expensive one, is the one with the guess: it comes out as
    guessed only if the fact is the same again. Errors do not stop the run: they are among the outputs.

    Args:
        notebook: with its stored outputs, which tell where each exercise is shown.
        lesson: the lesson of the notebook.
        folder: where the kernel starts.
        env: environment variables for the kernel, over those of this process.
    """
    first = make_learner_edition(notebook, lesson)
    again, solved = deepcopy(first), make_solved_edition(notebook, lesson)
    for edition in (first, again, solved):
        edition.cells = list_code_cells(edition)
    shown = [[place for place, _ in locate_outcomes(first, exercise)] for exercise in lesson.exercises]
    for facts in (places[1:] for places in shown):
        for place in facts:
            again.cells[place] = first.cells[place]
    sequence = deepcopy(first)
    sequence.cells = []
    for place, (once, twice) in enumerate(zip(first.cells, again.cells, strict=True)):
        sequence.cells += [once] if once is twice else [once, twice]
        for places in shown:
            if places and places[-1] == place:
                sequence.cells += [solved.cells[each] for each in dict.fromkeys(places)]
    stopped = wait_for(execute(sequence, folder, through_errors=True, env=env))
    assert not stopped, stopped
    for place in set(range(len(first.cells))).difference(*shown):
        solved.cells[place] = first.cells[place]
    return RepeatedRun(first, again, solved)
