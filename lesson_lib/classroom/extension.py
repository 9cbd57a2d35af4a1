"""The IPython extension, `%load_ext lesson_lib`: Dagster's objects show themselves, and the noise is gone.

It only uses what IPython and Python's `logging` and `warnings` offer for this. Nothing of Dagster is wrapped
or patched, and unloading restores everything.
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
from lesson_lib.classroom.checkpoints.missing_names import describe_missing_name
from lesson_lib.classroom.display import describe
from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.call_view import describe_wrong_call
from lesson_lib.classroom.display.displayable import render_formats
from lesson_lib.classroom.display.error_view import describe_error
from lesson_lib.classroom.display.run_view import make_log_folds
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.lab.changes import changes
from lesson_lib.classroom.library_notes import hide_library_notes

_loaded: WeakKeyDictionary[InteractiveShell, ExitStack] = WeakKeyDictionary()


def load(shell: InteractiveShell) -> None:
    """Load the extension into a shell; if it is loaded already, nothing changes."""
    if shell in _loaded:
        return
    with ExitStack() as parts:
        for part in (
            _show_boards(shell),
            _explain_errors(shell),
            run_log.keep_logs(),
            hide_library_notes(),
        ):
            parts.enter_context(part)
        shell.magics_manager.register_function(changes, "cell", "changes")
        parts.callback(shell.magics_manager.magics["cell"].pop, "changes", None)
        _loaded[shell] = parts.pop_all()


def unload(shell: InteractiveShell) -> None:
    """Restore the shell as it was before."""
    if parts := _loaded.pop(shell, None):
        parts.close()


@contextmanager
def _show_boards(shell: InteractiveShell) -> Iterator[None]:
    """Show every type that has a board, and its subclasses, by that board, as HTML and as text."""
    display: DisplayFormatter = shell.display_formatter  # type: ignore[assignment]  # None only before it starts
    bundle, text = display.mimebundle_formatter, display.formatters["text/plain"]
    # If another extension, such as rich, has replaced the formatter of text, the bundle's text is shown.
    has_printer = isinstance(text, PlainTextFormatter)
    # Each subclass by itself: for text, IPython prefers a `__repr__` of its own to a parent's formatter.
    types = {
        subclass for type_ in describe.registry if type_ is not object for subclass in _walk_subclasses(type_)
    }
    before = [(formatter, formatter.type_printers.copy()) for formatter in (bundle, text)]
    for type_ in types:
        bundle.for_type(type_, _render_value)
        if has_printer:
            text.for_type(type_, _make_printer(text.type_printers.get(type_)))
    try:
        yield
    finally:
        for formatter, printers in before:
            for type_ in types:
                formatter.pop(type_, None)
                if type_ in printers:
                    formatter.for_type(type_, printers[type_])


def _walk_subclasses(type_: type) -> Iterator[type]:
    yield type_
    if type_.__module__ != "builtins":  # a library's own lists keep their form
        children: list[type] = type_.__subclasses__()
        for child in children:
            yield from _walk_subclasses(child)


def _render_value(value: Any) -> dict[str, str]:  # noqa: ANN401 - a value of any type that has a board
    board = describe(value)
    return render_formats(board) if board else {}


def _make_printer(replaced: Callable[..., None] | None) -> Callable[..., None]:
    def show(value: Any, printer: RepresentationPrinter, cycle: bool) -> None:  # noqa: ANN401, FBT001 - as IPython calls it
        board = describe(value)
        if board is None and replaced:
            replaced(value, printer, cycle)
        else:
            printer.text(render_text(board) if board else repr(value))

    return show


@contextmanager
def _explain_errors(shell: InteractiveShell) -> Iterator[None]:
    before = shell.custom_exceptions, shell.CustomTB
    errors = _Errors()
    shell.events.register("pre_run_cell", errors.begin)
    shell.set_custom_exc((Exception,), errors.show)
    try:
        yield
    finally:
        shell.events.unregister("pre_run_cell", errors.begin)
        shell.custom_exceptions, shell.CustomTB = before


class _Errors:
    """Shows an exception that has a board as one line, and below it the board, with the log of its run."""

    def __init__(self) -> None:
        self._run_before, self._cell = "", ""

    def begin(self, info: ExecutionInfo) -> None:
        """Before a cell runs, note its source, and which run is the latest one."""
        self._run_before, self._cell = run_log.get_latest_run(), str(info.raw_cell)

    def show(
        self,
        shell: InteractiveShell,
        kind: type[Exception],
        error: Exception,
        tb: TracebackType | None,
        tb_offset: int | None = None,
    ) -> None:
        """Show an exception, as `set_custom_exc` requires."""
        board = self._describe(error, shell)
        if board is None:
            # As IPython calls it for a cell that runs: rich then omits IPython's own frame.
            runs = not issubclass(kind, SyntaxError)
            shell.showtraceback((kind, error, tb), tb_offset=tb_offset, running_compiled_code=runs)
            return
        # The shell shows the error itself, even if another extension, such as rich, replaced its methods.
        own, names = vars(shell), {"showtraceback", "_showtraceback"}
        replaced = {name: own.pop(name) for name in names & own.keys()}
        mode = shell.InteractiveTB.mode
        shell.InteractiveTB.set_mode("Minimal")
        try:
            shell.showtraceback((kind, error, tb), tb_offset=tb_offset)
        finally:
            shell.InteractiveTB.set_mode(mode)
            own.update(replaced)
        shell.display_pub.publish(render_formats(board))

    def _describe(self, error: Exception, shell: InteractiveShell) -> Board | None:
        if isinstance(error, UsageError):  # IPython's message about a wrong magic is written for the learner
            return None
        try:
            if isinstance(error, NameError) and (board := describe_missing_name(error, shell, self._cell)):
                return board
            board = describe_wrong_call(error) or describe_error(error)
        except Exception:  # noqa: BLE001 - an error that cannot be described must be shown all the same
            return None
        run = run_log.get_latest_run()
        if board is None or run == self._run_before:
            return board
        return replace(board, blocks=[*board.blocks, *make_log_folds(run)])
