"""`checkpoint`: bring a notebook to the start of a section, so that learners can continue after a break."""

import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from lesson_lib.classroom.checkpoints.names import find_names
from lesson_lib.classroom.checkpoints.section_starts import (
    Cell,
    NoCheckpoint,
    SectionStart,
    find_course_sections,
    find_open_notebook,
    is_edited,
)
from lesson_lib.classroom.display.board import Block, Facts, Line, Table
from lesson_lib.classroom.display.displayable import Displayable, DisplayableBoard
from lesson_lib.classroom.display.safe_text import format_list, make_plain

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_SECONDS_BEFORE_PROGRESS = 1.0


def checkpoint(section: str | None = None) -> Displayable:
    """Bring your notebook to the start of a section: its names, lab, instance and database.

    The course's code cells before the section run again in your kernel, without their outputs. Exercises are
    left out, because no later cell depends on them. The lab, the instance and the database are new. Your
    other names stay unchanged.

    Args:
        section: the number in quotes, such as `"02.4"`, or `"02"` for the start of a notebook; None lists
            all sections.

    Returns:
        Where you are, or the list.

    Raises:
        UsageError: the section does not exist or is in another notebook, IPython does not run here, a cell
            did not do what it does in the course, or you interrupted it. Your variables are unchanged then.
    """
    from IPython.core.error import UsageError  # noqa: PLC0415 - the classroom can be imported without IPython

    try:
        return _go_to(section) if section is not None else _list_sections()
    except (NoCheckpoint, FileNotFoundError) as reason:
        raise UsageError(str(reason)) from reason.__cause__


def _list_sections() -> Displayable:
    notebooks = find_course_sections()
    here = find_open_notebook(notebooks)
    number = here.partition("_")[0]
    such_as = f"{number}.1" if number else "02.4"
    how = f'checkpoint("{such_as}") takes your notebook to the start of section {such_as}.'
    rows: list[Sequence[Line]] = []
    for path, sections in notebooks.items():
        rows.append((Line(path.stem), Line("")))
        file = "" if path.stem == here else path.name
        rows += [(Line(section.id), Line(section.heading, link=_link(file, section))) for section in sections]
    return DisplayableBoard(
        "The sections of the course", [Line(how), Table("", ("checkpoint", "section"), rows)]
    )


def _link(file: str, section: SectionStart) -> str:
    """Return the address of a section's heading, as JupyterLab names it."""
    heading = f"{section.id} · {section.heading}".replace("`", "").replace(" ", "-")
    return f"{file}#{heading}" if "." in section.id else file


def _go_to(wanted: str) -> Displayable:
    from IPython.core.getipython import get_ipython  # noqa: PLC0415 - as above

    notebooks = find_course_sections()
    path, section = _find(wanted, notebooks)
    if (open_now := find_open_notebook(notebooks)) and open_now != path.stem:
        raise NoCheckpoint(
            f"Section {wanted} is in {path.stem}, and this is {open_now}. Open that notebook, run its first "
            "code cell, and call checkpoint there."
        )
    shell = get_ipython()
    if shell is None:
        raise NoCheckpoint(
            "checkpoint needs the notebook's kernel: call it in a notebook, or wherever IPython runs."
        )
    _replay(shell, section)
    found = {
        name for cell in section.before for name in find_names(shell, cell.source)
    } & shell.user_ns.keys()
    names = sorted(found, key=str.lower)
    blocks: list[Block] = []
    if names:
        blocks.append(Facts([("Names that are ready", format_list(names, max_items=len(names)))]))
    if "lab" in names:
        blocks.append(Line("The lab is new, with the files and rows that the cells above produce."))
    if is_edited(path, section):
        blocks.append(Line("You have changed cells above. The course's own versions of them were run."))
    blocks.append(Line(f"Continue with the {'cells of this section' if section.before else 'first cell'}."))
    return DisplayableBoard(f"You are at {section.id} {section.heading}", blocks)


