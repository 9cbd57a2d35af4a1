"""`checkpoint`: the notebook as it stands where a section starts, so that nobody is lost after a break."""

import ast
import os
import re
import sys
import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from lesson_lib.classroom.display.board import Block, Board, Facts, Line, Table
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.safe_text import listed, plain
from lesson_lib.classroom.exercises.section_starts import Cell, SectionStart, Unreadable, course, is_edited

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_QUIET = 1.0  # seconds without a word about how far it is


def checkpoint(section: str | None = None) -> Displayable:
    """Bring your notebook to where a section starts: its names, lab, instance and database.

    The code cells that stand before the section are run again in your kernel, as the course has them, from
    the first one on; what they show is left out, and so are exercises, on which no later cell depends. The
    lab, the instance and the database are new ones. Other names of your own stay as they are.

    Args:
        section: its number, such as `"02.4"`, or `"02"` for the start of a notebook; None to list them all.

    Returns:
        Where you are, or the list.

    Raises:
        UsageError: there is no such section, it is in another notebook than the one that is open, IPython
            does not run here, a cell did not do what it does in the course, or you interrupted it. Your names
            are then what they were before.
    """
    from IPython.core.error import UsageError  # noqa: PLC0415 - the classroom can be imported without IPython

    try:
        return _brought_to(section) if section is not None else _listed()
    except (Unreadable, _CannotGoOn) as reason:
        raise UsageError(str(reason)) from reason.__cause__


class _CannotGoOn(Exception):
    """Why there is no way to a section; the message says the next move, too."""


# What is shown


@dataclass(frozen=True, repr=False)
class Sections(Displayable):
    """All sections, by notebook."""

    of: Sequence[tuple[str, Sequence[SectionStart]]]

    def board(self) -> Board:
        """Show a table for each notebook."""
        columns = ("checkpoint", "where it leads")
        tables: list[Block] = [
            Table(notebook, columns, [(Line(section.id), Line(section.heading)) for section in sections])
            for notebook, sections in self.of
        ]
        how = 'checkpoint("02.4") brings your notebook to where section 02.4 starts.'
        return Board("The sections of the course", [Line(how), *tables])


@dataclass(frozen=True, repr=False)
class Arrival(Displayable):
    """Where the notebook is now, and what it has ready."""

    section: SectionStart
    names: Sequence[str]
    is_edited: bool = False

    def board(self) -> Board:
        """Show the section, the names, and where to go on."""
        blocks: list[Block] = []
        if self.names:
            blocks.append(Facts([("Names that are ready", listed(self.names, many=len(self.names)))]))
        if "lab" in self.names:
            blocks.append(Line("The lab is a new one; its files and rows are as the cells above leave them."))
        if self.is_edited:
            blocks.append(Line("You have changed cells above; what has run are the course's own ones."))
        go_on = f"Go on with the {'cells of this section' if self.section.before else 'first cell'}."
        return Board(f"You are at {self.section.id} {self.section.heading}", [*blocks, Line(go_on)])


def _listed() -> Sections:
    return Sections([(path.stem, sections) for path, sections in course().items()])


# How to get there


def _brought_to(wanted: str) -> Arrival:
    from IPython.core.getipython import get_ipython  # noqa: PLC0415 - as above

    notebooks = course()
    path, section = _find(wanted, notebooks)
    _require_open(path, wanted, {known.stem for known in notebooks})
    shell = get_ipython()
    if shell is None:
        raise _CannotGoOn(
            "checkpoint needs the notebook's kernel: call it in a notebook, or wherever IPython runs."
        )
    _replay(shell, section)
    names = {name for cell in section.before for name in _names(shell, cell)} & shell.user_ns.keys()
    return Arrival(section, sorted(names, key=str.lower), is_edited(path, section))


def _find(wanted: str, notebooks: Mapping[Path, Sequence[SectionStart]]) -> tuple[Path, SectionStart]:
    for path, sections in notebooks.items():
        for section in sections:
            if section.id == wanted:
                return path, section
    known = ", ".join(
        f"{sections[0].id}, {sections[1].id} to {sections[-1].id}" if sections[1:] else sections[0].id
        for sections in notebooks.values()
        if sections
    )
    raise _CannotGoOn(
        f"There is no section {wanted!r}. There are: {known}; checkpoint() lists them with their headings."
    )


