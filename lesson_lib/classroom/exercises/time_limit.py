"""Run a learner's code so that it cannot end the lesson: a time limit, no exit, no questions.

Repeated signals without the tracing would stop loops with a bare `except:` only by chance: an exception gets
out if it is raised between two `try` blocks, and for nested loops that can take forever.
"""

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

TIME_LIMIT_SECONDS = 30.0  # of a scenario; an ordinary answer takes less than two
_CLEANUP_SECONDS = 2.0  # that stopped code has until it is stopped again
_MAX_PRINTED_CHARACTERS = 2_000


class Stopped(Exception):
    """The learner's code was stopped; the message says why, and what to do."""


class _TimeIsUp(BaseException):
    """Raised inside code that runs too long; its own `except Exception` does not catch it."""


class _WaitsForRetry(_TimeIsUp):
    """Raised while Dagster waits to run a step again."""


class _AsksForInput(BaseException):
    """Raised by code that would wait for the learner; its own `except Exception` does not catch it."""


class Printed(io.StringIO):
    """Keeps the first 2,000 characters that are printed; it cannot be closed."""

    def write(self, text: str) -> int:
        """Keep what fits."""
        super().write(text[: max(0, _MAX_PRINTED_CHARACTERS - self.tell())])
        return len(text)

    def close(self) -> None:
        """Stay open, because other code may still write to it."""


def run_with_limits(work: Callable[[], T], seconds: float = TIME_LIMIT_SECONDS) -> T:
    """Call a function in this thread, since Dagster's database does not work across threads.

    The working folder and any tracing are restored afterwards. There is no time limit where the system has no
    timer (Windows), or outside the main thread: there, interrupt the kernel by hand. Code inside a C function
    that ignores signals, such as `10**10**9`, cannot be stopped at all.

    Raises:
        Stopped: it exceeded the time limit, was interrupted, called `exit()` or asked for input.
        Exception: whatever the function raised, unchanged.
    """
    with _restore_folder(), _prevent_exit(), _prevent_input():
        try:
            return _run_with_timer(work, seconds)
        except _WaitsForRetry:
            reason = (
                f"It did not finish within {seconds:g} seconds, because it was waiting for its next retry. "
                "Remove the delay from the retry policy."
            )
        except _TimeIsUp:
            reason = (
                f"It did not finish within {seconds:g} seconds. Look for an endless loop or query, or a "
                "long sleep."
            )
        except KeyboardInterrupt:
            reason = "It was interrupted. Run the cell again when you are ready."
        except _AsksForInput:
            reason = "It asked for input, which a check cannot give. Remove input() and breakpoint()."
        except SystemExit:
            reason = "It tried to end the notebook. Remove exit() and use return."
        except Exception:
            raise
        except BaseException as error:  # noqa: BLE001 - no error in a learner's code ends the lesson
            reason = f"It raised {type(error).__name__}, which an answer should not raise."
        raise Stopped(reason) from None


@contextmanager
def capture_output() -> Iterator[Printed]:
    """Capture what is printed; output to stderr, such as Dagster's log, is dropped."""
    printed = Printed()
    with redirect_stdout(printed), redirect_stderr(Printed()):
        yield printed


def _run_with_timer(work: Callable[[], T], seconds: float) -> T:
    """Call the function, raise `_TimeIsUp` inside it after the time limit, and later at each of its lines."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return work()
    stops: list[type[_TimeIsUp]] = []
    home = sys._getframe()  # noqa: SLF001 - the frame in which tracing ends
    tracer, profiler = sys.gettrace(), sys.getprofile()

    def stop(_number: int, frame: FrameType | None) -> None:
        if not working:  # the function ended just before the timer
            return
        if stops:  # and it has continued, after a bare `except:`
            raise_at_lines(frame, "signal", None)
            sys.setprofile(raise_at_lines)
        stops.append(_find_reason(frame))
        raise stops[0]

    def raise_at_lines(frame: FrameType | None, event: str, _argument: object) -> Any:  # noqa: ANN401 - itself
        """Raise at each line. This ends the tracing, so the profiler, which sees each call, resumes it."""
        if working and event == "line":
            raise _TimeIsUp
        while working and frame and frame is not home:
            frame.f_trace = raise_at_lines
            frame = frame.f_back
        sys.settrace(raise_at_lines if working else None)
        return raise_at_lines

    over = threading.Event()
    threading.Thread(target=_interrupt_queries, args=(over, seconds), daemon=True).start()
    before = signal.signal(signal.SIGALRM, stop)
    working, end = True, time.monotonic() + seconds
    try:
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds, _CLEANUP_SECONDS)
            return work()
        finally:
            working = False
    finally:
        working = False  # also if the timer fires in the `finally` above
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)  # a pending signal still goes to `stop`
        if stops:
            sys.settrace(tracer)
            sys.setprofile(profiler)
        over.set()
        if time.monotonic() >= end:  # even if it swallowed the exception
            raise next(iter(stops), _TimeIsUp)


def _find_reason(frame: FrameType | None) -> type[_TimeIsUp]:
    """Return what to raise in a frame: Dagster waits in a method of this name before it retries a step."""
    return _WaitsForRetry if frame and frame.f_code.co_name == "sleep_til_ready" else _TimeIsUp


def _interrupt_queries(over: threading.Event, seconds: float) -> None:
    """After the time limit, interrupt DuckDB: while it works, no signal reaches Python."""
    pause = seconds
    while not over.wait(pause):
        for found in gc.get_objects():
            if type(found) is duckdb.DuckDBPyConnection:
                with suppress(duckdb.Error):  # the connection is closed
                    found.interrupt()  # has no effect on an idle one
        pause = _CLEANUP_SECONDS


@contextmanager
def _restore_folder() -> Iterator[None]:
    before = None
    with suppress(OSError):  # it may have been deleted already
        before = os.getcwd()  # noqa: PTH109 - a plain text, so that nothing is resolved
    try:
        yield
    finally:
        with suppress(OSError):  # it may have been deleted by now
            if before:
                os.chdir(before)


@contextmanager
def _prevent_exit() -> Iterator[None]:
    """Make `exit()` and `quit()` only raise SystemExit: in a notebook they end the kernel."""
    shell = get_ipython()
    with patch.object(shell, "ask_exit", sys.exit, create=True) if shell else nullcontext():
        yield


@contextmanager
def _prevent_input() -> Iterator[None]:
    """Make requests for input raise: their input box would stay after the check and block the next cell."""

    def raise_error(*_: object, **__: object) -> Any:  # noqa: ANN401 - never returns
        raise _AsksForInput

    with (
        patch("builtins.input", raise_error),
        patch.object(getpass, "getpass", raise_error),
        patch.object(sys, "breakpointhook", raise_error),
    ):
        yield
