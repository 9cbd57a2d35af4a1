"""Write the exercises into the notebooks, execute them, and store what they show.

python -m lesson_lib.author.renew_notebooks                   all of them
python -m lesson_lib.author.renew_notebooks NOTEBOOK ...      these
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

import lesson_lib.author.notebook_rules as rules
from lesson_lib.author.editions import make_learner_edition
from lesson_lib.author.notebook_files import list_notebooks, read_notebook, tidy, write_notebook
from lesson_lib.author.notebook_runner import execute, wait_for
from lesson_lib.author.rhythm import find_broken_rhythm
from lesson_lib.classroom.exercises.catalogue import find_lesson
from lesson_lib.notebook_cells import NotebookError

MAX_KERNELS = 2


async def renew(path: Path) -> tuple[bool, list[str]]:
    """Fill in and execute one notebook and write it back; a notebook of no lesson has nothing to fill in.

    Returns:
        Whether the file changed, and what the tests would find wrong in it as it is now.

    Raises:
        NotebookError: it cannot be read, its tags do not fit its lesson, a cell failed unannounced, or an
            announced error did not come. The file has not changed.
    """
    notebook, lesson = read_notebook(path), find_lesson(path.stem)
    if lesson:
        notebook = make_learner_edition(notebook, lesson)
    if stopped := await execute(notebook, path.parent):
        raise NotebookError(f"{path.name}: {stopped}.")
    notebook = tidy(notebook)
    if wrong := rules.find_unannounced_errors(notebook):
        raise NotebookError("\n".join(f"{path.name}, {finding}" for finding in wrong))
    return write_notebook(path, notebook), [
        *rules.find_cells_out_of_order(notebook),
        *rules.find_hidden_values(notebook),
        *rules.find_stderr(notebook),
        *rules.find_unstable_text(notebook),
        *rules.find_fetches(notebook),
        *rules.find_excess_markers(notebook),
        *find_broken_rhythm(notebook),
        *(rules.find_leaked_answers(notebook, lesson) if lesson else []),
    ]


async def renew_and_report(path: Path, turns: asyncio.Semaphore) -> bool:
    """Renew one notebook in its turn, print how it went, and return whether it was executed to its end."""
    async with turns:
        began = time.perf_counter()
        try:
            changed, findings = await renew(path)
        except NotebookError as error:
            print(f"{error}\n{path.name} has not changed. Correct the cell and renew again.", file=sys.stderr)
            return False
        took = time.perf_counter() - began
    state = f"{path.name}: {'renewed' if changed else 'unchanged'}, {took:.1f} s"
    print("\n".join([state, *(f"  to correct before you commit: {finding}" for finding in findings)]))
    return True


async def renew_all(paths: list[Path]) -> bool:
    """Renew the notebooks beside each other, and return whether all of them were executed to their end."""
    turns = asyncio.Semaphore(MAX_KERNELS)
    return all(await asyncio.gather(*(renew_and_report(path, turns) for path in paths)))


def main(arguments: list[str] | None = None) -> int:
    """Renew the notebooks that the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description="Fill in, execute and store notebooks.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="the notebooks; all by default")
    paths = parser.parse_args(arguments).notebooks or list_notebooks()
    if missing := [path for path in paths if not path.is_file()]:
        parser.error(f"there is no notebook {', '.join(map(str, missing))}. Check the name.")
    return 0 if wait_for(renew_all(paths)) else 1


if __name__ == "__main__":
    sys.exit(main())
