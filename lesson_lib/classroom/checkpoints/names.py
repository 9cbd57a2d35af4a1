"""The names that a cell of a notebook assigns, defines or imports."""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def find_names(shell: "InteractiveShell", source: str) -> set[str]:
    """Return the names that a cell assigns or defines, without loop variables and imports.

    Raises:
        SyntaxError: the cell is not Python.
    """
    return set(_find_assigned(_parse(shell, source)))


def find_imports(shell: "InteractiveShell", source: str) -> set[str]:
    """Return the names that a cell imports; raise as `find_names` does."""
    imports = [node for node in _parse(shell, source) if isinstance(node, ast.Import | ast.ImportFrom)]
    return {alias.asname or alias.name.partition(".")[0] for node in imports for alias in node.names}


def _parse(shell: "InteractiveShell", source: str) -> Sequence[ast.stmt]:
    transformed: str = shell.transform_cell(re.sub(r"\A\s*%%.*", "", source))
    return ast.parse(transformed).body


def _find_assigned(statements: Sequence[ast.stmt]) -> Iterator[str]:
    for statement in statements:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name
            case ast.Assign(targets=targets):
                nodes = (node for target in targets for node in ast.walk(target))
                names = (node for node in nodes if isinstance(node, ast.Name) and node.id != "_")
                yield from (name.id for name in names if isinstance(name.ctx, ast.Store))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name
            case ast.For() | ast.While() | ast.If() | ast.With() | ast.Try():
                yield from _find_assigned(statement.body)
