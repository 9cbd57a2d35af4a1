"""Editions hold what the registry says, in exactly the cells whose tags ask for it."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lesson_lib.author.editions import (
    WrongCells,
    make_clean_edition,
    make_learner_edition,
    make_solved_edition,
)
from tests.author.lessons import FACT, LESSON, code, gardening, prose

GUESS, SOW = LESSON.exercises
OBJECTIVES = """\
After some 15 minutes, exercises included, you can:

1. sow a seed
2. reap

In an exercise, `check` runs your answer and says how it stands; `hint("7.2")` helps a little, \
`solution("7.2")` shows a worked answer, and `progress()` what you have done so far. \
After a break or a restart, run the first code cell; `checkpoint()` then lists the sections, and \
`checkpoint("07.2")` brings you to the start of one."""


def sources(notebook: NotebookNode) -> list[str]:
    """What each cell holds."""
    return [cell.source for cell in notebook.cells]


def test_the_learner_gets_tasks_starters_and_objectives() -> None:
    """They replace what was there; tags, ids, all other cells and the original do not change."""
    given = gardening()
    given.cells[3].source = "what a learner wrote"
    before = deepcopy(given)
    edition = make_learner_edition(given, LESSON)
    assert sources(edition) == [
        "# 07 · Gardening\n\nA seed is small.",
        OBJECTIVES,
        "### Prediction 7.1: Title 7.1\n\nDo 7.1.",
        GUESS.starter,
        FACT,
        "## What now?",
        "### Exercise 7.2: Title 7.2\n\nDo 7.2.",
        SOW.starter,
    ]
    assert given == before
    for cell, was in zip(edition.cells, given.cells, strict=True):
        assert (cell.id, cell.metadata) == (was.id, was.metadata)
    assert make_learner_edition(edition, LESSON) == edition


def test_a_lesson_without_checks_explains_none() -> None:
    """It lists no objectives if it has none; a few minutes are rounded to five."""
    guessing = replace(LESSON, sections=(), exercises=(GUESS,))
    notebook = gardening()
    del notebook.cells[6:]
    objectives = make_learner_edition(notebook, guessing).cells[1].source
    assert objectives == "After some 5 minutes, exercises included, you can:\n\n1. sow a seed\n2. reap"
    del notebook.cells[1]
    make_learner_edition(notebook, replace(guessing, objectives=()))


def test_the_solved_edition_says_so_in_its_title() -> None:
    """It holds solutions where the learner's has starters, and differs in nothing else."""
    solved, learners = make_solved_edition(gardening(), LESSON), make_learner_edition(gardening(), LESSON)
    assert solved.cells[0].source == "# 07 · Gardening (solutions)\n\nA seed is small."
    assert (solved.cells[3].source, solved.cells[7].source) == (GUESS.solution, SOW.solution)
    assert [cell for number, cell in enumerate(solved.cells) if number not in (0, 3, 7)] == [
        cell for number, cell in enumerate(learners.cells) if number not in (0, 3, 7)
    ]


@pytest.mark.parametrize("cells", [[], [prose("07 · Gardening")]])
def test_a_solved_edition_is_never_without_the_mark(cells: list[NotebookNode]) -> None:
    """A notebook without a title could be taken for the learner's."""
    notebook = gardening()
    notebook.cells = cells
    with pytest.raises(WrongCells, match=r"does not begin with a title\. Let its first cell begin"):
        make_solved_edition(notebook, replace(LESSON, objectives=(), exercises=()))


def test_a_clean_copy_is_as_if_nobody_had_run_it() -> None:
    """Outputs, counts, times and widgets are removed; tags, sources and the original stay."""
    notebook = gardening()
    notebook.metadata["widgets"] = {"state": {}}
    ran = notebook.cells[3]
    ran.outputs, ran.execution_count = [new_output("stream", text="8 rows")], 4
    ran.metadata["execution"] = {"iopub.execute_input": "2031-05-06T07:08"}
    before = deepcopy(notebook)
    assert make_clean_edition(notebook) == gardening()
    assert notebook == before


def added(*cells: NotebookNode) -> Callable[[NotebookNode], None]:
    """Add cells at the end."""
    return lambda notebook: notebook.cells.extend(cells)


def tagged(number: int, *tags: str) -> Callable[[NotebookNode], None]:
    """Tag a cell otherwise."""
    return lambda notebook: notebook.cells[number].metadata.update(tags=list(tags))


WRONG: dict[str, tuple[Callable[[NotebookNode], None], list[str]]] = {
    "no such exercise": (
        added(code("", "exercise:7.9")),
        [
            (
                "A cell has the tag 'exercise:7.9', for which its lesson has nothing. Correct the tag, or "
                "add what is missing to the lesson in lesson_lib/classroom/exercises."
            )
        ],
    ),
    "no code cell": (
        tagged(7),
        ["No cell has the tag 'exercise:7.2'. Add an empty code cell with it."],
    ),
    "no prose cell": (
        tagged(6),
        ["No cell has the tag 'task:7.2'. Add an empty prose cell with it."],
    ),
    "no objectives": (
        tagged(1, "hide-input"),
        ["No cell has the tag 'objectives'. Add an empty prose cell with it."],
    ),
    "two cells": (
        added(code("", "exercise:7.2")),
        ["2 cells have the tag 'exercise:7.2'. Leave it on one of them."],
    ),
    "an exercise in prose": (
        lambda notebook: notebook.cells.__setitem__(7, prose("", "exercise:7.2")),
        ["The tag 'exercise:7.2' is on a prose cell. Put it on a code cell."],
    ),
    "a task in code": (
        lambda notebook: notebook.cells.__setitem__(6, code("", "task:7.2")),
        ["The tag 'task:7.2' is on a code cell. Put it on a prose cell."],
    ),
    "one cell for two": (
        lambda notebook: (tagged(6, "task:7.2", "objectives")(notebook), tagged(1)(notebook))[0],
        ["One cell has the tags 'task:7.2' and 'objectives'. Give each a cell of its own."],
    ),
}


@pytest.mark.parametrize("edition", [make_learner_edition, make_solved_edition])
@pytest.mark.parametrize(("spoil", "findings"), WRONG.values(), ids=WRONG)
def test_a_tag_without_its_counterpart_is_refused(
    edition: Callable[..., NotebookNode], spoil: Callable[[NotebookNode], None], findings: list[str]
) -> None:
    """The message names the tag and the next move, and nothing else."""
    notebook = gardening()
    spoil(notebook)
    with pytest.raises(WrongCells) as refused:
        edition(notebook, LESSON)
    assert str(refused.value).splitlines() == findings
