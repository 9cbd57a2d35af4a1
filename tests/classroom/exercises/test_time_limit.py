"""No code of a learner can end or block the lesson."""

import asyncio
import builtins
import getpass
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import dagster as dg
import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

from lesson_lib.classroom.exercises import time_limit
from lesson_lib.classroom.exercises.time_limit import Stopped, capture_output, run_with_limits

ASKED_FOR_INPUT = "It asked for input, which a check cannot give. Remove input() and breakpoint()."
ENDLESS_QUERY = (
    "select count(*) from range(10000000) a, range(10000000) b where (a.range * b.range) % 1000003 = 7"
)


@pytest.fixture(autouse=True)
def stop_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give stopped code less time to clean up than in a notebook."""
    monkeypatch.setattr(time_limit, "_CLEANUP_SECONDS", 0.02)


def loop() -> None:
    """Never end."""
    while True:
        pass


def loop_that_swallows_exceptions() -> None:
    """Never end, whatever `Exception` is raised."""
    while True:
        try:  # noqa: SIM105 - as learners would write it
            len("x")
        except Exception:  # noqa: BLE001, S110 - the subject of this test
            pass


def loop_that_swallows_everything() -> None:
    """Never end, whatever is raised."""
    while True:
        try:  # noqa: SIM105 - as learners would write it
            len("x")
        except:  # noqa: E722, S110 - the subject of this test
            pass


def loop_around_a_loop_that_swallows_everything() -> None:
    """Never end, with a second loop around the first."""
    while True:
        try:  # noqa: SIM105 - as learners would write it
            loop_that_swallows_everything()
        except:  # noqa: E722, S110 - the subject of this test
            pass


def raise_own_error() -> None:
    """Replace the exception that stops it with another one."""
    try:
        loop()
    finally:
        raise ValueError


def sleep() -> None:
    """Wait inside a C function."""
    time.sleep(1_000)


def query() -> None:
    """Wait for DuckDB, which ignores signals while it works."""
    duckdb.connect().execute(ENDLESS_QUERY).fetchall()


@pytest.mark.parametrize(
    "work",
    [
        loop,
        loop_that_swallows_exceptions,
        loop_that_swallows_everything,
        loop_around_a_loop_that_swallows_everything,
        raise_own_error,
        sleep,
        query,
    ],
)
def test_endless_code_is_stopped(work: Callable[[], None]) -> None:
    """The timer, its handler and the tracing are restored, also after a second run."""

    def handler(*_: object) -> None:
        raise AssertionError

    def profiler(*_: object) -> None:
        pass

    before, tracer = signal.signal(signal.SIGALRM, handler), sys.gettrace()
    sys.setprofile(profiler)
    try:
        for _ in range(2):
            with pytest.raises(
                Stopped, match=r"^It did not finish within 0\.1 seconds\. Look for an endless loop or"
            ):
                run_with_limits(work, seconds=0.1)
            assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
            assert signal.getsignal(signal.SIGALRM) is handler
            assert (sys.gettrace(), sys.getprofile()) == (tracer, profiler)
    finally:
        sys.setprofile(None)
        signal.signal(signal.SIGALRM, before)


def test_an_endless_asset_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dagster has enough time to mark the run as failed."""
    monkeypatch.setattr(time_limit, "_CLEANUP_SECONDS", 60)

    @dg.asset
    def loops() -> None:
        loop()

    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(Stopped, match="did not finish within 2 seconds"):
            run_with_limits(lambda: dg.materialize([loops], instance=instance), seconds=2)
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_a_retry_with_a_delay_is_not_called_endless(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the retry policy: Dagster waits inside the run."""
    monkeypatch.setattr(time_limit, "_CLEANUP_SECONDS", 60)

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=1, delay=60))
    def fails() -> None:
        raise ValueError

    with (
        dg.DagsterInstance.ephemeral() as instance,
        pytest.raises(
            Stopped, match=r"waiting for its next retry\. Remove the delay from the retry policy\.$"
        ),
    ):
        run_with_limits(lambda: dg.materialize([fails], instance=instance), seconds=2)


def test_code_that_swallows_the_exception_is_reported_as_stopped() -> None:
    """The value that it returns is ignored."""

    def swallow() -> str:
        try:  # noqa: SIM105 - as learners would write it
            loop()
        except BaseException:  # noqa: BLE001, S110 - the subject of this test
            pass
        return "all is well"

    with pytest.raises(Stopped):
        run_with_limits(swallow, seconds=0.1)


def test_values_and_exceptions_are_passed_on() -> None:
    """They are the same objects."""
    value, error = object(), KeyError("mine")

    def fail() -> None:
        raise error

    assert run_with_limits(lambda: value) is value
    with pytest.raises(KeyError) as raised:
        run_with_limits(fail)
    assert raised.value is error


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (SystemExit, "It tried to end the notebook. Remove exit() and use return."),
        (KeyboardInterrupt, "It was interrupted. Run the cell again when you are ready."),
        (asyncio.CancelledError, "It raised CancelledError, which an answer should not raise."),
        (GeneratorExit, "It raised GeneratorExit, which an answer should not raise."),
    ],
)
def test_an_exit_does_not_end_the_lesson(exception: type[BaseException], message: str) -> None:
    """An exception that would end the process becomes a message."""

    def leave() -> None:
        raise exception

    with pytest.raises(Stopped) as stopped:
        run_with_limits(leave)
    assert str(stopped.value) == message


@pytest.mark.parametrize("question", ["input()", "input('name? ')", "breakpoint()", "getpass.getpass()"])
def test_code_cannot_ask_for_input(question: str) -> None:
    """It cannot even if it swallows exceptions; afterwards asking works as before."""

    def ask() -> None:
        with suppress(Exception):
            eval(question)  # noqa: S307 - the questions above

    before = builtins.input, getpass.getpass, sys.breakpointhook
    with pytest.raises(Stopped) as stopped:
        run_with_limits(ask)
    assert str(stopped.value) == ASKED_FOR_INPUT
    assert (builtins.input, getpass.getpass, sys.breakpointhook) == before


def test_there_is_no_time_limit_in_another_thread() -> None:
    """The code runs there without a limit, as it does on Windows."""
    returned: list[int] = []
    thread = threading.Thread(target=lambda: returned.append(run_with_limits(lambda: 8, seconds=0)))
    thread.start()
    thread.join()
    assert returned == [8]


def test_the_folder_is_restored(tmp_path: Path) -> None:
    """It is restored even if the code changed into a folder that it then deleted."""
    before = Path.cwd()
    gone = tmp_path / "gone"
    gone.mkdir()

    def change_folder() -> None:
        os.chdir(gone)
        gone.rmdir()

    run_with_limits(change_folder)
    assert Path.cwd() == before


def test_a_deleted_folder_is_harmless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder is deleted before the code runs, or by the code."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert run_with_limits(lambda: folder.rmdir() or os.chdir(tmp_path) or 8) == 8
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert run_with_limits(lambda: 8) == 8


def test_the_beginning_of_the_output_is_captured() -> None:
    """Code that closes stdout does not close it for the notebook."""
    before = sys.stdout, sys.stderr
    with capture_output() as printed:
        print("x" * 10_000_000)  # noqa: T201 - the subject of this test
        print("a log", file=sys.stderr)  # noqa: T201 - as above
        sys.stdout.close()
        print("more")  # noqa: T201 - as above
    assert printed.getvalue() == "x" * 2_000
    assert (sys.stdout, sys.stderr) == before


def test_the_next_cell_of_a_notebook_runs() -> None:
    """It runs after an `exit()`, an endless loop, a request for input, and any exception.

    In a kernel, `exit` is IPython's, and `input` asks the notebook, which allows no input here.
    """
    first_cell = """
import os, time, warnings
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises import time_limit
from dataclasses import replace
def runs(answer):
    '''Your function is called.'''
    answer()
asked = replace(EXERCISES["1.1"], id="9.9", scenarios=(runs,))
time_limit.run_with_limits.__defaults__ = (1.0,)
before = os.getcwd(), list(warnings.filters), type(exit).__name__
class Unprintable(Exception):
    def __str__(self): raise self
errors = [Unprintable(), SyntaxError("x"), RecursionError(), MemoryError(), StopIteration(),
    ExceptionGroup("two", [Unprintable(), ValueError()]), BaseExceptionGroup("one", [SystemExit()])]
def judge_error(error):
    def fail(): raise error
    return judge(asked, (fail,)).outcome.value
"""
    cells = [
        first_cell,
        "print(judge(asked, (lambda: exit(),)))",
        "print(judge(asked, (lambda: quit(),)))",
        "def answer():\n    while True: pass\nprint(judge(asked, (answer,)))",
        "print(judge(asked, (lambda: input(),)))",
        "print(judge(asked, (lambda: input('name? '),)))",
        "def answer():\n    breakpoint()\n    return 8\nprint(judge(asked, (answer,)))",
        "try: input()\nexcept Exception as error: print(type(error).__name__)",
        "print({judge_error(error) for error in errors})",
        "print(before == (os.getcwd(), list(warnings.filters), type(exit).__name__))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    outputs = ["".join(output.text for output in cell.outputs) for cell in notebook.cells[1:]]
    head = "✗ Exercise 9.9: your code raised\n  Scenario: Your function is called.\n  Stopped: "
    assert outputs == [
        f"{head}It tried to end the notebook. Remove exit() and use return.\n",
        f"{head}It tried to end the notebook. Remove exit() and use return.\n",
        f"{head}It did not finish within 1 seconds. Look for an endless loop or query, or a long sleep.\n",
        *[f"{head}{ASKED_FOR_INPUT}\n"] * 3,
        "StdinNotImplementedError\n",
        "{'your code raised'}\n",
        "True\n",
    ]
