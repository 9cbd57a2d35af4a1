"""A notebook has about 40 short cells, begins with a promise, and ends with what was learned."""

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from lesson_lib.author.rhythm import find_broken_rhythm
from tests.author.lessons import code
from tests.author.test_notebook_rules import lesson


@pytest.mark.parametrize(
    ("broken", "finding"),
    [
        (lesson(pairs=11), "It has 23 cells. A lesson has 25 to 70"),
        (lesson(pairs=36), "It has 73 cells. A lesson"),
        (lesson(source="\n".join(["x = 1"] * 7)), "The median code cell has 7 lines"),
        (lesson(last="The end."), "does not say 'You can now'"),
    ],
)
def test_a_broken_rhythm_is_found(broken: NotebookNode, finding: str) -> None:
    """The notebook has too few, too many or too long cells, or does not say what was learned."""
    [found] = find_broken_rhythm(broken)
    assert finding in found


def test_a_long_cell_and_a_start_in_code_are_found() -> None:
    """Twenty lines are the limit; blank lines do not count."""
    long = lesson()
    long.cells[1].source = "x = 1\n\n" * 20
    assert find_broken_rhythm(long) == []
    long.cells[1].source += "y = 1"
    assert find_broken_rhythm(long) == ["The longest code cell has 21 lines; 20 are the limit. Split it."]
    headless = lesson()
    headless.cells.insert(0, code("x"))
    assert "The first cell is not prose" in find_broken_rhythm(headless)[0]


def test_tasks_and_exercises_are_not_counted() -> None:
    """They are not counted among the cells, but the limit on lines applies to exercises."""
    full, fuller, short = lesson(pairs=34), lesson(pairs=35), lesson(pairs=11)
    full.cells[2:2] = tasks_and_exercises(6)
    assert find_broken_rhythm(full) == []
    fuller.cells[2:2] = tasks_and_exercises(6)
    assert find_broken_rhythm(fuller) == [
        "It has 71 cells, tasks and exercises aside (12). A lesson has 25 to 70."
    ]
    short.cells[2:2] = tasks_and_exercises(6)
    assert "It has 23 cells, tasks and exercises aside (12)." in find_broken_rhythm(short)[0]
    long = lesson()
    long.cells[2:2] = tasks_and_exercises(1)
    long.cells[3].source = "x = 1\n" * 21
    assert find_broken_rhythm(long) == ["The longest code cell has 21 lines; 20 are the limit. Split it."]


def tasks_and_exercises(count: int) -> list[NotebookNode]:
    """Return the cells of this many exercises."""
    return [
        cell
        for number in range(count)
        for cell in (
            new_markdown_cell("Do it.", metadata={"tags": [f"task:7.{number}"]}),
            code("check(...)", f"exercise:7.{number}"),
        )
    ]
