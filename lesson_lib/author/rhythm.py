"""Print how notebooks read, for their author: cells, lines a code cell, words a prose cell.

python -m lesson_lib.author.rhythm                   all of them
python -m lesson_lib.author.rhythm NOTEBOOK ...      these
"""

import sys
from pathlib import Path

from lesson_lib.author.notebook_rules import rhythm
from lesson_lib.author.notebook_runs import NotebookError, course_notebooks, read

_HEAD = f"{'notebook':32}{'cells':>7}{'code':>6}{'lines a code cell':>20}{'words a prose cell':>22}"


def table(paths: list[Path]) -> str:
    """A line for each notebook, and under it the name of each code cell of more than 15 lines."""
    lines = [_HEAD, f"{'':45}{'median, longest':>20}{'min / median / max':>22}"]
    for path in paths:
        read_as = rhythm(read(path))
        counts = f"{read_as.median_lines:g}, {read_as.longest}"
        words = f"{read_as.fewest_words} / {read_as.median_words:g} / {read_as.most_words}"
        lines.append(f"{path.stem:32}{read_as.cells:>7}{read_as.code_cells:>6}{counts:>20}{words:>22}")
        lines += [f"  over 15 lines: {name}" for name in read_as.long_cells]
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print the table for what the command line names; return the exit status."""
    named = sys.argv[1:] if arguments is None else arguments
    try:
        print(table([Path(name) for name in named] or course_notebooks()))
    except (NotebookError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
