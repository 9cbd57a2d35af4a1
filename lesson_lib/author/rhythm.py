"""How a notebook reads: its number of cells, the lines of its code and the words of its prose.

python -m lesson_lib.author.rhythm                   prints the figures of all notebooks
python -m lesson_lib.author.rhythm NOTEBOOK ...      of these
"""

import re
import sys
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Rhythm:
    """The figures of a notebook; blank lines are not counted.

    Attributes:
        cells: all of them.
        exercise_cells: those of them that are a task or an exercise.
        lines: of each code cell, by its name.
        words: of each prose cell.
    """

    cells: int
    exercise_cells: int
    lines: dict[str, int]
    words: list[int]

    @property
    def median_lines(self) -> float:
        """The median of the code cells' lines."""
        return median(self.lines.values() or [0])

    @property
    def most_lines(self) -> int:
        """The lines of the longest code cell."""
        return max(self.lines.values(), default=0)


def measure_rhythm(notebook: NotebookNode) -> Rhythm:
    """Count a notebook's cells, lines and words."""
    return Rhythm(
        cells=len(notebook.cells),
        exercise_cells=sum(bool(find_tag(cell, TASK) or find_tag(cell, EXERCISE)) for cell in notebook.cells),
        lines={
            name: len(re.findall(r"^.*\S", cell.source, re.MULTILINE))
            for name, cell in name_code_cells(notebook)
        },
        words=[len(cell.source.split()) for cell in list_prose_cells(notebook)],
    )


def find_broken_rhythm(notebook: NotebookNode) -> list[str]:
    """Find what keeps a notebook from being about 40 short cells, from a promise to what it has taught.

    Cells of tasks and exercises are not counted, but an exercise is as short as any other code cell.
    """
    rhythm, found = measure_rhythm(notebook), []
    reading = rhythm.cells - rhythm.exercise_cells
    if not MIN_CELLS <= reading <= MAX_CELLS:
        beside = f", tasks and exercises aside ({rhythm.exercise_cells})" if rhythm.exercise_cells else ""
        found.append(f"It has {reading} cells{beside}. A lesson has {MIN_CELLS} to {MAX_CELLS}.")
    if rhythm.median_lines > MAX_MEDIAN_LINES:
        found.append(
            f"The median code cell has {rhythm.median_lines:g} lines; {MAX_MEDIAN_LINES} are the limit."
        )
    if rhythm.most_lines > MAX_LINES:
        found.append(
            f"The longest code cell has {rhythm.most_lines} lines; {MAX_LINES} are the limit. Split it."
        )
    if not notebook.cells or notebook.cells[0].cell_type != "markdown":
        found.append("The first cell is not prose. Begin with the promise, and what is needed.")
    if not (prose := list_prose_cells(notebook)) or "You can now" not in prose[-1].source:
        found.append("The last prose cell does not say 'You can now'. End with what the learner has gained.")
    return found


def format_table(paths: list[Path]) -> str:
    """Write a line for each notebook, and below it the names of its long code cells."""
    table = [_HEAD, f"{'':45}{'median, longest':>20}{'min / median / max':>22}"]
    for path in paths:
        rhythm = measure_rhythm(read_notebook(path))
        lines = f"{rhythm.median_lines:g}, {rhythm.most_lines}"
        counts = rhythm.words or [0]
        words = f"{min(counts)} / {median(counts):g} / {max(counts)}"
        table.append(f"{path.stem:32}{rhythm.cells:>7}{len(rhythm.lines):>6}{lines:>20}{words:>22}")
        long = (name for name, count in rhythm.lines.items() if count > LONG_CELL_LINES)
        table += [f"  over {LONG_CELL_LINES} lines: {name}" for name in long]
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
