"""Editions contain the exercises of the lesson in exactly the cells that have their tags."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_output

from lesson_lib.author import editions
from lesson_lib.author.editions import make_clean_edition, make_learner_edition, make_solved_edition
from lesson_lib.author.notebook_files import tidy
from lesson_lib.notebook_cells import NotebookError
from tests.author.lessons import FACT, LESSON, code, gardening, prose

GUESS, SOW = LESSON.exercises
OBJECTIVES = """\
After about 15 minutes, including the exercises, you can:

1. sow a seed
2. reap

In an exercise, `check` runs your answer and reports the result. `hint("7.2")` shows a hint, \
`solution("7.2")` a worked answer, and `progress()` what you have done so far. \
After a break or a restart, run the first code cell. Then `checkpoint()` lists the sections, and \
`checkpoint("07.2")` runs everything that comes before that section."""


def sources(notebook: NotebookNode) -> list[str]:
    """Return the source of each cell."""
    return [cell.source for cell in notebook.cells]


def test_the_learner_gets_tasks_starters_and_objectives() -> None:
    """They replace the sources of their cells; tags, ids, other cells and the original do not change."""
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
        "## 07.1 · What now?",
        "### Exercise 7.2: Title 7.2\n\nDo 7.2.",
        SOW.starter,
    ]
    assert given == before
    for cell, was in zip(edition.cells, given.cells, strict=True):
        assert (cell.id, cell.metadata) == (was.id, was.metadata)
    assert make_learner_edition(edition, LESSON) == edition


def test_a_notebook_of_the_course_links_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """The links stand below the objectives, and again in the last cell, which then has to be there."""
    before, after = replace(LESSON, notebook="06_digging"), replace(LESSON, notebook="08_cut_the_hedge")
    monkeypatch.setattr(editions, "LESSONS", (before, LESSON, after))
    notebook = gardening()
    with pytest.raises(NotebookError, match=r"No cell has the tag 'navigation'\. Add an empty prose cell"):
        make_learner_edition(notebook, LESSON)
    notebook.cells.append(prose("", "navigation"))
    edition = make_learner_edition(notebook, LESSON)
    links = "[← 06 · Digging](06_digging.ipynb) | [→ 08 · Cut the hedge](08_cut_the_hedge.ipynb)"
    assert edition.cells[-1].source == links
    assert edition.cells[1].source == f"{OBJECTIVES}\n\n{links}"


def test_a_lesson_without_checks_does_not_explain_them() -> None:
    """A lesson without objectives needs no cell for them; a few minutes are rounded to five."""
    guessing = replace(LESSON, sections=(), exercises=(GUESS,))
    notebook = gardening()
    del notebook.cells[6:]
    objectives = make_learner_edition(notebook, guessing).cells[1].source
    assert objectives == "After about 5 minutes, including the exercises, you can:\n\n1. sow a seed\n2. reap"
    del notebook.cells[1]
    make_learner_edition(notebook, replace(guessing, objectives=()))


def test_the_solved_edition_is_marked_in_its_title() -> None:
    """It has solutions where the learner's edition has starters, and is otherwise the same."""
    solved, learners = make_solved_edition(gardening(), LESSON), make_learner_edition(gardening(), LESSON)
    assert solved.cells[0].source == "# 07 · Gardening (solutions)\n\nA seed is small."
    assert (solved.cells[3].source, solved.cells[7].source) == (GUESS.solution, SOW.solution)
    assert [cell for number, cell in enumerate(solved.cells) if number not in (0, 3, 7)] == [
        cell for number, cell in enumerate(learners.cells) if number not in (0, 3, 7)
    ]


@pytest.mark.parametrize("cells", [[], [prose("07 · Gardening")]])
def test_a_solved_edition_needs_a_title(cells: list[NotebookNode]) -> None:
    """A notebook without the mark could be mistaken for the learner's edition."""
    notebook = gardening()
    notebook.cells = cells
    with pytest.raises(
        NotebookError,
        match=r"^07_gardening\.ipynb: The notebook does not begin with a title\. Let its first cell begin",
    ):
        make_solved_edition(notebook, replace(LESSON, objectives=(), exercises=()))


def test_a_clean_copy_has_no_trace_of_a_run() -> None:
    """Outputs, counts, times and widgets are removed; tags, sources and the original stay."""
    notebook = gardening()
    notebook.metadata["widgets"] = {"state": {}}
    ran = notebook.cells[3]
    ran.outputs, ran.execution_count = [new_output("stream", text="8 rows")], 4
    ran.metadata["execution"] = {"iopub.execute_input": "2031-05-06T07:08"}
    before = deepcopy(notebook)
    assert make_clean_edition(notebook) == tidy(gardening())
    assert notebook == before


def added(*cells: NotebookNode) -> Callable[[NotebookNode], None]:
    """Return a function that adds cells at the end."""
    return lambda notebook: notebook.cells.extend(cells)


def tagged(number: int, *tags: str) -> Callable[[NotebookNode], None]:
    """Return a function that replaces the tags of a cell."""
    return lambda notebook: notebook.cells[number].metadata.update(tags=list(tags))


WRONG: dict[str, tuple[Callable[[NotebookNode], None], list[str]]] = {
    "no such exercise": (
        added(code("", "exercise:7.9")),
        [
            (
                "A cell has the tag 'exercise:7.9', for which its lesson has nothing. Correct the tag, or "
                "add what is missing to lesson_lib/course/07."
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
def test_a_tag_without_its_counterpart_is_an_error(
    edition: Callable[..., NotebookNode], spoil: Callable[[NotebookNode], None], findings: list[str]
) -> None:
    """The message has the notebook, the tag and the next move for each fault."""
    notebook = gardening()
    spoil(notebook)
    with pytest.raises(NotebookError) as raised:
        edition(notebook, LESSON)
    assert str(raised.value).splitlines() == [f"07_gardening.ipynb: {finding}" for finding in findings]
