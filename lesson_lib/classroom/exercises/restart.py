"""Restart a learner's function: forget everything that its code kept in Python's memory.

Unpickling the function (cloudpickle) would be shorter. But it fails for code that uses a lock, an open file,
a generator or an instance of Dagster, it copies objects of libraries, and it does not restore classes.
"""

import functools
import gc
import inspect
from collections import OrderedDict, UserDict, UserList, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import CellType, CodeType, FunctionType, MethodType, SimpleNamespace
from typing import Any

# The methods that refill an emptied container. A subclass may have another one: a Counter's `update` adds.
_REFILL: Mapping[type, Callable[[Any, Any], object]] = {
    OrderedDict: OrderedDict.update,
    dict: dict.update,
    list: list.extend,
    set: set.update,
    deque: deque.extend,
    bytearray: bytearray.extend,
}
_CACHED = type(functools.cache(lambda: None))
_WALKED = (
    *(*_REFILL, _CACHED, CellType, FunctionType, MethodType, SimpleNamespace, UserDict, UserList),
    *(classmethod, frozenset, partial, property, staticmethod, tuple),
)
_EMPTY = object()  # represents a slot or cell without a value


@contextmanager
def prepare_restart(function: FunctionType, *holders: object) -> Iterator[Callable[[], None]]:
    """Yield a function that restarts the learner's: it restores what their code kept in memory.

    This covers the global names of its module, with the objects behind those that it uses; default values,
    closures, caches, and the attributes of functions, and of the module's classes and their objects. All of
    them are changed in place, so that they stay the same objects, and once more at the end. Objects of
    libraries are left alone, and so are files, as in a real restart.

    Args:
        function: the learner's.
        holders: other objects with attributes to restore, such as the sensor that was made of the function.
    """
    names = function.__globals__
    restore: list[Callable[[], None]] = [partial(_restore_attributes, names, dict(names))]
    walked: dict[int, object] = {}  # keeps the objects, because Python reuses the ids of deleted ones
    waiting: list[Any] = [function, *map(vars, holders)]
    while waiting:
        found = waiting.pop()
        if id(found) not in walked and _is_walked(found, names):
            walked[id(found)] = found
            restore += _find_state(found, names)
            waiting += _find_parts(found, names)

    def restart() -> None:
        for step in restore:
            step()

    try:
        yield restart
    finally:
        restart()


def _is_walked(found: object, names: dict[str, Any]) -> bool:
    """Return whether a restart would create this object again: it is the module's, or of a built-in type."""
    if isinstance(found, FunctionType):
        return found.__globals__ is names
    return _is_own(found, names) or (
        isinstance(found, _WALKED)
        and type(found).__module__ in {"builtins", "collections", "functools", "types"}
    )


def _is_own(found: object, names: dict[str, Any]) -> bool:
    """Return whether it is a class of the module, or an object of one."""
    kind = found if isinstance(found, type) else type(found)
    return kind.__module__ == names.get("__name__")


def _find_parts(found: Any, names: dict[str, Any]) -> list[Any]:  # noqa: ANN401 - of any type
    """Return the objects that this one refers to; of the global names only those that a function uses."""
    if isinstance(found, FunctionType):
        used = [names[name] for name in _find_names(found.__code__) if name in names]
        return [*used, found.__defaults__, found.__kwdefaults__, found.__closure__, vars(found)]
    if isinstance(found, type):
        return [*vars(found).values(), *found.__bases__]
    if isinstance(found, _CACHED):
        return [found.__wrapped__]
    return gc.get_referents(found)


def _find_names(code: CodeType) -> Iterator[str]:
    """Yield the names that code uses, global ones among them, including the functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _find_names(constant)


def _find_state(found: Any, names: dict[str, Any]) -> Iterator[Callable[[], None]]:  # noqa: ANN401 - as above
    """Yield what restores the state of one object."""
    if isinstance(found, type):
        yield partial(_restore_class, found, dict(vars(found)))
        return
    if isinstance(found, _CACHED):
        yield found.cache_clear
    for kind in filter(partial(isinstance, found), _REFILL):
        yield partial(_refill, kind, found, dict(found) if isinstance(found, dict) else list(found))
        break
    for slot in _find_slots(found, names):
        yield partial(_restore_slot, found, slot, _get_slot(found, slot))
    # The attributes of a method are those of its function.
    if hasattr(found, "__dict__") and not isinstance(found, MethodType):
        yield partial(_restore_attributes, vars(found), dict(vars(found)))


def _find_slots(found: object, names: dict[str, Any]) -> Iterator[Any]:
    if isinstance(found, FunctionType):
        yield from (vars(FunctionType)["__defaults__"], vars(FunctionType)["__kwdefaults__"])
    elif isinstance(found, CellType):
        yield vars(CellType)["cell_contents"]
    elif _is_own(found, names):
        for kind in type(found).__mro__:
            if "__slots__" in vars(kind):
                yield from filter(inspect.ismemberdescriptor, vars(kind).values())


def _get_slot(found: object, slot: Any) -> object:  # noqa: ANN401 - any descriptor
    try:
        return slot.__get__(found)
    except (AttributeError, ValueError):
        return _EMPTY


def _restore_slot(found: object, slot: Any, value: object) -> None:  # noqa: ANN401 - as above
    if value is not _EMPTY:
        slot.__set__(found, value)
    elif _get_slot(found, slot) is not _EMPTY:
        slot.__delete__(found)


def _refill(kind: Any, container: Any, content: Any) -> None:  # noqa: ANN401 - of any type in _REFILL
    kind.clear(container)
    _REFILL[kind](container, content)


def _restore_attributes(attributes: dict[str, Any], content: dict[str, Any]) -> None:
    """Restore attributes one by one, so that none of them is missing at any time."""
    for name in attributes.keys() - content.keys():
        del attributes[name]
    attributes.update(content)


def _restore_class(kind: type, content: dict[str, Any]) -> None:
    for name in vars(kind).keys() - content.keys():
        if not name.startswith("__"):  # Python adds those, such as a cache of annotations
            type.__delattr__(kind, name)
    for name, value in content.items():
        if vars(kind).get(name) is not value:
            type.__setattr__(kind, name, value)
