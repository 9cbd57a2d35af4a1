"""A learner's code is run, and whatever it does, the lesson goes on."""

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

from lesson_lib.classroom.exercises import trial
from lesson_lib.classroom.exercises.trial import Stopped, kept_output, tried

ASKED_FOR_INPUT = "It asked for input, and a check asks nobody. Leave input() and breakpoint() out."
ENDLESS_QUERY = (
    "select count(*) from range(10000000) a, range(10000000) b where (a.range * b.range) % 1000003 = 7"
)


@pytest.fixture(autouse=True)
def told_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped code has less time to clean up than a learner's has."""
    monkeypatch.setattr(trial, "_AGAIN", 0.05)


def loop() -> None:
    """Never end."""
    while True:
        pass


def loop_that_swallows_exceptions() -> None:
    """Never end, whatever kind of `Exception` comes up."""
    while True:
        try:  # noqa: SIM105 - as learners write it
            len("x")
        except Exception:  # noqa: BLE001, S110 - what it is about
            pass


def loop_that_swallows_everything() -> None:
    """Never end, whatever is raised."""
    while True:
        try:  # noqa: SIM105 - as learners write it
            len("x")
        except:  # noqa: E722, S110 - what it is about
            pass


def loop_around_a_loop_that_swallows_everything() -> None:
    """Never end, on two levels."""
    while True:
        try:  # noqa: SIM105 - as learners write it
            loop_that_swallows_everything()
        except:  # noqa: E722, S110 - what it is about
            pass


def despair() -> None:
    """Make an error of one's own of being stopped."""
    try:
        loop()
    finally:
        raise ValueError


def sleep() -> None:
    """Wait inside a C function."""
    time.sleep(1_000)


def query() -> None:
    """Wait for DuckDB, which looks at no signal while it works."""
    duckdb.connect().execute(ENDLESS_QUERY).fetchall()


@pytest.mark.parametrize(
    "work",
    [
        loop,
        loop_that_swallows_exceptions,
        loop_that_swallows_everything,
        loop_around_a_loop_that_swallows_everything,
        despair,
        sleep,
        query,
    ],
)
def test_what_does_not_end_is_stopped(work: Callable[[], None]) -> None:
    """And the timer, its handler and the tracing are those of before, also of a second time."""

    def handler(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGALRM, handler)
    tracing = sys.gettrace(), sys.getprofile()
    try:
        for _ in range(2):
            with pytest.raises(Stopped, match=r"^It did not end within 0\.2 seconds\. Look for a loop or"):
                tried(work, seconds=0.2)
            assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
            assert signal.getsignal(signal.SIGALRM) is handler
            assert (sys.gettrace(), sys.getprofile()) == tracing
    finally:
        signal.signal(signal.SIGALRM, before)


