"""Read the course's notebooks, tidy them, and write them back."""

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from lesson_lib.author.notebook_rules import list_code_cells, merge_streams, strip_colors
from lesson_lib.notebook_cells import NotebookError, parse_notebook

ROOT = Path(__file__).resolve().parents[2]

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_CELL_METADATA = ("deletable", "editable", "jupyter", "tags")
_CELL_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def list_notebooks() -> list[Path]:
    """Return the course's notebooks, in the order in which they are taught."""
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook; a cell without an id of its own is named after its position, such as `cell-07`.

    Raises:
        NotebookError: the file cannot be read, or is not a valid notebook of format 4.
    """
    try:
        raw = parse_notebook(path.read_text(encoding="utf-8"))
        raw["nbformat_minor"] = nbformat.current_nbformat_minor
        # Here, because nbformat would draw random ids, different at each reading.
        _give_ids(raw["cells"])
        # Not nbformat.reads: it would only log what is wrong.
        notebook: NotebookNode = nbformat.reader.reads(json.dumps(raw))
        nbformat.validate(notebook)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = str(error).strip().partition("\n")[0]
        if isinstance(error, nbformat.ValidationError):
            where = re.search(r"On instance(\S+):", str(error))
            reason = f"{where[1] if where else 'it'}: {error.message[:200]}"
        raise NotebookError(
            f"{path.name} cannot be read as a notebook: {reason}. Restore it: `git checkout -- notebooks`."
        ) from error
    return notebook


def _give_ids(cells: list[dict[str, Any]]) -> None:
    taken = {cell.get("id") for cell in cells}
    seen: set[object] = set()
    for number, cell in enumerate(cells, start=1):
        if not _CELL_ID.fullmatch(str(cell.get("id", ""))) or cell["id"] in seen:
            new = f"cell-{number:02}"
            while new in taken:
                new += "-b"
            cell["id"] = new
            taken.add(new)
        seen.add(cell["id"])


def tidy(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without what differs between two machines or two runs."""
    notebook = deepcopy(notebook)
    notebook.metadata = nbformat.from_dict(_METADATA)
    for cell in notebook.cells:
        kept = {name: cell.metadata.get(name) for name in _CELL_METADATA}
        kept = {name: value for name, value in kept.items() if value not in (None, [], {})}
        cell.metadata = nbformat.from_dict(kept)
    for cell in list_code_cells(notebook):
        cell.outputs = merge_streams(cell.outputs)
        for output in cell.outputs:
            if output.output_type == "error":
                # Colours differ between versions of IPython; JupyterLab shows a plain traceback as well.
                output.traceback = [strip_colors(line) for line in output.traceback]
    return notebook


def clear_outputs(notebook: NotebookNode) -> None:
    """Remove the outputs of the code cells, and the counts of their runs."""
    for cell in list_code_cells(notebook):
        cell.outputs, cell.execution_count = [], None


def format_notebook(notebook: NotebookNode) -> str:
    """Return the text of a notebook's file, as JupyterLab would write it, with a final newline."""
    text: str = nbformat.writes(notebook)
    return text.rstrip("\n") + "\n"


def write_notebook(path: Path, notebook: NotebookNode) -> bool:
    """Replace the file in one step if it differs from the notebook; return whether it did."""
    new = format_notebook(notebook).encode()
    if path.read_bytes() == new:
        return False
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(new)
    beside.replace(path)
    return True
