"""The rhythm of a notebook: how many cells it has, how long they are, and how it begins and ends."""

import re
from statistics import median

from nbformat import NotebookNode

from lesson_lib.author.notebook_rules import list_code_cells, list_prose_cells
from lesson_lib.notebook_cells import EXERCISE, NAVIGATION, TASK, find_tag, get_tags

# Without the cells of exercises, which have minutes of their own in the plan. An exercise in the middle of a
# section cuts its prose in two.
MIN_CELLS, MAX_CELLS = 25, 70
MAX_MEDIAN_LINES = 6
MAX_LINES = 20


def find_broken_rhythm(notebook: NotebookNode) -> list[str]:
    """Find what keeps a notebook from being about 40 short cells, from a promise to what it has taught.

    Cells of tasks and exercises are not counted, but an exercise is as short as any other code cell. Blank
    lines are not counted.
    """
    exercises = sum(bool(find_tag(cell, TASK) or find_tag(cell, EXERCISE)) for cell in notebook.cells)
    links = sum(NAVIGATION in get_tags(cell) for cell in notebook.cells)
    reading = len(notebook.cells) - exercises - links
    sources = [cell.source for cell in list_code_cells(notebook)]
    lines = [len(re.findall(r"^.*\S", source, re.MULTILINE)) for source in sources] or [0]
    found: list[str] = []
    if not MIN_CELLS <= reading <= MAX_CELLS:
        beside = f", tasks and exercises aside ({exercises})" if exercises else ""
        found.append(f"It has {reading} cells{beside}. A lesson has {MIN_CELLS} to {MAX_CELLS}.")
    if median(lines) > MAX_MEDIAN_LINES:
        found.append(f"The median code cell has {median(lines):g} lines; {MAX_MEDIAN_LINES} are the limit.")
    if max(lines) > MAX_LINES:
        found.append(f"The longest code cell has {max(lines)} lines; {MAX_LINES} are the limit. Split it.")
    if not notebook.cells or notebook.cells[0].cell_type != "markdown":
        found.append("The first cell is not prose. Begin with the promise, and what is needed.")
    prose = [cell for cell in list_prose_cells(notebook) if NAVIGATION not in get_tags(cell)]
    if not prose or "You can now" not in prose[-1].source:
        found.append("The last prose cell does not say 'You can now'. End with what the learner has gained.")
    return found