def test_an_endless_asset_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a run of Dagster as well, which has the time to end as a failed one."""
    monkeypatch.setattr(trial, "_AGAIN", 60)

    @dg.asset
    def loops() -> None:
        loop()

    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises(Stopped, match="did not end within 2 seconds"):
            tried(lambda: dg.materialize([loops], instance=instance), seconds=2)
        assert [run.status for run in instance.get_runs()] == [dg.DagsterRunStatus.FAILURE]


def test_what_ends_too_late_is_told_so() -> None:
    """Also when it swallows that its time was up, and returns as if nothing had been."""

    def swallows() -> str:
        try:  # noqa: SIM105 - as learners write it
            loop()
        except BaseException:  # noqa: BLE001, S110 - what it is about
            pass
        return "all is well"

    with pytest.raises(Stopped):
        tried(swallows, seconds=0.1)


def test_what_the_work_returns_and_raises_comes_through() -> None:
    """The very value, and the very exception."""
    value, error = object(), KeyError("mine")

    def fails() -> None:
        raise error

    assert tried(lambda: value) is value
    with pytest.raises(KeyError) as raised:
        tried(fails)
    assert raised.value is error


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        (SystemExit, "It asked to end the notebook. Leave exit() out, and use return."),
        (KeyboardInterrupt, "It was interrupted. Run the cell again when you like."),
        (asyncio.CancelledError, "It raised CancelledError, which is not meant to be raised in an answer."),
        (GeneratorExit, "It raised GeneratorExit, which is not meant to be raised in an answer."),
    ],
)
def test_an_exit_is_no_end_of_the_lesson(ends: type[BaseException], message: str) -> None:
    """Whatever would end the process is told, and ends nothing."""

    def leaves() -> None:
        raise ends

    with pytest.raises(Stopped) as stopped:
        tried(leaves)
    assert str(stopped.value) == message


@pytest.mark.parametrize("question", ["input()", "input('name? ')", "breakpoint()", "getpass.getpass()"])
def test_nobody_is_asked(question: str) -> None:
    """Not even where the code swallows exceptions; afterwards questions are asked as before."""

    def asks() -> None:
        with suppress(Exception):
            eval(question)  # noqa: S307 - the questions above

    before = builtins.input, getpass.getpass, sys.breakpointhook
    with pytest.raises(Stopped) as stopped:
        tried(asks)
    assert str(stopped.value) == ASKED_FOR_INPUT
    assert (builtins.input, getpass.getpass, sys.breakpointhook) == before


def test_in_another_thread_there_is_no_time_limit() -> None:
    """As on Windows: the work is done all the same."""
    returned: list[int] = []
    thread = threading.Thread(target=lambda: returned.append(tried(lambda: 8, seconds=0)))
    thread.start()
    thread.join()
    assert returned == [8]


def test_the_folder_is_that_of_before(tmp_path: Path) -> None:
    """Also when the code has gone into a folder that it then deleted."""
    before = Path.cwd()
    gone = tmp_path / "gone"
    gone.mkdir()

    def wanders() -> None:
        os.chdir(gone)
        gone.rmdir()

    tried(wanders)
    assert Path.cwd() == before


def test_a_folder_that_is_gone_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one in which the notebook runs, before the code is run or by the code."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert tried(lambda: folder.rmdir() or os.chdir(tmp_path) or 8) == 8
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert tried(lambda: 8) == 8


def test_what_is_printed_is_kept_up_to_a_length() -> None:
    """However much it is; a closed stdout is open again afterwards."""
    before = sys.stdout, sys.stderr
    with kept_output() as printed:
        print("x" * 10_000_000)  # noqa: T201 - what it is about
        print("a log", file=sys.stderr)  # noqa: T201 - as above
        sys.stdout.close()
        print("more")  # noqa: T201 - as above
    assert printed.getvalue() == "x" * 2_000
    assert (sys.stdout, sys.stderr) == before


def test_in_a_kernel_the_next_cell_runs() -> None:
    """After an `exit()`, an endless loop, a question, and whatever else an answer may do.

    `exit` is IPython's own then, and `input` asks the notebook, which is one that refuses.
    """
    given = """
import os, time, warnings
from lesson_lib.classroom.exercises.checking import judged
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises import trial
from dataclasses import replace
def runs(answer):
    '''Your function is called.'''
    answer()
asked = replace(EXERCISES["1.1"], id="9.9", scenarios=(runs,))
trial.tried.__defaults__ = (1.5,)
before = os.getcwd(), list(warnings.filters), type(exit).__name__
class Unspeakable(Exception):
    def __str__(self): raise self
errors = [Unspeakable(), SyntaxError("x"), RecursionError(), MemoryError(), StopIteration(),
    ExceptionGroup("two", [Unspeakable(), ValueError()]), BaseExceptionGroup("one", [SystemExit()])]
def tells(error):
    def fails(): raise error
    return judged(asked, (fails,)).outcome.value
"""
    cells = [
        given,
        "print(judged(asked, (lambda: exit(),)))",
        "print(judged(asked, (lambda: quit(),)))",
        "def answer():\n    while True: pass\nprint(judged(asked, (answer,)))",
        "print(judged(asked, (lambda: input(),)))",
        "print(judged(asked, (lambda: input('name? '),)))",
        "def answer():\n    breakpoint()\n    return 8\nprint(judged(asked, (answer,)))",
        "try: input()\nexcept Exception as error: print(type(error).__name__)",
        "print({tells(error) for error in errors})",
        "print(before == (os.getcwd(), list(warnings.filters), type(exit).__name__))",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    outputs = ["".join(output.text for output in cell.outputs) for cell in notebook.cells[1:]]
    head = "✗ Exercise 9.9: your code raised\n  Scenario: Your function is called.\n  Stopped: "
    assert outputs == [
        f"{head}It asked to end the notebook. Leave exit() out, and use return.\n",
        f"{head}It asked to end the notebook. Leave exit() out, and use return.\n",
        f"{head}It did not end within 1.5 seconds. Look for a loop or a query without end.\n",
        *[f"{head}{ASKED_FOR_INPUT}\n"] * 3,
        "StdinNotImplementedError\n",
        "{'your code raised'}\n",
        "True\n",
    ]
