"""`%%changes`: what a cell changes in the three records."""

import ast
import inspect
from dataclasses import dataclass
from types import CodeType
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import no_var_expand
from IPython.display import display

from lesson_lib.classroom.display.board import Board, Line, Mark
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.record_view import Changes, ThreeRecords
from lesson_lib.classroom.lab.three_records import three_records
from lesson_lib.unstable_text import stable

_USUAL = "instance, assets, lab.database"


@no_var_expand
def changes(line: str, cell: str) -> None:
    """Run the cell, and show what it changed in the three records: `%%changes instance, assets, database`.

    What follows `%%changes` is what `three_records` takes, as Python; nothing stands for
    `instance, assets, lab.database`. It is evaluated before the cell and again after it. A cell that fails
    shows what it changed until then, and then fails as it would have without this line.

    A key that was materialized again is a change, also when its rows are the same; a run that failed again
    is one only if that of the asset which failed is another.

    Raises:
        UsageError: the line is not what `three_records` takes, or the cell has an `await` outside a function;
            the cell has not run.
    """
    shell = get_ipython()
    if shell is None:
        raise UsageError("%%changes works in a notebook, or wherever IPython runs.")
    source = shell.transform_cell(cell)
    if shell.should_run_async(cell, transformed_cell=source):
        raise UsageError(
            "%%changes cannot wait for an `await` that stands outside a function. "
            "Run the cell without %%changes, and compare three_records(...) before and after it."
        )
    parts = _compiled(shell, cell, source)
    before = _records_now(shell, line)
    try:
        for part in parts:
            exec(part, shell.user_ns)  # noqa: S102 - the cell is there to be run
    finally:
        display(_changes_since(before, shell, line))


def _compiled(shell: InteractiveShell, cell: str, source: str) -> list[CodeType]:
    """Return the cell as code: its statements, and a last expression apart whose value is to be shown."""
    source = f"\n{source}"  # the line of the magic, so that lines are counted as the learner sees them
    # The shell's own count is that of the next cell already; the display hook knows the cell that runs.
    running = shell.displayhook.exec_result
    number = running.execution_count if running else shell.execution_count
    # Known by this name, the code's lines stand in a traceback.
    name = shell.compile.cache(source, number, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(source, filename=name))
    parts: list[tuple[ast.mod, str]] = [(tree, "exec")]
    shown = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    if shown and not DisplayHook.semicolon_at_end_of_expression(cell):
        # "single" hands the value to the display hook, so that it stands before what the cell changed.
        parts.append((ast.Interactive([tree.body.pop()]), "single"))
    return [shell.compile(part, name, mode) for part, mode in parts]  # type: ignore[arg-type] # codeop says str, and takes a tree


def _records_now(shell: InteractiveShell, line: str) -> ThreeRecords:
    given = line.strip() or _USUAL
    try:
        # Its own line for each, so that a comment ends where the learner's line ends.
        arguments, options = eval(f"_taken(\n{given}\n)", {**shell.user_ns, "_taken": _taken})  # noqa: S307 - the learner's own code
        inspect.signature(three_records).bind(*arguments, **options)
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise UsageError(
            f"%%changes {given}: {reason}. Write what three_records takes, by the names of your notebook, "
            "such as: %%changes instance, assets, lab.database"
        ) from error
    return three_records(*arguments, **options)


def _taken(*arguments: Any, **options: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:  # noqa: ANN401 - whatever is written
    return arguments, options


def _changes_since(before: ThreeRecords, shell: InteractiveShell, line: str) -> Displayable:
    try:
        return Changes(before, _records_now(shell, line))
    except Exception as error:  # noqa: BLE001 - it must not stand in the place of the cell's own error
        return _Unreadable(f"{type(error).__name__}: {error}")


@dataclass(frozen=True, repr=False)
class _Unreadable(Displayable):
    """The three records after a cell, if they cannot be read."""

    reason: str

    def board(self) -> Board:
        title = "What this cell changed cannot be told, since the three records cannot be read after it"
        return Board(title, [Line(stable(self.reason))], Mark.BAD)
