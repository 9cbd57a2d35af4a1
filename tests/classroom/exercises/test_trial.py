"""A learner's code is run, and whatever it does, the lesson goes on."""

import asyncio
import threading
import time

import dagster as dg
import nbformat
import pytest
from nbclient import NotebookClient

from lesson_lib.classroom.exercises import Stopped, tried


def test_what_the_work_returns_and_raises_comes_through() -> None:
    """The very value, and the very exception."""
    value, error = object(), KeyError("mine")

    def fails() -> None:
        raise error

    assert tried(lambda: value) is value
    with pytest.raises(KeyError) as raised:
        tried(fails)
    assert raised.value is error


def endless() -> None:
    """Swallow every exception that a learner's code may swallow, for ever."""
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001, S110 - as bad as a learner's code may be
            pass


def test_an_endless_loop_is_stopped() -> None:
    """Also one that swallows exceptions; its thread is gone."""
    with pytest.raises(Stopped, match=r"^It did not end within 0\.3 seconds\. Look for a loop"):
        tried(endless, seconds=0.3)
    assert not [thread for thread in threading.enumerate() if thread.name == "a learner's code"]


def test_an_endless_asset_is_stopped() -> None:
    """Inside a run of Dagster as well."""

    @dg.asset
    def loops() -> None:
        endless()

    with pytest.raises(Stopped, match="did not end within 2 seconds"):
        tried(lambda: dg.materialize([loops], instance=dg.DagsterInstance.ephemeral()), seconds=2)


def test_what_sleeps_in_c_is_left_behind() -> None:
    """The caller does not wait for it."""
    with pytest.raises(Stopped):
        tried(lambda: time.sleep(6), seconds=0.1)


@pytest.mark.parametrize("ends", [SystemExit, KeyboardInterrupt, asyncio.CancelledError])
def test_an_exit_is_no_end_of_the_lesson(ends: type[BaseException]) -> None:
    """Whatever would end the process is told, and ends nothing."""

    def leaves() -> None:
        raise ends

    with pytest.raises(Stopped, match=rf"asked to end the notebook \({ends.__name__}\)"):
        tried(leaves)


def test_in_a_notebook_exit_leaves_the_kernel_alive() -> None:
    """IPython's own `exit()` ends the kernel; inside a trial it does not, and outside it still would."""
    trial = """
from lesson_lib.classroom.exercises import tried
def leaves():
    exit()
try:
    tried(leaves)
except Exception as error:
    print(type(error).__name__)
"""
    cells = [nbformat.v4.new_code_cell(source) for source in (trial, "print('alive', type(exit).__name__)")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    first, second = (cell.outputs[0].text for cell in notebook.cells)
    assert first == "Stopped\n"
    assert second == "alive ZMQExitAutocall\n"
