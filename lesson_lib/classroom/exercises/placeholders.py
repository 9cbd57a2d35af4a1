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
    if answer is ... or (isinstance(answer, str) and SQL_PLACEHOLDER in answer):
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
    except (OSError, TypeError):  # its text is not kept
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
    except (OSError, TypeError, SyntaxError, ValueError):  # its text is not kept, or is a part of a line
        code = None
    if not isinstance(code, ast.FunctionDef | ast.AsyncFunctionDef):  # nor is a lambda's text all its own
        constants = function.__code__.co_consts
        yield from ("" for constant in constants if isinstance(constant, str) and SQL_PLACEHOLDER in constant)
        yield from ("" for constant in constants if constant is ...)
        return
    found = {line for node in _walk(code) if _is_placeholder(node) for line in _get_lines(node, lines)}
    if not found and all(map(_is_empty, code.body)):
        found = {code.body[-1].lineno}
    for line in sorted(found):
        yield f"{function.__name__}, line {first + line - 1}: {lines[line - 1].strip()}"


def _walk(node: ast.AST) -> Iterator[ast.expr]:
    """Yield all expressions but annotations, and the `...` of `rows[..., 0]` and `tuple[str, ...]`."""
    for name, field in ast.iter_fields(node):
        for child in field if isinstance(field, list) else [field]:
            if not isinstance(child, ast.AST) or name in ("annotation", "returns"):
                continue
            if isinstance(node, ast.Subscript) and name == "slice" and isinstance(child, ast.Tuple):
                for part in child.elts:
                    yield from () if _is_dots(part) else _walk(ast.Expr(part))
                continue
            if isinstance(child, ast.expr):
                yield child
            yield from _walk(child)


def _is_placeholder(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return SQL_PLACEHOLDER in node.value
    return _is_dots(node)


def _get_lines(node: ast.expr, lines: list[str]) -> set[int]:
    """Return the line numbers of a placeholder; in a long text, only those lines that contain it."""
    of_text = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return {line for line in of_text if SQL_PLACEHOLDER in lines[line - 1]} or {node.lineno}


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _is_empty(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)
