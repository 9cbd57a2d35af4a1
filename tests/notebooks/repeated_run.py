"""One execution of a notebook, in which each cell runs twice and each exercise is solved."""

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
    """The code cells of three editions of a notebook, with their outputs.

    Attributes:
        first: the first run of each cell of the learner's edition.
        second: its second run; cells with the fact of a prediction have the outputs of the first run.
        solved: the solved edition; cells without an exercise have the outputs of the first run.
    """

    first: NotebookNode
    second: NotebookNode
    solved: NotebookNode


def execute_repeatedly(
    notebook: NotebookNode, lesson: Lesson, folder: Path, *, env: Mapping[str, str] | None = None
) -> RepeatedRun:
    """Run each code cell twice in a row and solve each exercise, all in one kernel.

    An exercise is solved after the last cell that displays it, which is its own cell or, for a prediction,
    the cell of its fact. Such a cell is often the most expensive one, so the learner's edition runs it only
    once: it runs again with the right guess, and is as guessed only if the fact has not changed. Errors do
    not stop the execution; they are among the outputs.

    Args:
        notebook: has its stored outputs, which tell in which cells each exercise is displayed.
        lesson: the lesson of the notebook.
        folder: where the kernel starts.
        env: environment variables for the kernel, in addition to those of this process.
    """
    first = make_learner_edition(notebook, lesson)
    second, solved = deepcopy(first), make_solved_edition(notebook, lesson)
    for edition in (first, second, solved):
        edition.cells = list_code_cells(edition)
    displays = [[index for index, _ in locate_outcomes(first, exercise)] for exercise in lesson.exercises]
    for facts in (indices[1:] for indices in displays):
        for index in facts:
            second.cells[index] = first.cells[index]
    sequence = deepcopy(first)
    sequence.cells = []
    for index, (once, twice) in enumerate(zip(first.cells, second.cells, strict=True)):
        sequence.cells += [once] if once is twice else [once, twice]
        for indices in displays:
            if indices and indices[-1] == index:
                sequence.cells += [solved.cells[each] for each in dict.fromkeys(indices)]
    stopped = wait_for(execute(sequence, folder, through_errors=True, env=env))
    assert not stopped, stopped
    for index in set(range(len(first.cells))).difference(*displays):
        solved.cells[index] = first.cells[index]
    return RepeatedRun(first, second, solved)
