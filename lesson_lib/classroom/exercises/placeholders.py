"""Find the placeholders that a learner has not replaced: `...` in code and `____` in SQL."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

SQL_PLACEHOLDER = "____"


def has_placeholder(answer: Any) -> bool:  # noqa: ANN401 - any value that a learner gives
    """Return whether a value, or the code of a function, still contains a placeholder."""
    return any(True for _ in find_placeholders(answer))


def find_placeholders(answer: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Find the placeholders in a value or a function. A function without any code counts as one.

    Yields:
        The line of a placeholder in a function, such as `load, line 3: con.execute(...)`; an empty string for
        a placeholder anywhere else.
    """
    if _is_placeholder(answer):
        yield ""
    elif isinstance(answer, Mapping):
        for value in answer.values():
            yield from find_placeholders(value)
    elif type(answer) in (list, tuple, set, frozenset):  # Dagster's own tuples cannot be iterated over
        for value in answer:
            yield from find_placeholders(value)
    elif isinstance(answer, type):
        for value in vars(answer).values():
            if value is ... or inspect.isfunction(value):
                yield from find_placeholders(value)
    elif function := get_function(answer):
        yield from _find_in_function(function)


def _is_placeholder(value: object) -> bool:
    return value is ... or (isinstance(value, str) and SQL_PLACEHOLDER in value)


def is_begun(answers: tuple[object, ...], starter: str) -> bool:
    """Return whether the answers contain anything that the starter does not."""
    given = {line.strip() for line in starter.splitlines()}
    return any(_adds_to(answer, given) for answer in answers)


def _adds_to(answer: object, given: set[str]) -> bool:
    if isinstance(answer, Mapping):
        return not all(map(has_placeholder, answer.values()))
    if not (function := get_function(answer)):
        return not has_placeholder(answer)
    try:
        lines = {line.strip() for line in inspect.getsourcelines(function)[0]}
    except (OSError, TypeError):  # there is no text
        return False
    return any(line not in given and not line.startswith("#") for line in lines - {""})


def get_function(answer: Any) -> Any:  # noqa: ANN401 - as above
    """Return the function that the learner wrote, without Dagster's decorator, or None."""
    if isinstance(answer, dg.AssetsDefinition):
        if not answer.is_executable:
            return None
        answer = getattr(answer.op.compute_fn, "decorated_fn", None)
    elif isinstance(answer, dg.SensorDefinition):
        answer = getattr(answer, "_raw_fn", None)
    answer = inspect.unwrap(answer) if callable(answer) else None
    return answer if inspect.isfunction(answer) else None


def _find_in_function(function: Any) -> Iterator[str]:  # noqa: ANN401 - a function
    try:
        lines, first = inspect.getsourcelines(function)
        [code] = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # there is no text, or it is a part of a line
        code = None
    if not isinstance(code, ast.FunctionDef | ast.AsyncFunctionDef):  # a lambda's line contains other code
        yield from ("" for constant in function.__code__.co_consts if _is_placeholder(constant))
        return
    constants = (node for node in _list_expressions(code) if isinstance(node, ast.Constant))
    found = {line for node in constants if _is_placeholder(node.value) for line in _get_lines(node, lines)}
    if not found and all(map(_is_empty, code.body)):
        found = {code.body[-1].lineno}
    for line in sorted(found):
        yield f"{function.__name__}, line {first + line - 1}: {lines[line - 1].strip()}"


def _list_expressions(code: ast.AST) -> Iterator[ast.expr]:
    """Yield all expressions but annotations, and the `...` of `rows[..., 0]` and `tuple[str, ...]`."""
    left_out: set[ast.AST | None] = set()
    for node in ast.walk(code):  # each node comes before those inside it
        if node in left_out:
            left_out.update(ast.iter_child_nodes(node))
            continue
        left_out |= {getattr(node, "annotation", None), getattr(node, "returns", None)}
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple):
            left_out.update(part for part in node.slice.elts if getattr(part, "value", None) is ...)
        if isinstance(node, ast.expr):
            yield node


def _get_lines(node: ast.expr, lines: list[str]) -> set[int]:
    """Return the line numbers of a placeholder; in a long text, only those lines that contain it."""
    of_text = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return {line for line in of_text if SQL_PLACEHOLDER in lines[line - 1]} or {node.lineno}


def _is_empty(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)
