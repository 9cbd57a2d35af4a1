"""Whether an answer still has a blank in it: `...` for code, `____` for words of SQL."""

import ast
import inspect
import textwrap
from collections.abc import Mapping
from typing import Any

import dagster as dg

BLANK_WORDS = "____"


def is_blank(answer: Any) -> bool:  # noqa: ANN401 - whatever a learner gives
    """Tell whether something is left for the learner to fill in, in a value or in the code of a function."""
    if answer is ...:
        return True
    if isinstance(answer, str):
        return BLANK_WORDS in answer
    if isinstance(answer, Mapping):
        return any(map(is_blank, answer.values()))
    if isinstance(answer, list | tuple | set | frozenset):
        return any(map(is_blank, answer))
    function = function_of(answer)
    return function is not None and _has_blank(function)


def function_of(answer: Any) -> Any:  # noqa: ANN401 - as above
    """Return the function that the learner wrote, without Dagster's decorator; None if it is none."""
    if isinstance(answer, dg.AssetsDefinition):
        if not answer.is_executable:
            return None
        answer = getattr(answer.op.compute_fn, "decorated_fn", None)
    elif isinstance(answer, dg.SensorDefinition):
        answer = getattr(answer, "_raw_fn", None)
    return answer if inspect.isfunction(answer) else None


def _has_blank(function: Any) -> bool:  # noqa: ANN401 - a function
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):  # not from a cell, or a lambda in the middle of a line
        return False
    return any(_is_blank_node(node) for node in _body_nodes(tree))


def _body_nodes(tree: ast.AST) -> list[ast.AST]:
    """Return what is inside the functions, except for subscripts: `tuple[str, ...]` has no blank."""
    nodes: list[ast.AST] = []
    waiting = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)][:1]
    children: list[ast.AST] = [statement for node in waiting for statement in node.body]
    while children:
        node = children.pop()
        nodes.append(node)
        children += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.Subscript)]
    return nodes


def _is_blank_node(node: ast.AST) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    return node.value is ... or (isinstance(node.value, str) and BLANK_WORDS in node.value)
