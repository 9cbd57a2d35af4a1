"""Running a learner's code so that nothing it does ends the lesson: a time limit, no exit, no questions."""

import gc
import getpass
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from types import FrameType
from typing import Any, TypeVar
from unittest.mock import patch

import duckdb
from IPython.core.getipython import get_ipython

T = TypeVar("T")

SECONDS = 30.0  # that a scenario may take; an honest one takes less than two
_AGAIN = 2.0  # seconds that stopped code has to clean up, until it is told again
_MOST_PRINTED = 2_000  # characters


class Stopped(Exception):
    """The learner's code did not come to an end of its own; the message says why, and what to do."""


class _TimeIsUp(BaseException):
    """Raised inside code that runs too long; no `except Exception` of its own catches it."""


class _AsksForInput(BaseException):
    """Raised by whatever would wait for the learner; no `except Exception` of theirs catches it."""


class Printed(io.StringIO):
    """The first 2,000 characters of what is printed; it cannot be closed."""

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        super().write(text[: max(0, _MOST_PRINTED - self.tell())])
        return len(text)

    def close(self) -> None:
        """Stay open: whoever has it may write on."""


def tried(work: Callable[[], T], seconds: float = SECONDS) -> T:
    """Do the work in this thread, and return what it returns.

    In this thread, since Dagster's database complains when one thread opens it and another closes it. The
    current folder and the tracing are those of before afterwards. There is no time limit where the system has
    no timer (Windows), or in another thread than the main one: there, interrupt the kernel by hand. What
    stays inside a C function that looks at no signal, such as `10**10**9`, cannot be stopped at all.

    Raises:
        Stopped: it did not end in time, it was interrupted, it called `exit()`, or it asked for input.
        Exception: whatever the work raised, untouched.
    """
    with _same_folder(), _no_exit(), _no_input():
        try:
            return _within(work, seconds)
        except _TimeIsUp:
            reason = f"It did not end within {seconds:g} seconds. Look for a loop or a query without end."
        except KeyboardInterrupt:
            reason = "It was interrupted. Run the cell again when you like."
        except _AsksForInput:
            reason = "It asked for input, and a check asks nobody. Leave input() and breakpoint() out."
        except SystemExit:
            reason = "It asked to end the notebook. Leave exit() out, and use return."
        except Exception:
            raise
        except BaseException as error:  # noqa: BLE001 - nothing that a learner's code raises ends the lesson
            reason = f"It raised {type(error).__name__}, which is not meant to be raised in an answer."
        raise Stopped(reason) from None


@contextmanager
def kept_output() -> Iterator[Printed]:
    """Keep what is printed away from the page; what goes to stderr, such as Dagster's log, is dropped."""
    printed = Printed()
    with redirect_stdout(printed), redirect_stderr(Printed()):
        yield printed


def _within(work: Callable[[], T], seconds: float) -> T:
    """Do the work, and raise `_TimeIsUp` inside it once the time is over, and after that at each line."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return work()
    is_told = False
    home = sys._getframe()  # noqa: SLF001 - the frame to come back to
    tracing = sys.gettrace(), sys.getprofile()

    def stop(_number: int, frame: FrameType | None) -> None:
        nonlocal is_told
        if not working:  # it is over already, and the timer was a moment too late
            return
        if is_told:  # and has gone on, after a bare `except:`
            again(frame, "signal", None)
            sys.setprofile(again)
        is_told = True
        raise _TimeIsUp

    def again(frame: FrameType | None, event: str, _argument: object) -> Any:  # noqa: ANN401 - itself
        """Raise at each line; since that ends the tracing, a call, which the profiler sees, resumes it."""
        if working and event == "line":
            raise _TimeIsUp
        while working and frame and frame is not home:
            frame.f_trace = again
            frame = frame.f_back
        sys.settrace(again if working else None)
        return again

    over = threading.Event()
    threading.Thread(target=_interrupt_queries, args=(over, seconds), daemon=True).start()
    before = signal.signal(signal.SIGALRM, stop)
    working, end = True, time.monotonic() + seconds
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
            return work()
        finally:
            working = False
    finally:
        working = False  # also when time is up in the very `finally` above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)  # which first hands a signal that is under way to `stop`
        if is_told:
            sys.settrace(tracing[0])
            sys.setprofile(tracing[1])
        over.set()
        if time.monotonic() >= end:  # whatever it made of being stopped: an error of its own, or a value
            raise _TimeIsUp


def _interrupt_queries(over: threading.Event, seconds: float) -> None:
    """Once the time is over, interrupt what DuckDB does: while it works, no signal reaches Python."""
    pause = seconds
    while not over.wait(pause):
        for found in gc.get_objects():
            if type(found) is duckdb.DuckDBPyConnection:
                with suppress(duckdb.Error):  # it is closed
                    found.interrupt()  # without effect on one that is idle
        pause = _AGAIN


@contextmanager
def _same_folder() -> Iterator[None]:
    before = None
    with suppress(OSError):  # it may have been deleted already
        before = os.getcwd()  # noqa: PTH109 - as a plain text, so that nothing is resolved
    try:
        yield
    finally:
        with suppress(OSError):  # it may have been deleted by now
            if before:
                os.chdir(before)


@contextmanager
def _no_exit() -> Iterator[None]:
    """Let `exit()` and `quit()` raise SystemExit, and do nothing else: in a notebook they end the kernel."""
    shell = get_ipython()
    with patch.object(shell, "ask_exit", sys.exit, create=True) if shell else nullcontext():
        yield


@contextmanager
def _no_input() -> Iterator[None]:
    """Let whatever asks for typing raise: its box would outlive the check, and hold up the next cell."""

    def refuse(*_: object, **__: object) -> Any:  # noqa: ANN401 - never returns
        raise _AsksForInput

    with (
        patch("builtins.input", refuse),
        patch.object(getpass, "getpass", refuse),
        patch.object(sys, "breakpointhook", refuse),
    ):
        yield
