"""`%%changes`: run a cell and show what it changed in the three records."""

import ast
import inspect
from types import CodeType

from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.core.getipython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.magic import no_var_expand
from IPython.display import display

from lesson_lib.classroom.display.board import Board, Line, Mark
from lesson_lib.classroom.display.displayable import render_formats
from lesson_lib.classroom.lab.record_view import describe_changes
from lesson_lib.classroom.lab.three_records import ThreeRecords, three_records
from lesson_lib.unstable_text import hide_unstable

_DEFAULT_ARGUMENTS = "instance, assets, lab.database"


@no_var_expand
def changes(line: str, cell: str) -> None:
    """Run the cell, and show what it changed in the three records: `%%changes instance, assets, database`.

    The rest of the line has the arguments of `three_records`, as Python; without any, they are
    `instance, assets, lab.database`. They are evaluated before the cell and again after it. A cell that fails
    shows what it changed until then, and then fails as it would without this line.

    A key that was materialized again is a change, even with the same rows. A run that failed again is a
    change only if another asset failed.

    Raises:
        UsageError: the line does not fit `three_records`, or the cell has an `await` outside a function. The
            cell has not run then.
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
    parts = _compile(shell, cell, source)
    before = _read_records(shell, line)
    try:
        for part in parts:
            exec(part, shell.user_ns)  # noqa: S102 - the learner's own cell
    finally:
        display(render_formats(_describe_changes(before, shell, line)), raw=True)


def _compile(shell: InteractiveShell, cell: str, source: str) -> list[CodeType]:
    """Compile the statements of the cell, and apart from them a last expression whose value is shown."""
    # The line of the magic counts, so that line numbers are those that the learner sees.
    source = f"\n{source}"
    # The shell's count is already that of the next cell; the display hook knows the running one.
    running = shell.displayhook.exec_result
    number = running.execution_count if running else shell.execution_count
    # Under this name, a traceback finds the lines of the code.
    name = shell.compile.cache(source, number, raw_code=cell)
    tree = shell.transform_ast(shell.compile.ast_parse(source, filename=name))
    parts: list[tuple[ast.mod, str]] = [(tree, "exec")]
    has_value = bool(tree.body) and isinstance(tree.body[-1], ast.Expr)
    if has_value and not DisplayHook.semicolon_at_end_of_expression(cell):
        # "single" passes the value to the display hook, so it appears above the changes.
        parts.append((ast.Interactive([tree.body.pop()]), "single"))
    return [shell.compile(part, name, mode) for part, mode in parts]  # type: ignore[arg-type] # codeop says str, and takes a tree


def _read_records(shell: InteractiveShell, line: str) -> ThreeRecords:
    given = line.strip() or _DEFAULT_ARGUMENTS
    try:
        names = {**shell.user_ns, "_bind": inspect.signature(three_records).bind}
        # On a line of its own, so that a comment ends with the learner's line.
        arguments = eval(f"_bind(\n{given}\n)", names)  # noqa: S307 - the learner's own code
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else error
        raise UsageError(
            f"%%changes {given}: {reason}. Write what three_records takes, by the names of your notebook, "
            "such as: %%changes instance, assets, lab.database"
        ) from error
    return three_records(*arguments.args, **arguments.kwargs)


def _describe_changes(before: ThreeRecords, shell: InteractiveShell, line: str) -> Board:
    try:
        return describe_changes(before, _read_records(shell, line))
    except Exception as error:  # noqa: BLE001 - it must not hide the cell's own error
        title = "What this cell changed is unknown, because the three records cannot be read after it"
        return Board(title, [Line(hide_unstable(f"{type(error).__name__}: {error}"))], Mark.BAD)
