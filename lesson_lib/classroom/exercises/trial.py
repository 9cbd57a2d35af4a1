"""Running a learner's code so that nothing it does ends the lesson: a time limit, and no way to exit."""

import builtins
import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from IPython.core.getipython import get_ipython

T = TypeVar("T")

SECONDS = 20.0  # that a scenario may take; an honest one takes less than one
_EXITS = ("exit", "quit")
_GRACE = 2.0  # seconds that stopped code has to clean up


class Stopped(Exception):
    """The learner's code did not come to an end of its own."""


class _Stop(BaseException):
    """Raised inside code that ran too long; no `except Exception` of its own catches it."""


def tried(work: Callable[[], T], seconds: float = SECONDS) -> T:
    """Run the work in a thread of its own, and return what it returns.

    Code that waits inside a C function (a long `time.sleep`) cannot be stopped; it is left behind, and the
    caller goes on all the same.

    Raises:
        Stopped: it did not end in time, or it called `exit()`.
        Exception: whatever the work raised, untouched.
    """
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(work())
        except BaseException as error:  # noqa: BLE001 - handed to the caller, or turned into `Stopped`
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True, name="a learner's code")
    with _no_exit():
        thread.start()
        thread.join(seconds)
        if late := thread.is_alive():
            _stop(thread)
    if returned:
        return returned[0]
    if late:  # whatever it made of being stopped
        raise Stopped(f"It did not end within {seconds:g} seconds. Look for a loop that never ends.")
    if not isinstance(raised[0], Exception):
        raise Stopped(f"It asked to end the notebook ({type(raised[0]).__name__}). Leave exit() out.")
    raise raised[0]


def _stop(thread: threading.Thread) -> None:
    """Raise `_Stop` inside the thread until it ends, or will not."""
    for _ in range(10):
        if thread.is_alive():
            ident, stop = ctypes.c_ulong(thread.ident or 0), ctypes.py_object(_Stop)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, stop)
            thread.join(_GRACE / 10)


@contextmanager
def _no_exit() -> Iterator[None]:
    """Let `exit()` and `quit()` raise SystemExit and do nothing else: in a notebook they end the kernel."""
    shell = get_ipython()
    places = [vars(builtins), *([shell.user_ns] if shell else [])]
    before = [{name: place[name] for name in _EXITS if name in place} for place in places]
    for place in places:
        place.update(dict.fromkeys(_EXITS, _exit))
    try:
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            for name in _EXITS:
                place.pop(name, None)
            place.update(was)


def _exit(*_: object) -> NoReturn:
    sys.exit()
