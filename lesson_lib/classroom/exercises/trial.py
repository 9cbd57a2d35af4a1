"""Running a learner's code so that nothing it does ends the lesson: a time limit, and no way to exit."""

import builtins
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import NoReturn, TypeVar

from IPython.core.getipython import get_ipython

T = TypeVar("T")

SECONDS = 30.0  # that a scenario may take; an honest one takes less than two
_AGAIN = 0.05  # seconds until code that swallowed the end of its time is told again
_EXITS = ("exit", "quit")


class Stopped(Exception):
    """The learner's code did not come to an end of its own; the message says why, and what to do."""


class _TimeIsUp(BaseException):
    """Raised inside code that runs too long; no `except Exception` of its own catches it."""


def tried(work: Callable[[], T], seconds: float = SECONDS) -> T:
    """Do the work in this thread, and return what it returns.

    The current folder is that of before afterwards. Where the system has no timer that can interrupt
    (Windows), or in another thread than the main one, the learner interrupts the kernel by hand.

    Raises:
        Stopped: it did not end in time, it was interrupted, or it called `exit()`.
        Exception: whatever the work raised, untouched.
    """
    with ExitStack() as around:
        around.enter_context(_same_folder())
        around.enter_context(_no_exit())
        try:
            return _within(work, seconds)
        except _TimeIsUp:
            raise Stopped(
                f"It did not end within {seconds:g} seconds. Look for a loop that never ends."
            ) from None
        except KeyboardInterrupt:
            raise Stopped("It was interrupted. Run the cell again when you like.") from None
        except Exception:
            raise
        except BaseException as error:  # noqa: BLE001 - also what Python has to end a process with
            raise Stopped(
                f"It asked to end the notebook ({type(error).__name__}). Leave exit() out."
            ) from None


def _within(work: Callable[[], T], seconds: float) -> T:
    """Do the work, and raise `_TimeIsUp` inside it, again and again, once the time is over."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return work()
    over = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal over
        if working:
            over = True
            raise _TimeIsUp

    working = True
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        try:
            result = work()
        finally:
            working = False
    except Exception:
        if over:  # what code that was stopped raises in its despair is no error of the learner's
            raise _TimeIsUp from None
        raise
    finally:
        working = False  # also when time is up in the very `finally` above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    if over:
        raise _TimeIsUp
    return result


@contextmanager
def _same_folder() -> Iterator[None]:
    with suppress(OSError):  # it may have been deleted already
        before = os.getcwd()  # noqa: PTH109 - as a plain text, so that nothing is resolved
        try:
            yield
        finally:
            os.chdir(before)
        return
    yield


@contextmanager
def _no_exit() -> Iterator[None]:
    """Let `exit()` and `quit()` raise SystemExit and do nothing else: in a notebook they end the kernel."""
    shell = get_ipython()
    places = [vars(builtins), *([shell.user_ns] if shell else [])]
    before = [{name: place[name] for name in _EXITS if name in place} for place in places]
    for place, was in zip(places, before, strict=True):
        place.update(dict.fromkeys(was, _exit))
    try:
        yield
    finally:
        for place, was in zip(places, before, strict=True):
            place.update(was)


def _exit(*_: object) -> NoReturn:
    sys.exit()
