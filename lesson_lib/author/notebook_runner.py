"""Executing notebooks in kernels of their own, for `lesson run`, `make notebooks` and the tests."""

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from lesson_lib.author.notebook_files import clear_outputs

MAX_SECONDS_PER_CELL = 120

T = TypeVar("T")


def wait_for(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of an asynchronous function; Ctrl-C stops it and the kernels that it has started."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # zmq needs it on Windows
        return runner.run(work)


async def execute(  # noqa: PLR0913 - all but two are options
    notebook: NotebookNode,
    folder: Path,
    *,
    through_errors: bool = False,
    max_seconds: int | None = MAX_SECONDS_PER_CELL,
    env: Mapping[str, str] | None = None,
    after_cell: Callable[[], object] = lambda: None,
) -> str:
    """Run a notebook's cells in order, in a fresh kernel of this Python, and put their outputs into it.

    The kernel has a progress file and an IPython profile of its own, which are removed at the end.

    Args:
        notebook: changed in place; the outputs that it was stored with are removed first.
        folder: where the kernel starts.
        through_errors: whether to go on after an error that no `raises-exception` tag announces.
        max_seconds: for each cell; without a limit if None.
        env: environment variables for the kernel, over those of this process.
        after_cell: called after each cell.

    Returns:
        An empty text, or what stopped the run: the cell's number as JupyterLab shows it, and the error.
    """
    clear_outputs(notebook)
    # Without kernel folders only ipykernel's own spec is left, and that one starts this very Python.
    manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(
        notebook, km=manager, timeout=max_seconds, allow_errors=through_errors, record_timing=False
    )
    with tempfile.TemporaryDirectory(prefix="kernel-") as own:
        variables = {"IPYTHONDIR": own, "LESSON_PROGRESS": str(Path(own) / "progress.json"), **(env or {})}
        return await _run_cells(client, folder, {**os.environ, **variables}, after_cell)


async def _run_cells(
    client: NotebookClient, folder: Path, env: dict[str, str], after_cell: Callable[[], object]
) -> str:
    number = 0
    try:
        # Not `client.async_execute()`, which takes over Ctrl-C and reports it as a dead kernel. What a kernel
        # writes to stderr is about its sockets; what cells write is in their outputs.
        await client.async_start_new_kernel(cwd=str(folder), env=env, stderr=subprocess.DEVNULL)
        await client.async_start_new_kernel_client()
        for index, cell in enumerate(client.nb.cells):
            number += cell.cell_type == "code" and bool(cell.source.strip())
            await client.async_execute_cell(cell, index, execution_count=number)
            after_cell()
    except CellExecutionError as error:
        reason = error.evalue.strip().splitlines() or ["no message"]
        return f"cell [{number}] failed with {error.ename}: {reason[-1]}".rstrip(".")
    except CellTimeoutError:
        return f"cell [{number}] still ran after {client.timeout} seconds"
    except DeadKernelError as error:
        if _is_interrupted():  # which nbclient takes for a dead kernel
            raise asyncio.CancelledError from error
        return f"cell [{number}] ended its kernel, perhaps for want of memory"
    except RuntimeError as error:
        if number:
            raise
        return f"no kernel started ({error}); `lesson doctor` says what to do"
    finally:
        if client.kc:
            client.kc.stop_channels()
        if client.km and client.km.has_kernel:
            await ensure_async(client.km.shutdown_kernel(now=_is_interrupted()))
    return ""


def _is_interrupted() -> bool:
    """Return whether Ctrl-C was pressed, at which `asyncio.Runner` cancels the task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
