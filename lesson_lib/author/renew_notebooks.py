"""Fill in the exercises' cells from the library, execute notebooks, and store what they show.

python -m lesson_lib.author.renew_notebooks                   all of them
python -m lesson_lib.author.renew_notebooks NOTEBOOK ...      these
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path

from lesson_lib.author.editions import WrongCells, learner_edition
from lesson_lib.author.notebook_rules import (
    cells_ran_in_order,
    errors_are_announced,
    ignores_are_few,
    machine_places,
    no_answer_is_given_away,
    no_semicolon_hides,
    nothing_fetched,
    nothing_on_stderr,
    nothing_unstable,
    rhythm_is_kept,
)
from lesson_lib.author.notebook_runs import NotebookError, course_notebooks, executed, read, write
from lesson_lib.classroom.exercises.catalogue import find_lesson

WORKERS = 2


async def renewed(path: Path) -> tuple[bool, list[str]]:
    """Fill in and execute one notebook and write it back; a notebook of no lesson has nothing to fill in.

    Returns:
        Whether the file changed, and what the tests would object to in it as it is now.

    Raises:
        NotebookError: it cannot be read, its tags do not fit its lesson, a cell failed that was not to fail,
            or one did not fail that was to. The file is then untouched.
    """
    notebook, lesson = read(path), find_lesson(path.stem)
    if lesson:
        try:
            notebook = learner_edition(notebook, lesson)
        except WrongCells as error:
            wrong = str(error).splitlines()
            raise NotebookError("\n".join(f"{path.name}: {finding}" for finding in wrong)) from error
    notebook = await executed(path, notebook)
    if wrong := errors_are_announced(notebook):
        raise NotebookError("\n".join(f"{path.name}, {finding}" for finding in wrong))
    return write(path, notebook), [
        *cells_ran_in_order(notebook),
        *no_semicolon_hides(notebook),
        *nothing_on_stderr(notebook),
        *nothing_unstable(notebook, places=machine_places()),
        *nothing_fetched(notebook),
        *ignores_are_few(notebook),
        *rhythm_is_kept(notebook),
        *(no_answer_is_given_away(notebook, lesson) if lesson else []),
    ]


async def renew(paths: list[Path]) -> bool:
    """Renew the notebooks side by side, say how each went, and return whether all were executed."""
    turns = asyncio.Semaphore(WORKERS)

    async def say(path: Path) -> bool:
        async with turns:
            began = time.perf_counter()
            try:
                changed, findings = await renewed(path)
            except NotebookError as error:
                print(f"{error}\n{path.name} is untouched. Mend the cell and renew again.", file=sys.stderr)
                return False
            took = time.perf_counter() - began
        print(f"{path.name}: {'renewed' if changed else 'unchanged'}, {took:.1f} s")
        for finding in findings:
            print(f"  to mend before it is committed: {finding}")
        return True

    return all(await asyncio.gather(*map(say, paths)))


def main(arguments: list[str] | None = None) -> int:
    """Renew what the command line names; return the exit status."""
    parser = argparse.ArgumentParser(description="Fill in, execute and store notebooks.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="the notebooks; all by default")
    paths = parser.parse_args(arguments).notebooks or course_notebooks()
    if missing := [path for path in paths if not path.is_file()]:
        parser.error(f"there is no notebook {', '.join(map(str, missing))}. Check the name.")
    return 0 if asyncio.run(renew(paths)) else 1


if __name__ == "__main__":
    sys.exit(main())