def _find(wanted: str, notebooks: Mapping[Path, Sequence[SectionStart]]) -> tuple[Path, SectionStart]:
    for path, sections in notebooks.items():
        for section in sections:
            if section.id == wanted:
                return path, section
    _explain_other_number(str(wanted), notebooks)
    known = ", ".join(
        f"{sections[0].id}, {sections[1].id} to {sections[-1].id}" if sections[1:] else sections[0].id
        for sections in notebooks.values()
        if sections
    )
    raise NoCheckpoint(
        f"There is no section {wanted!r}. There are: {known}; checkpoint() lists them with their headings."
    )


def _explain_other_number(wanted: str, notebooks: Mapping[Path, Sequence[SectionStart]]) -> None:
    """Raise NoCheckpoint if the number would be that of a section with a zero in front and in quotes."""
    headings = {section.id: section.heading for sections in notebooks.values() for section in sections}
    number = wanted.partition(".")[0].zfill(2) + "".join(wanted.partition(".")[1:])
    if number in headings:
        exercise = f'; hint("{wanted}") helps with exercise {wanted}' if "." in wanted else ""
        raise NoCheckpoint(
            "A section's number stands in quotes and begins with the two digits of its notebook: "
            f'checkpoint("{number}") leads to {headings[number]!r}{exercise}.'
        )
    if re.fullmatch(r"\d\.\d+", wanted):
        raise NoCheckpoint(
            f"{wanted} is the number of an exercise, and a checkpoint leads to a section, such as "
            f"0{wanted[0]}.1; checkpoint() lists them."
        )


def _replay(shell: "InteractiveShell", section: SectionStart) -> None:
    """Run the cells before a section; if one fails, restore the shell's names."""
    before = dict(shell.user_ns)
    cell: Cell | None = None
    try:
        with closing(_show_progress(section)) as cells:
            for cell in cells:
                _run(shell, cell)
    except BaseException as error:
        for name in shell.user_ns.keys() - before.keys():
            del shell.user_ns[name]
        shell.user_ns.update(before)
        where = f", in {cell.name}" if cell else ""
        if not isinstance(error, Exception):  # Ctrl-C; Dagster raises its own exception for it
            raise NoCheckpoint(
                f"Stopped on the way to {section.id}{where}. Your variables have not changed; "
                f'checkpoint("{section.id}") starts again.'
            ) from None
        raise NoCheckpoint(
            f"The way to {section.id} ends{where}: {_explain(error)} Your variables are as they were "
            "before. If the notebook or the library has been changed, restore the course's own "
            "(`git diff` shows what differs); "
            f'then restart the kernel, and try checkpoint("{section.id}") again.'
        ) from error


def _explain(error: Exception) -> str:
    if isinstance(error, NoCheckpoint):
        return str(error)
    # The text of a SyntaxError names a file that does not exist.
    reason = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {make_plain(reason.strip().partition(chr(10))[0]).removesuffix('.')}."


def _run(shell: "InteractiveShell", cell: Cell) -> None:
    """Run a cell with the learner's names, without traces in the history, `Out`, counts or outputs."""
    from IPython.utils.capture import capture_output  # noqa: PLC0415 - as above

    # Not `shell.run_cell`: it shows errors, and calls the hooks of other extensions.
    source = shell.transform_cell(cell.source)
    name = shell.compile.cache(source, cell.number, raw_code=cell.source)
    try:
        with capture_output():
            exec(shell.compile(source, name, "exec"), shell.user_ns)  # noqa: S102 - the lesson's own cell
    except Exception as error:
        if type(error).__name__ != cell.error:
            raise
    else:
        if cell.error:
            raise NoCheckpoint(f"it should raise {cell.error}, but raised nothing.")


def _show_progress(section: SectionStart) -> Generator[Cell, None, None]:
    """Yield the cells before a section, and show the progress once it takes a while."""
    from IPython.display import clear_output  # noqa: PLC0415 - as above

    began = time.monotonic()
    has_printed = False
    try:
        for number, cell in enumerate(section.before, start=1):
            if time.monotonic() - began > _SECONDS_BEFORE_PROGRESS:
                if has_printed:
                    clear_output(wait=True)
                has_printed = True
                text = f"On the way to {section.id}: cell {number} of {len(section.before)}"
                print(text, end="", flush=True)  # noqa: T201 - removed at the end
            yield cell
    finally:
        if has_printed:
            clear_output()
