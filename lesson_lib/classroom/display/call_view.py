"""The board of a call of this library with missing, unknown or too many arguments."""

import inspect
import re
import sys
import traceback
from types import FunctionType

from lesson_lib.classroom.display.board import Board, Facts

_PACKAGE = "lesson_lib."
_CALL = re.compile(r"(?P<name>[\w.]+)\(\) (?:missing|takes|got an unexpected|got multiple|got some)")


def describe_wrong_call(error: BaseException) -> Board | None:
    """Describe how to call the function that was called in a wrong way; None if it is not of this library."""
    match = _CALL.match(str(error)) if isinstance(error, TypeError) else None
    called = _find_function(match["name"]) if match else None
    if called is None or _is_defined_by_caller(error, called):
        return None
    name = called.__qualname__.removesuffix(".__init__")
    purpose = (inspect.getdoc(called) or "").partition("\n")[0]
    facts = Facts([("Call", _format_call(name, called)), ("What it does", purpose)])
    return Board(f"How to call {name}", [facts])


def _is_defined_by_caller(error: BaseException, called: FunctionType) -> bool:
    """Return whether the calling code has another function of this name."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    own = frames[-1].f_globals.get(called.__name__) if frames else None
    return isinstance(own, FunctionType) and own is not called


def _find_function(name: str) -> FunctionType | None:
    """Return the function of this library whose qualified name, such as `Lab.bring_in`, is in the message."""
    for module in [module for key, module in sys.modules.items() if key.startswith(_PACKAGE)]:
        found: object = module
        for part in name.split("."):
            found = getattr(found, part, None)
        if isinstance(found, FunctionType) and found.__module__.startswith(_PACKAGE):
            return found
    return None


def _format_call(name: str, called: FunctionType) -> str:
    """Return the call with its parameters, without their types."""
    signature = inspect.signature(called)
    parameters = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    return f"{name.rpartition('.')[2]}{inspect.Signature(parameters)}"
