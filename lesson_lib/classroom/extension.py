"""The IPython extension, `%load_ext lesson_lib`: Dagster's objects show themselves, and the noise is gone.

All of it goes through what IPython, Python's `logging` and `warnings` offer for it. Nothing of Dagster is
wrapped or patched, and unloading leaves everything as it was.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

from IPython.core.error import UsageError
from IPython.core.formatters import DisplayFormatter, PlainTextFormatter
from IPython.core.interactiveshell import ExecutionInfo, InteractiveShell
from IPython.lib.pretty import RepresentationPrinter

from lesson_lib.classroom import run_log
from lesson_lib.classroom.display import BOARDS
from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.error_view import error_board
from lesson_lib.classroom.display.html import as_html
from lesson_lib.classroom.display.run_view import log_folds
from lesson_lib.classroom.display.text import as_text
from lesson_lib.classroom.lab.changes import changes
from lesson_lib.classroom.library_notes import without_library_notes

_loaded: WeakKeyDictionary[InteractiveShell, ExitStack] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Take effect in this shell; a second time changes nothing."""
    if shell in _loaded:
        return
    with ExitStack() as parts:
        for part in (_boards(shell), _explained_errors(shell), _magic(shell)):
            parts.enter_context(part)
        parts.enter_context(run_log.kept())
        parts.enter_context(without_library_notes())
        _loaded[shell] = parts.pop_all()


def unload(shell: InteractiveShell) -> None:
    """Leave the shell as it was before."""
    if parts := _loaded.pop(shell, None):
        parts.close()


@contextmanager
def _boards(shell: InteractiveShell) -> Iterator[None]:
    """Show every type of `BOARDS`, and its subclasses, by its board, as HTML and as text."""
    display: DisplayFormatter = shell.display_formatter  # type: ignore[assignment]  # None only before it starts
    html, text = display.formatters["text/html"], display.formatters["text/plain"]
    bundle = display.mimebundle_formatter
    is_replaced = not isinstance(text, PlainTextFormatter)
    # Each subclass by itself: for text, IPython prefers a `__repr__` of its own to a parent's formatter.
    boards = {subclass: board for type_, board in BOARDS.items() for subclass in _family(type_)}
    before = [(formatter, formatter.type_printers.copy()) for formatter in (html, text, bundle)]
    for type_, board in boards.items():
        html.for_type(type_, _html(board))
        bundle.for_type(type_, _bundle(board, display))
        if not is_replaced:
            text.for_type(type_, _text(board, instead=text.type_printers.get(type_)))
    try:
        yield
    finally:
        for formatter, printers in before:
            for type_ in boards:
                formatter.pop(type_, None)
                if type_ in printers:
                    formatter.for_type(type_, printers[type_])


def _family(type_: type) -> Iterator[type]:
    yield type_
    if type_.__module__ != "builtins":  # every list of a library's own keeps its form
        children: list[type] = type_.__subclasses__()
        for child in children:
            yield from _family(child)


def _html(board: Callable[[Any], Board | None]) -> Callable[[Any], str | None]:
    def show(value: Any) -> str | None:  # noqa: ANN401 - a value of any type that has a board
        described = board(value)
        return as_html(described) if described else None

    return show


def _bundle(
    board: Callable[[Any], Board | None], display: DisplayFormatter
) -> Callable[[Any], dict[str, str]]:
    """Return the text of a board where another extension, such as rich, has replaced IPython's formatter."""

    def show(value: Any) -> dict[str, str]:  # noqa: ANN401 - as above
        if isinstance(display.formatters["text/plain"], PlainTextFormatter):
            return {}  # it shows the board itself
        described = board(value)
        return {"text/plain": as_text(described)} if described else {}

    return show


def _text(board: Callable[[Any], Board | None], instead: Callable[..., None] | None) -> Callable[..., None]:
    def show(value: Any, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: ANN401, FBT001 - as IPython calls it
        described = board(value)
        if described is None and instead:
            instead(value, printer, cycle)
        else:
            printer.text(as_text(described) if described else repr(value))

    return show


@contextmanager
def _explained_errors(shell: InteractiveShell) -> Iterator[None]:
    before = shell.custom_exceptions, shell.CustomTB
    errors = _Errors()
    shell.events.register("pre_run_cell", errors.begin)
    shell.set_custom_exc((Exception,), errors.show)
    try:
        yield
    finally:
        shell.events.unregister("pre_run_cell", errors.begin)
        shell.custom_exceptions, shell.CustomTB = before


@contextmanager
def _own_tracebacks(shell: InteractiveShell) -> Iterator[None]:
    """Let the shell show an error itself, where another extension, such as rich, has replaced its methods."""
    methods = vars(shell)
    names = ("showtraceback", "_showtraceback")
    replaced: dict[str, Any] = {name: methods.pop(name) for name in names if name in methods}
    try:
        yield
    finally:
        methods.update(replaced)


class _Errors:
    """Shows an exception that has a board as one line, and below it the board, with the log of its run."""

    def __init__(self) -> None:
        self._run_before = ""

    def begin(self, _: ExecutionInfo) -> None:
        """Take note, before a cell runs, of the run that was the latest one until now."""
        self._run_before = run_log.latest_run()

    def show(
        self,
        shell: InteractiveShell,
        kind: type[Exception],
        error: Exception,
        tb: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        """Take part in `set_custom_exc`."""
        board = self._board(error)
        if board is None:
            # As IPython calls it for a cell that runs: rich then leaves out IPython's own frame.
            runs = not issubclass(kind, SyntaxError)
            shell.showtraceback((kind, error, tb), tb_offset=tb_offset, running_compiled_code=runs)
            return
        mode = shell.InteractiveTB.mode
        shell.InteractiveTB.set_mode("Minimal")
        try:
            with _own_tracebacks(shell):
                shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
        finally:
            shell.InteractiveTB.set_mode(mode)
        shell.display_pub.publish({"text/plain": as_text(board), "text/html": as_html(board)})

    def _board(self, error: Exception) -> Board | None:
        if isinstance(error, UsageError):  # what IPython says of a wrong magic is for the learner already
            return None
        try:
            board = error_board(error)
        except Exception:  # noqa: BLE001 - an error that cannot even be described is still to be shown
            return None
        run = run_log.latest_run()
        if board is None or run == self._run_before:
            return board
        return replace(board, blocks=[*board.blocks, *log_folds(run)])


@contextmanager
def _magic(shell: InteractiveShell) -> Iterator[None]:
    shell.magics_manager.register_function(changes, "cell", "changes")
    try:
        yield
    finally:
        shell.magics_manager.magics["cell"].pop("changes", None)
