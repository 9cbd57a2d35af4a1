"""What a restart takes from a learner's function: all that its code keeps in Python's memory."""

import functools
import inspect
from collections import OrderedDict, UserDict, UserList, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import CodeType, FunctionType, MethodType, SimpleNamespace
from typing import Any

# How a container that has been emptied gets its content back. Not by a method of the object's own class: of a
# Counter, `update` adds.
_REFILL: Mapping[type, Callable[[Any, Any], object]] = {
    OrderedDict: OrderedDict.update,
    dict: dict.update,
    list: list.extend,
    set: set.update,
    deque: deque.extend,
    bytearray: bytearray.extend,
}
_CACHED = type(functools.cache(lambda: None))


@contextmanager
def restarts(function: FunctionType, *holders: object) -> Iterator[Callable[[], None]]:
    """Yield what restarts the process of a function: its code's memory is again as it was at the beginning.

    That is the global names of its module, with what hangs on those that it uses; default values, closures,
    caches, and the attributes of functions, classes and objects of its module. Each is put back in place, so
    that it stays the same object, and once more at the end. Files stay, as they do in a restart.

    Args:
        function: the learner's.
        holders: other objects on which it may keep something, such as the sensor that was made of it.
    """
    memory = _Memory(function.__globals__)
    memory.keep_names()
    for holder in holders:
        memory.keep_attributes(holder)
    memory.keep(function)
    try:
        yield memory.restore
    finally:
        memory.restore()


class _Memory:
    """What was found when walking from one object to the next, and how to put it back."""

    def __init__(self, names: dict[str, Any]) -> None:
        """Begin with nothing; `names` are the global ones of the module whose code is walked through."""
        self._names = names
        self._known: dict[
            int, object
        ] = {}  # the objects too, lest another one gets the id of one that is gone
        self._undo: list[Callable[[], object]] = []

    def restore(self) -> None:
        """Put all of it back."""
        for undo in self._undo:
            undo()

    def keep_names(self) -> None:
        """Keep which object each global name stands for, and not what is in it."""
        self._undo.append(functools.partial(_refill_attributes, self._names, dict(self._names)))

    def keep_attributes(self, holder: object) -> None:
        """Keep an object's attributes, whatever it is."""
        self._known[id(holder)] = holder
        self.keep(vars(holder))

    def keep(self, found: Any) -> None:  # noqa: ANN401 - of any type
        """Keep what an object holds, if a restart would make it anew, and what hangs on it."""
        waiting = [found]
        while waiting:
            found = waiting.pop()
            if id(found) not in self._known:
                self._known[id(found)] = found
                waiting += self._parts(found)

    def _parts(self, found: Any) -> Iterable[Any]:  # noqa: ANN401 - as above
        """Note how to put an object back, and return what hangs on it."""
        parts: list[Any] = []
        kind = next((kind for kind in type(found).__mro__ if kind in _REFILL), None)
        if kind and self._is_plain_or_own(found):
            content = dict(found) if isinstance(found, dict) else list(found)
            self._undo.append(functools.partial(_refill, kind, found, content))
            parts += content.values() if isinstance(content, dict) else content
        elif isinstance(found, tuple | frozenset) and self._is_plain_or_own(found):
            parts += found
        if isinstance(found, FunctionType):
            parts += self._parts_of_function(found)
        elif isinstance(found, _CACHED):
            self._undo.append(found.cache_clear)
            parts.append(found.__wrapped__)
        elif isinstance(found, MethodType | staticmethod | classmethod):
            parts += [found.__func__, getattr(found, "__self__", None)]
        elif isinstance(found, functools.partial):
            parts += [found.func, found.args, found.keywords]
        elif isinstance(found, property):
            parts += [found.fget, found.fset, found.fdel]
        elif self._is_own(found):
            parts += self._parts_of_own(found)
        return parts

    def _is_plain_or_own(self, found: object) -> bool:
        """Tell whether it is of Python's own types: those of libraries are left alone."""
        return type(found).__module__ in ("builtins", "collections") or self._is_own(found)

    def _is_own(self, found: object) -> bool:
        """Tell whether it is a class of the walked module, or an object of one, or merely holds others."""
        if isinstance(found, SimpleNamespace | UserDict | UserList):
            return True
        kind = found if isinstance(found, type) else type(found)
        return kind.__module__ == self._names.get("__name__")

    def _parts_of_function(self, function: FunctionType) -> Iterator[Any]:
        if function.__globals__ is not self._names:  # a library's, which keeps what it likes
            return
        self._undo.append(functools.partial(setattr, function, "__defaults__", function.__defaults__))
        self._undo.append(functools.partial(setattr, function, "__kwdefaults__", function.__kwdefaults__))
        yield from (function.__defaults__, function.__kwdefaults__, vars(function))
        for cell in function.__closure__ or ():
            with suppress(ValueError):  # it is empty so far
                self._undo.append(functools.partial(setattr, cell, "cell_contents", cell.cell_contents))
                yield cell.cell_contents
        yield from (self._names[name] for name in _words(function.__code__) if name in self._names)

    def _parts_of_own(self, found: object) -> Iterator[Any]:
        if isinstance(found, type):
            content = dict(vars(found))
            self._undo.append(functools.partial(_refill_class, found, content))
            yield from (*content.values(), *found.__bases__)
            return
        yield from (getattr(found, "__dict__", None), type(found))
        for kind in type(found).__mro__:
            for slot in filter(inspect.ismemberdescriptor, vars(kind).values()):
                if slot.__name__ == "__dict__":
                    continue
                with suppress(AttributeError):  # it is empty so far
                    value = slot.__get__(found)
                    self._undo.append(functools.partial(slot.__set__, found, value))
                    yield value


def _words(code: CodeType) -> Iterator[str]:
    """Yield the names that code uses, global ones among them, and those of the functions inside it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _words(constant)


def _refill(kind: Any, container: Any, content: Any) -> None:  # noqa: ANN401 - of any type that has both methods
    kind.clear(container)
    _REFILL[kind](container, content)


def _refill_attributes(names: dict[str, Any], content: dict[str, Any]) -> None:
    """Put names back one by one: at no moment is one of them missing that was there."""
    for name in names.keys() - content.keys():
        del names[name]
    names.update(content)


def _refill_class(kind: type, content: dict[str, Any]) -> None:
    for name in vars(kind).keys() - content.keys():
        if not name.startswith("__"):  # what Python itself adds, such as a cache of annotations
            type.__delattr__(kind, name)
    for name, value in content.items():
        if vars(kind).get(name) is not value:
            type.__setattr__(kind, name, value)
