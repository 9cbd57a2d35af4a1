"""Reading, executing and writing the course's notebooks, the same for `make notebooks` and for the tests."""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from lesson_lib.author.notebook_rules import code_cells, named_cells, plain

ROOT = Path(__file__).resolve().parents[2]
SECONDS_A_CELL = 120

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_CELL_METADATA = ("deletable", "editable", "jupyter", "tags")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class NotebookError(Exception):
    """A notebook that cannot be read or executed; the message says which, where and the next move."""


def course_notebooks() -> list[Path]:
    """The notebooks of the course, in the order in which they are taught."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """Read a notebook; a cell without an id of its own is called after its position: `cell-07`.

    Raises:
        NotebookError: the file is not a notebook of format 4.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise NotebookError(f"{path.name} is not a notebook: {error}. Restore it from git.") from error
    if not isinstance(raw, dict) or raw.get("nbformat") != nbformat.current_nbformat:
        raise NotebookError(f"{path.name} is not a notebook of format 4. Open it in JupyterLab and save it.")
    raw["nbformat_minor"] = nbformat.current_nbformat_minor
    # Here, since nbformat would draw random ones, and another set at each reading.
    _give_ids([cell for cell in raw.get("cells", []) if isinstance(cell, dict)])
    try:
        # Not nbformat.reads: it only logs what is wrong, and reads on.
        notebook: NotebookNode = nbformat.reader.reads(json.dumps(raw))
        nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        where = re.search(r"On instance(\S+):", str(error))
        wrong = f"{path.name}{where[1] if where else ''} is not valid: {error.message[:200]}"
        raise NotebookError(f"{wrong}. Correct it in an editor, or restore it from git.") from error
    return notebook


def _give_ids(cells: list[dict[str, object]]) -> None:
    taken: set[object] = {cell.get("id") for cell in cells}
    seen: set[object] = set()
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell.get("id"), str) or not _ID.fullmatch(str(cell["id"])) or cell["id"] in seen:
            wanted = f"cell-{number:02}"
            while wanted in taken:
                wanted += "-b"
            cell["id"] = wanted
            taken.add(wanted)
        seen.add(cell["id"])


def tidied(notebook: NotebookNode) -> NotebookNode:
    """A copy that holds only what is the same wherever and whenever the notebook was executed."""
    notebook = deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(_METADATA)
    for cell in notebook.cells:
        kept = {
            name: cell.metadata[name]
            for name in _CELL_METADATA
            if cell.metadata.get(name) not in (None, [], {})
        }
        cell.metadata = nbformat.from_dict(kept)
    for cell in code_cells(notebook):
        outputs: list[NotebookNode] = []
        for output in cell.outputs:
            if output.output_type == "error":
                # Colours differ between versions of IPython; JupyterLab shows a plain traceback as well.
                output.traceback = [plain(line) for line in output.traceback]
            earlier = outputs[-1] if outputs else None
            if output.output_type == "stream" and earlier and earlier.get("name") == output.name:
                # A kernel cuts what a cell prints into pieces by the clock.
                earlier.text += output.text
            elif output.output_type != "stream" or output.text:
                outputs.append(output)
        cell.outputs = outputs
    return notebook


def text_of(notebook: NotebookNode) -> str:
    """The file's text for a notebook, as JupyterLab would write it, with a final newline."""
    text: str = nbformat.writes(notebook)
    return text.rstrip("\n") + "\n"


def write(path: Path, notebook: NotebookNode) -> bool:
    """Put the notebook in the file's place, all at once, where it differs; return whether it did."""
    new = text_of(notebook).encode()
    if path.read_bytes() == new:
        return False
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(new)
    beside.replace(path)
    return True


async def executed(
    path: Path, notebook: NotebookNode, *, through_errors: bool = False, env: Mapping[str, str] | None = None
) -> NotebookNode:
    """Execute a copy of the notebook from top to bottom in a fresh kernel of this Python; return it, tidied.

    The kernel keeps a learner's progress of its own, which begins empty and ends with it.

    Args:
        path: where the notebook is at home: its folder is the kernel's, its name goes into messages.
        notebook: the notebook; its stored outputs are not looked at.
        through_errors: whether to go on after an error that no `raises-exception` tag announces.
        env: environment variables for the kernel, over those of this process.

    Raises:
        NotebookError: a cell failed unannounced, took more than two minutes, or ended its kernel.
    """
    notebook = deepcopy(notebook)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    started: list[NotebookNode] = []
    client = NotebookClient(
        notebook,
        # No folder of kernel specs: a spec called python3 in someone's home may start another Python.
        km=AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[])),
        resources={"metadata": {"path": str(path.parent)}},
        timeout=SECONDS_A_CELL,
        allow_errors=through_errors,
        record_timing=False,
        store_widget_state=False,
        on_cell_execute=lambda cell, cell_index: started.append(cell),  # noqa: ARG005 nbclient names its arguments
    )
    with tempfile.TemporaryDirectory(prefix="ipython-") as profile:
        # Empty ones: neither someone's own start-up files nor their progress is part of the lesson.
        own = {"IPYTHONDIR": profile, "LESSON_PROGRESS": str(Path(profile) / "progress.json")}
        variables = {**os.environ, **own, **(env or {})}
        try:
            # What a kernel logs for itself goes nowhere, as under nbval; a cell's own stderr is an output.
            await client.async_execute(cleanup_kc=True, env=variables, stderr=subprocess.DEVNULL)
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            name = next((name for name, cell in named_cells(notebook) if cell is started[-1]))
            raise NotebookError(f"{path.name}, {name}: {_what_happened(error)}") from error
    return tidied(notebook)


def _what_happened(error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {plain(error.evalue)}"
    if isinstance(error, CellTimeoutError):
        return f"it still ran after {SECONDS_A_CELL} seconds."
    return "the kernel died."


async def executed_twice(
    path: Path, notebook: NotebookNode, *, env: Mapping[str, str] | None = None
) -> tuple[NotebookNode, NotebookNode]:
    """Execute each code cell twice in a row, in one kernel; return both times' notebooks.

    Errors, announced or not, stop nothing: they are among the outputs. Arguments are those of `executed`.
    """
    doubled = deepcopy(notebook)
    doubled.cells = []
    for cell in code_cells(notebook):
        again = deepcopy(cell)
        again.id = f"{cell.id[:58]}-again"
        doubled.cells += [deepcopy(cell), again]
    ran = (await executed(path, doubled, through_errors=True, env=env)).cells
    first, second = deepcopy(notebook), deepcopy(notebook)
    first.cells, second.cells = ran[::2], ran[1::2]
    return first, second