def _require_open(path: Path, wanted: str, known: Container[str]) -> None:
    """Refuse to bring one notebook to a section of another, where Jupyter says which one is open."""
    open_now = Path(os.environ.get("JPY_SESSION_NAME", "")).stem
    if open_now != path.stem and open_now in known:
        raise _CannotGoOn(
            f"Section {wanted} is in {path.stem}, and this is {open_now}. Open that notebook, run its first "
            "code cell, and call checkpoint there."
        )


def _replay(shell: "InteractiveShell", section: SectionStart) -> None:
    """Run what stands before a section; if that does not work, leave the shell's names as they were."""
    before = dict(shell.user_ns)
    cell: Cell | None = None
    try:
        with _figures_closed(), _progress(section) as say:
            for number, cell in enumerate(section.before, start=1):
                say(number)
                _run(shell, cell)
    except BaseException as error:
        for name in shell.user_ns.keys() - before.keys():
            del shell.user_ns[name]
        shell.user_ns.update(before)
        where = f", in {cell.name}" if cell else ""
        if not isinstance(error, Exception):  # Ctrl-C, of which Dagster makes an exception of its own
            raise _CannotGoOn(
                f"Stopped on the way to {section.id}{where}. Your names are as they were before; "
                f'checkpoint("{section.id}") starts anew.'
            ) from None
        raise _CannotGoOn(
            f"The way to {section.id} ends{where}: {_told(error)} Your names are as they were before. If the "
            "notebook or the library has been changed, put the course's own back (`git diff` shows what "
            f'differs); then restart the kernel, and try checkpoint("{section.id}") again.'
        ) from error


def _told(error: Exception) -> str:
    if isinstance(error, _NothingRaised):
        return str(error)
    reason = error.msg if isinstance(error, SyntaxError) else str(error)  # the file that it names is none
    return f"{type(error).__name__}: {plain(reason.strip().partition(chr(10))[0]).removesuffix('.')}."


class _NothingRaised(Exception):
    """A cell that is to fail did not."""


def _run(shell: "InteractiveShell", cell: Cell) -> None:
    """Run a cell among the learner's names; it leaves no trace in history, `Out`, counts, or on the page."""
    from IPython.utils.capture import capture_output  # noqa: PLC0415 - as above

    # Not `shell.run_cell`: it sends errors to the page, and calls what others have hooked to a cell's run.
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
            raise _NothingRaised(f"it was to raise {cell.error}, and raised nothing.")


@contextmanager
def _progress(section: SectionStart) -> Iterator[Callable[[int], None]]:
    """Give what says, cell by cell, how far it is, as soon as it takes a while; wipe it away at the end."""
    from IPython.display import clear_output  # noqa: PLC0415 - as above

    began = time.monotonic()
    said = False

    def say(number: int) -> None:
        nonlocal said
        if time.monotonic() - began > _QUIET:
            if said:
                clear_output(wait=True)
            said = True
            told = f"On the way to {section.id}: cell {number} of {len(section.before)}"
            print(told, end="", flush=True)  # noqa: T201 - to be wiped away

    try:
        yield say
    finally:
        if said:
            clear_output()


@contextmanager
def _figures_closed() -> Iterator[None]:
    """Close what is drawn: at the cell's end, the notebook would show each figure that is open."""
    before = _figures()
    try:
        yield
    finally:
        for number in _figures() - before:
            sys.modules["matplotlib.pyplot"].close(number)


def _figures() -> set[Any]:
    pyplot = sys.modules.get("matplotlib.pyplot")  # never imported for this
    return set(pyplot.get_fignums()) if pyplot else set()


def _names(shell: "InteractiveShell", cell: Cell) -> Iterator[str]:
    """Return the names that a cell gives to its values and functions, without those of a loop."""
    source = re.sub(r"\A\s*%%.*", "", cell.source)
    yield from _assigned(ast.parse(shell.transform_cell(source)).body)


def _assigned(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Assign(targets=targets):
                yield from (node.id for target in targets for node in ast.walk(target) if _is_set(node))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.For() | ast.While() | ast.If() | ast.With() | ast.Try():
                yield from _assigned(statement.body)


def _is_set(node: ast.AST) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id != "_"
