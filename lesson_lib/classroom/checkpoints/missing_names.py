"""The board of a NameError: which section defines the name, and how to get there after a restart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lesson_lib.classroom.checkpoints.names import find_imports, find_names
from lesson_lib.classroom.checkpoints.section_starts import (
    NoCheckpoint,
    SectionStart,
    find_course_sections,
    find_open_notebook,
)
from lesson_lib.classroom.display.board import Board, Facts

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def describe_missing_name(error: NameError, shell: "InteractiveShell", cell: str) -> Board | None:
    """Describe where the open notebook defines a name; None if it is not known which notebook is open.

    Args:
        error: what was raised.
        shell: the shell that ran the cell.
        cell: the source of the cell.
    """
    try:
        notebooks = find_course_sections()
        path = find_open_notebook(notebooks)
        sections = next((found for known, found in notebooks.items() if known.stem == path), [])
        defining = [section for section in sections if _defines(shell, section, error.name or "")]
    except (NoCheckpoint, FileNotFoundError, SyntaxError):
        return None
    if not defining:
        return None
    here = next((section for section in sections if any(own.source == cell for own in section.own)), None)
    why, move = _explain(str(error.name), sections, defining[0], here)
    return Board(f"{error.name} is not defined in this kernel", [Facts([("Why", why), ("Next", move)])])


def _defines(shell: "InteractiveShell", section: SectionStart, name: str) -> bool:
    sources = [cell.source for cell in section.own]
    return any(name in find_names(shell, source) | find_imports(shell, source) for source in sources)


def _explain(
    name: str, sections: Sequence[SectionStart], defining: SectionStart, here: SectionStart | None
) -> tuple[str, str]:
    """Return why a name is missing, and what to do; `here` is the failed cell's section, if it is known."""
    if defining is sections[0]:
        why = f"The first code cell of this notebook defines {name}, and a restart forgets all names."
        return why, "Run the first code cell, and then this one again."
    why = f"Section {defining.id} ({defining.heading}) defines {name}, and a restart forgets all names."
    at = sections.index(defining)
    if here and sections.index(here) < at:
        return f"{why} That section is further down.", "Run the cells in their order."
    target = here or sections[min(at + 1, len(sections) - 1)]
    last = "run the cells of that section in order" if target in (here, defining) else "run this cell again"
    return why, f'Run the first code cell. Then run checkpoint("{target.id}") in a new cell, and {last}.'
