"""Running a learner's code so that nothing it does ends the lesson: a time limit, and no way to exit."""

import builtins
import gc
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from types import FrameType
from typing import Any, NoReturn, TypeVar

import duckdb
from IPython.core.getipython import get_ipython

T = TypeVar("T")

SECONDS = 30.0  # that a scenario may take; an honest one takes less than two
_AGAIN = 1.0  # seconds that stopped code has to clean up, until it is told again
_TIMES = 2  # that it is told before each of its lines is
_MOST_PRINTED = 2_000  # characters
_EXITS = ("exit", "quit")


class Stopped(Exception):
    """The learner's code did not come to an end of its own; the message says why, and what to do."""


class _TimeIsUp(BaseException):
    """Raised inside code that runs too long; no `except Exception` of its own catches it."""


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
    current folder and the builtins are those of before afterwards. There is no time limit where the system
    has no timer (Windows), or in another thread than the main one: there, interrupt the kernel by hand. What
    stays inside a C function that looks at no signal, such as `10**10**9`, cannot be stopped at all.

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
            reason = f"It did not end within {seconds:g} seconds. Look for a loop or a query without end."
        except KeyboardInterrupt:
            reason = "It was interrupted. Run the cell again when you like."
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
    """Do the work, and raise `_TimeIsUp` inside it, again and again, once the time is over."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        return work()
    told = 0
    home = sys._getframe()  # noqa: SLF001 - the frame to come back to
    tracing = sys.gettrace(), sys.getprofile()

    def stop(_number: int, frame: FrameType | None) -> None:
        nonlocal told
        if working:  # else it is over already, and the timer was a moment too late
            told += 1
            if told > _TIMES:
                _at_each_line(frame, home, lambda: working)
            raise _TimeIsUp

    at_work = threading.Lock()  # of C: an event's methods would need builtins that may be gone
    at_work.acquire()
    threading.Thread(target=_interrupt_queries, args=(at_work, seconds), daemon=True).start()
    before = signal.signal(signal.SIGALRM, stop)
    working, end = True, time.monotonic() + seconds
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
        try:
            result = work()
        finally:
            working = False
    except Exception:
        if time.monotonic() >= end:  # what stopped code raises in its despair is no error of the learner's
            raise _TimeIsUp from None
        raise
    finally:
        working = False  # also when time is up in the very `finally` above
        at_work.release()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)  # which first hands a signal that is under way to `stop`
        if told > _TIMES:
            sys.settrace(tracing[0])
            sys.setprofile(tracing[1])
    if time.monotonic() >= end:  # it swallowed that its time was up
        raise _TimeIsUp
    return result


def _at_each_line(frame: FrameType | None, home: FrameType, is_working: Callable[[], bool]) -> None:
    """Raise `_TimeIsUp` again wherever the code above `home` goes on after a bare `except:`."""

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:  # noqa: ANN401 - itself
        if event == "line" and is_working():
            raise _TimeIsUp
        return trace

    def begin(frame: FrameType | None) -> None:
        while frame and frame is not home:
            frame.f_trace = trace
            frame = frame.f_back
        sys.settrace(trace)

    def begin_again(frame: FrameType, _event: str, _argument: object) -> None:
        if is_working() and sys.gettrace() is None:  # a trace function that raises is taken away
            begin(frame)

    begin(frame)
    sys.setprofile(begin_again)


def _interrupt_queries(at_work: threading.Lock, seconds: float) -> None:
    """Once the time is over, interrupt what DuckDB does: while it works, no signal reaches Python."""
    pause = seconds
    while not at_work.acquire(timeout=pause):
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
    """Let `exit()` and `quit()` raise SystemExit and do nothing else: in a notebook they end the kernel."""
    names = vars(builtins)
    shell = get_ipython()
    own = shell.user_ns if shell else {}
    before = dict(names), {name: own[name] for name in _EXITS if name in own}
    for place in (names, own):
        place.update({name: _exit for name in _EXITS if name in place})
    try:
        yield
    finally:
        names.update(before[0])
        own.update(before[1])


def _exit(*_: object) -> NoReturn:
    sys.exit()
