"""Where the sections of the course's notebooks start, and the cells that have run by then."""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from lesson_lib.course_data import notebooks_folder
from lesson_lib.notebook_cells import EXERCISE, RAISES, SECTION, find_tag

_GIT = 5.0  # seconds to wait for the last commit's copy of a notebook
_LONGEST = 60  # characters of a cell's first line in a message


class Unreadable(Exception):
    """A notebook of the course is not there, or is none; the message says the next move."""


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook.

    Attributes:
        number: as JupyterLab counts, from the top of the notebook.
        source: its text.
        error: the name of the exception that it raises on purpose; empty if it raises none.
    """

    number: int
    source: str
    error: str = ""

    @property
    def name(self) -> str:
        """How its reader finds it."""
        return f"cell [{self.number}], {self.source.strip().splitlines()[0][:_LONGEST]!r}"


@dataclass(frozen=True)
class SectionStart:
    """A place in a notebook to which a checkpoint leads.

    Attributes:
        id: the notebook's number and that of the section, such as `02.4`; `02` is the notebook's beginning.
        heading: as it stands in the notebook.
        before: the cells that have run when it starts; exercises are none of them.
    """

    id: str
    heading: str
    before: tuple[Cell, ...]


def starts_in(number: str, text: str) -> list[SectionStart]:
    """Return where the sections of a notebook start, in order, from its beginning on.

    Args:
        number: of the notebook, such as `02`.
        text: that of its file.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is not the text of a notebook.
    """
    found: list[SectionStart] = []
    cells: list[Cell] = []
    count = 0
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])  # a list of lines, or one text
        if cell["cell_type"] == "code":
            count += 1
            if source.strip() and not find_tag(cell, EXERCISE):
                cells.append(Cell(count, source, find_tag(cell, RAISES)))
        elif cell["cell_type"] == "markdown":
            if not found and (title := re.search(r"^# +(?:.*? · )?(.+?) *$", source, re.MULTILINE)):
                found.append(SectionStart(number, f"{title[1]}: the start", ()))
            if found:
                headings = enumerate(SECTION.findall(source), start=len(found))
                found += [SectionStart(f"{number}.{place}", text, tuple(cells)) for place, text in headings]
    return found


def course() -> dict[Path, list[SectionStart]]:
    """Return each notebook of the course, as it was committed, in the order of the lessons.

    Raises:
        Unreadable: one of them is not there, or is none.
    """
    try:
        notebooks = sorted(notebooks_folder().glob("*.ipynb"))
    except FileNotFoundError as error:
        raise Unreadable(str(error)) from error
    return {path: _read(path, _committed(path)) for path in notebooks}


def is_edited(path: Path, start: SectionStart) -> bool:
    """Tell whether the file now has other cells before a section than the course."""
    try:
        return start not in _read(path)
    except Unreadable:
        return True


def _read(path: Path, text: str | None = None) -> list[SectionStart]:
    number = path.stem.partition("_")[0]
    try:
        return starts_in(number, path.read_text(encoding="utf-8") if text is None else text)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unreadable(
            f"{path.name} cannot be read as a notebook ({type(error).__name__}). "
            f"Restore it, `git checkout -- notebooks/{path.name}`, and ask for the checkpoint again."
        ) from error


def _committed(path: Path) -> str | None:
    """Return a file's text in the last commit; None where there is no git, commit, or such a file in it."""
    # A learner edits the file in the checkout, and JupyterLab saves it unasked.
    try:
        done = subprocess.run(  # noqa: S603 - the name is that of a file in the course's folder
            ["git", "show", f"HEAD:./{path.name}"],  # noqa: S607 - whichever git the learner has
            cwd=path.parent,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_GIT,
            check=True,
        )
        return done.stdout.decode()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
