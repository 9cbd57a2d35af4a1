"""How a notebook reads: its number of cells, the lines of its code and the words of its prose.

python -m lesson_lib.author.rhythm                   prints the figures of all notebooks
python -m lesson_lib.author.rhythm NOTEBOOK ...      of these
"""

import re
import sys
from pathlib import Path
from statistics import median

from nbformat import NotebookNode

from lesson_lib.author.notebook_files import NotebookError, list_notebooks, read_notebook
from lesson_lib.author.notebook_rules import list_prose_cells, name_code_cells
from lesson_lib.notebook_cells import EXERCISE, TASK, find_tag

# Without the cells of exercises, which have minutes of their own in the plan. An exercise in the middle of a
# section cuts its prose in two.
MIN_CELLS, MAX_CELLS = 25, 70
MAX_MEDIAN_LINES = 6
MAX_LINES = 20
LONG_CELL_LINES = 15

_HEAD = f"{'notebook':32}{'cells':>7}{'code':>6}{'lines a code cell':>20}{'words a prose cell':>22}"


def count_lines(notebook: NotebookNode) -> dict[str, int]:
    """Return the number of lines of each code cell by the cell's name; blank lines are not counted."""
    return {
        name: len(re.findall(r"^.*\S", cell.source, re.MULTILINE)) for name, cell in name_code_cells(notebook)
    }


def find_broken_rhythm(notebook: NotebookNode) -> list[str]:
    """Find what keeps a notebook from being about 40 short cells, from a promise to what it has taught.

    Cells of tasks and exercises are not counted, but an exercise is as short as any other code cell.
    """
    exercises = sum(bool(find_tag(cell, TASK) or find_tag(cell, EXERCISE)) for cell in notebook.cells)
    reading = len(notebook.cells) - exercises
    lines, found = count_lines(notebook).values() or [0], []
    if not MIN_CELLS <= reading <= MAX_CELLS:
        beside = f", tasks and exercises aside ({exercises})" if exercises else ""
        found.append(f"It has {reading} cells{beside}. A lesson has {MIN_CELLS} to {MAX_CELLS}.")
    if median(lines) > MAX_MEDIAN_LINES:
        found.append(f"The median code cell has {median(lines):g} lines; {MAX_MEDIAN_LINES} are the limit.")
    if max(lines) > MAX_LINES:
        found.append(f"The longest code cell has {max(lines)} lines; {MAX_LINES} are the limit. Split it.")
    if not notebook.cells or notebook.cells[0].cell_type != "markdown":
        found.append("The first cell is not prose. Begin with the promise, and what is needed.")
    if not (prose := list_prose_cells(notebook)) or "You can now" not in prose[-1].source:
        found.append("The last prose cell does not say 'You can now'. End with what the learner has gained.")
    return found


def format_table(paths: list[Path]) -> str:
    """Write a line for each notebook, and below it the names of its long code cells."""
    table = [_HEAD, f"{'':45}{'median, longest':>20}{'min / median / max':>22}"]
    for path in paths:
        notebook = read_notebook(path)
        lines = count_lines(notebook)
        counts = lines.values() or [0]
        words = [len(cell.source.split()) for cell in list_prose_cells(notebook)] or [0]
        code = f"{len(lines):>6}{f'{median(counts):g}, {max(counts)}':>20}"
        prose = f"{min(words)} / {median(words):g} / {max(words)}"
        table.append(f"{path.stem:32}{len(notebook.cells):>7}{code}{prose:>22}")
        table += [
            f"  over {LONG_CELL_LINES} lines: {n}" for n, count in lines.items() if count > LONG_CELL_LINES
        ]
    return "\n".join(table)


def main(arguments: list[str] | None = None) -> int:
    """Print the table for the notebooks that the command line names; return the exit status."""
    named = sys.argv[1:] if arguments is None else arguments
    try:
        print(format_table([Path(name) for name in named] or list_notebooks()))
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
