"""Whether an answer still has a blank in it: `...` for code, `____` for words of SQL."""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

BLANK_WORDS = "____"


def is_blank(answer: Any) -> bool:  # noqa: ANN401 - whatever a learner gives
    """Tell whether something is left for the learner to fill in, in a value or in the code of a function."""
    return any(True for _ in blanks(answer))


def blanks(answer: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    """Find what is left to fill in; a function that does nothing at all is one blank as well.

    Yields:
        For each blank in a function its line, such as `load, line 3: con.execute(...)`; for others no text.
    """
    if answer is ... or (isinstance(answer, str) and BLANK_WORDS in answer):
        yield ""
    elif isinstance(answer, Mapping):
        for value in answer.values():
            yield from blanks(value)
    elif type(answer) in (list, tuple, set, frozenset):  # Dagster's own tuples refuse to be walked through
        for value in answer:
            yield from blanks(value)
    elif isinstance(answer, type):
        for value in vars(answer).values():
            if value is ... or inspect.isfunction(value):
                yield from blanks(value)
    elif function := function_of(answer):
        yield from _in_function(function)


def is_begun(answers: tuple[object, ...], starter: str) -> bool:
    """Tell whether there is something in the answers that the starter has not, a blank or not."""
    given = {line.strip() for line in starter.splitlines()}
    return any(_has_more(answer, given) for answer in answers)


def _has_more(answer: object, given: set[str]) -> bool:
    if isinstance(answer, Mapping):
        return not all(map(is_blank, answer.values()))
    if not (function := function_of(answer)):
        return not is_blank(answer)
    try:
        lines = {line.strip() for line in inspect.getsourcelines(function)[0]}
    except (OSError, TypeError):  # its text is not kept
        return False
    return any(line not in given and not line.startswith("#") for line in lines - {""})


def function_of(answer: Any) -> Any:  # noqa: ANN401 - as above
    """Return the function that the learner wrote, without Dagster's decorator; None if it is none."""
    if isinstance(answer, dg.AssetsDefinition):
        if not answer.is_executable:
            return None
        answer = getattr(answer.op.compute_fn, "decorated_fn", None)
    elif isinstance(answer, dg.SensorDefinition):
        answer = getattr(answer, "_raw_fn", None)
    answer = inspect.unwrap(answer) if callable(answer) else None
    return answer if inspect.isfunction(answer) else None


def _in_function(function: Any) -> Iterator[str]:  # noqa: ANN401 - a function
    try:
        lines, first = inspect.getsourcelines(function)
        [code] = ast.parse(textwrap.dedent("".join(lines))).body
    except (OSError, TypeError, SyntaxError, ValueError):  # its text is not kept, or is a part of a line
        code = None
    if not isinstance(code, ast.FunctionDef | ast.AsyncFunctionDef):  # nor is a lambda's text all its own
        constants = function.__code__.co_consts
        yield from ("" for constant in constants if isinstance(constant, str) and BLANK_WORDS in constant)
        yield from ("" for constant in constants if constant is ...)
        return
    found = {line for node in _nodes(code) if _is_blank_node(node) for line in _lines_of(node, lines)}
    if not found and all(map(_does_nothing, code.body)):
        found = {code.body[-1].lineno}
    for line in sorted(found):
        yield f"{function.__name__}, line {first + line - 1}: {lines[line - 1].strip()}"


def _nodes(node: ast.AST) -> Iterator[ast.expr]:
    """Walk through code, but for annotations and for the `...` of `rows[..., 0]` and `tuple[str, ...]`."""
    for name, field in ast.iter_fields(node):
        for child in field if isinstance(field, list) else [field]:
            if not isinstance(child, ast.AST) or name in ("annotation", "returns"):
                continue
            if isinstance(node, ast.Subscript) and name == "slice" and isinstance(child, ast.Tuple):
                for part in child.elts:
                    yield from () if _is_dots(part) else _nodes(ast.Expr(part))
                continue
            if isinstance(child, ast.expr):
                yield child
            yield from _nodes(child)


def _is_blank_node(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return BLANK_WORDS in node.value
    return _is_dots(node)


def _lines_of(node: ast.expr, lines: list[str]) -> set[int]:
    """Return the numbers of the lines on which a blank stands: of a long text, those with the words."""
    of_text = range(node.lineno, (node.end_lineno or node.lineno) + 1)
    return {line for line in of_text if BLANK_WORDS in lines[line - 1]} or {node.lineno}


def _is_dots(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _does_nothing(statement: ast.stmt) -> bool:
    is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return is_text or isinstance(statement, ast.Pass)
