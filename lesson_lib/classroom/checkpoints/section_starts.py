"""The sections of the course's notebooks, and the cells that run before each of them."""

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from lesson_lib.course_data import notebooks_folder
from lesson_lib.notebook_cells import EXERCISE, RAISES, SECTION, find_tag, parse_notebook

_GIT_TIMEOUT_SECONDS = 5.0
_MAX_LINE_LENGTH = 60  # characters of a cell's first line in a message


class NoCheckpoint(Exception):
    """The start of a section cannot be reached; the message says why, and the next move."""


@dataclass(frozen=True)
class Cell:
    """A code cell of a notebook."""

    number: int  # the execution count in JupyterLab after running the notebook from the top
    source: str
    error: str = ""  # the name of the exception that it raises on purpose

    @property
    def name(self) -> str:
        """The number and the first line, by which learners find it."""
        return f"cell [{self.number}], {self.source.strip().splitlines()[0][:_MAX_LINE_LENGTH]!r}"


@dataclass(frozen=True)
class SectionStart:
    """The start of a section, to which a checkpoint leads."""

    id: str  # the numbers of the notebook and the section, such as `02.4`; `02` is the start of the notebook
    heading: str
    before: tuple[Cell, ...]  # the cells above it, without exercises
    own: tuple[Cell, ...] = field(default=(), compare=False)  # the cells in it, without exercises


def find_section_starts(number: str, text: str) -> list[SectionStart]:
    """Find the start of a notebook, whose number is such as `02`, and of each of its sections, in order.

    Raises:
        ValueError: the text is not that of a notebook.
    """
    found: list[SectionStart] = []
    cells: list[Cell] = []
    count = 0
    for cell in parse_notebook(text)["cells"]:
        source = cell["source"]
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
    ends = [*(len(section.before) for section in found[1:]), len(cells)]
    return [
        replace(section, own=tuple(cells[len(section.before) : end]))
        for section, end in zip(found, ends, strict=True)
    ]


def find_course_sections() -> dict[Path, list[SectionStart]]:
    """Return the section starts of each notebook in its committed version, in the order of the lessons.

    Raises:
        NoCheckpoint: a notebook is damaged.
        FileNotFoundError: there are no notebooks.
    """
    return {path: _read(path, read_committed(path)) for path in sorted(notebooks_folder().glob("*.ipynb"))}


def find_open_notebook(notebooks: Iterable[Path]) -> str:
    """Return the name of the one of these notebooks in which this runs; empty if it is unknown."""
    open_now = Path(os.environ.get("JPY_SESSION_NAME", "")).stem
    return open_now if open_now in {known.stem for known in notebooks} else ""


def is_edited(path: Path, start: SectionStart) -> bool:
    """Return whether the file now has other cells above a section than the committed version."""
    try:
        return start not in _read(path)
    except NoCheckpoint:
        return True


def _read(path: Path, text: str | None = None) -> list[SectionStart]:
    number = path.stem.partition("_")[0]
    try:
        return find_section_starts(number, path.read_text(encoding="utf-8") if text is None else text)
    except (OSError, ValueError) as error:
        raise NoCheckpoint(
            f"{path.name} cannot be read as a notebook ({type(error).__name__}). "
            f"Restore it, `git checkout -- notebooks/{path.name}`, and ask for the checkpoint again."
        ) from error


def read_committed(path: Path) -> str | None:
    """Return the text of a file in the last commit, or None without git, a commit, or the file in it."""
    # Learners edit the file in the checkout, and JupyterLab saves it automatically.
    try:
        done = subprocess.run(  # noqa: S603 - the name of a file in the course's folder
            ["git", "show", f"HEAD:./{path.name}"],  # noqa: S607 - whichever git the learner has
            cwd=path.parent,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_GIT_TIMEOUT_SECONDS,
            check=True,
        )
        return done.stdout.decode()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
