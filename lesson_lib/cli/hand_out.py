"""`lesson solutions` and `lesson student`: the editions that an instructor keeps and hands out."""

from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode
from tqdm import tqdm

from lesson_lib.author.editions import make_clean_edition, make_learner_edition, make_solved_edition
from lesson_lib.author.exercise_outcomes import find_unsolved
from lesson_lib.author.notebook_files import format_notebook, read_notebook
from lesson_lib.classroom.exercises import catalogue
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.cli.checkout import CannotGoOn, shorten_path
from lesson_lib.cli.run import execute_all, stop_if_unwritable, write_html


def write_solutions(notebooks: Sequence[Path], output: Path) -> int:
    """Write the solved edition of each notebook, executed, as a notebook and as an HTML page.

    Return 0 if each ran to its end with every exercise right, else 1.

    Raises:
        NotebookError: a notebook cannot be read, or does not fit its lesson.
        CannotGoOn: it belongs to no lesson, or would be overwritten; or an edition cannot be written.
    """
    _refuse_to_overwrite(notebooks, output)
    editions = {path: make_solved_edition(read_notebook(path), _find_lesson(path)) for path in notebooks}
    failed = False
    for path, edition, failure in execute_all(editions, output):
        wrong = find_unsolved(edition, _find_lesson(path))
        _write(edition, output / path.name)
        page = write_html(edition, f"{path.stem} (solutions)", path, output)
        failed = failed or bool(failure or wrong)
        result = failure or (f"not right are {'; '.join(wrong)}" if wrong else "every exercise is right")
        tqdm.write(f"{path.stem}: {result}. Read {shorten_path(page, Path.cwd())}")
    return int(failed)


def write_student(notebooks: Sequence[Path], output: Path) -> list[Path]:
    """Write a copy of each notebook as a learner begins with it, and return the copies.

    A copy is written over nothing but the same copy. The exceptions are those of `write_solutions`.
    """
    _refuse_to_overwrite(notebooks, output)
    editions = {
        output / path.name: make_clean_edition(make_learner_edition(read_notebook(path), _find_lesson(path)))
        for path in notebooks
    }
    for copy, edition in editions.items():
        if copy.exists() and copy.read_bytes() != format_notebook(edition).encode():
            raise CannotGoOn(
                f"{copy} is there already, and not as it would be handed out: somebody's answers may be in "
                "it. Move it away, or choose another folder with --output DIR."
            )
    with stop_if_unwritable(output):
        output.mkdir(parents=True, exist_ok=True)
    return [_write(edition, copy) for copy, edition in editions.items()]


def _find_lesson(path: Path) -> Lesson:
    if lesson := catalogue.find_lesson(path.stem):
        return lesson
    raise CannotGoOn(
        f"{path.name} belongs to no lesson in lesson_lib/classroom/exercises. Give it the name of one: "
        f"{', '.join(lesson.notebook for lesson in catalogue.LESSONS)}."
    )


def _refuse_to_overwrite(notebooks: Sequence[Path], output: Path) -> None:
    if any((output / path.name).resolve() == path.resolve() for path in notebooks):
        raise CannotGoOn(
            f"{output} holds the course's own notebooks. Choose another folder with --output DIR."
        )


def _write(edition: NotebookNode, path: Path) -> Path:
    with stop_if_unwritable(path):
        path.write_bytes(format_notebook(edition).encode())
    return path
