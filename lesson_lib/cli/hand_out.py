"""`lesson solutions` and `lesson student`: the editions that an instructor keeps, and hands out."""

from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from tqdm import tqdm

from lesson_lib.author.editions import WrongCells, clean, learner_edition, solved_edition
from lesson_lib.author.standings import not_right
from lesson_lib.classroom.exercises import catalogue
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.cli.checkout import CannotGoOn, relative
from lesson_lib.cli.run import executing, read_notebook, write_html, writing


def write_solutions(notebooks: Sequence[Path], output: Path) -> int:
    """Write the solved edition of each notebook, executed, as a notebook and as an HTML page.

    Args:
        notebooks: the course's files; they are only read.
        output: the folder for the editions; made if it is not there.

    Returns:
        0 if each ran to its end with every exercise right, else 1.

    Raises:
        CannotGoOn: a notebook cannot be read, does not fit its lesson, or would be overwritten; or an edition
            cannot be written.
    """
    _spare(notebooks, output)
    editions = {path: _edition(path, solved_edition) for path in notebooks}
    failed = False
    for path, edition, failure in executing(editions, output):
        wrong = not_right(edition, _find_lesson(path))
        _write(edition, output / path.name)
        page = write_html(edition, f"{path.stem} (solutions)", path, output)
        failed = failed or failure is not None or bool(wrong)
        told = failure or (f"not right are {'; '.join(wrong)}" if wrong else "every exercise is right")
        tqdm.write(f"{path.stem}: {told}. Read {relative(page, Path.cwd())}")
    return int(failed)


def write_student(notebooks: Sequence[Path], output: Path) -> list[Path]:
    """Write a copy of each notebook as a learner begins with it, and return the copies.

    Args:
        notebooks: as in `write_solutions`.
        output: as in `write_solutions`.

    Raises:
        CannotGoOn: as in `write_solutions`, or a copy is there already and holds something else.
    """
    _spare(notebooks, output)
    editions = {output / path.name: clean(_edition(path, learner_edition)) for path in notebooks}
    for copy, edition in editions.items():
        if copy.exists() and copy.read_bytes() != _content(edition):
            raise CannotGoOn(
                f"{copy} is there already, and not as it would be handed out: somebody's answers may be in "
                "it. Move it away, or choose another folder with --output DIR."
            )
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    return [_write(edition, copy) for copy, edition in editions.items()]


def _find_lesson(path: Path) -> Lesson:
    if lesson := catalogue.find_lesson(path.stem):
        return lesson
    raise CannotGoOn(
        f"{path.name} belongs to no lesson in lesson_lib/classroom/exercises. Give it the name of one: "
        f"{', '.join(lesson.notebook for lesson in catalogue.LESSONS)}."
    )


def _edition(path: Path, make: Callable[[NotebookNode, Lesson], NotebookNode]) -> NotebookNode:
    try:
        return make(read_notebook(path), _find_lesson(path))
    except WrongCells as error:
        wrong = "\n".join(f"{path.name}: {line}" for line in str(error).splitlines())
        raise CannotGoOn(wrong) from error


def _spare(notebooks: Sequence[Path], output: Path) -> None:
    if any((output / path.name).resolve() == path.resolve() for path in notebooks):
        raise CannotGoOn(
            f"{output} holds the course's own notebooks. Choose another folder with --output DIR."
        )


def _write(edition: NotebookNode, path: Path) -> Path:
    with writing(path):
        path.write_bytes(_content(edition))
    return path


def _content(edition: NotebookNode) -> bytes:
    return f"{nbformat.writes(edition).rstrip()}\n".encode()
