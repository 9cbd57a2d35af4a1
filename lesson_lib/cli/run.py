"""`lesson run`: notebooks, run from top to bottom without JupyterLab, into HTML copies to read."""

import logging
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import run_sync
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm import tqdm

from lesson_lib.cli.checkout import CannotGoOn, known_notebooks, relative

# The lab template loads MathJax, Mermaid, RequireJS and widgets from other hosts. Here they are left out, and
# the page forbids itself to ask for anything, whatever a cell shows: a copy reads the same without a network.
TEMPLATE = """\
{%- extends 'index.html.j2' -%}
{%- block html_head_js -%}
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; font-src data:; \
style-src 'unsafe-inline'; script-src 'unsafe-inline'" />
{%- endblock html_head_js -%}
{%- block jupyter_widgets -%}{%- endblock jupyter_widgets -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
"""


def choose(checkout: Path, names: Sequence[str]) -> list[Path]:
    """Return the notebooks of these names, or all of them when there are no names.

    Args:
        checkout: the course's folder.
        names: each a file name or path, with `.ipynb` or without, or the number that a name begins with.

    Raises:
        CannotGoOn: a name is none of the course's, or the course has no notebook.
    """
    known = known_notebooks(checkout)
    if not known:
        raise CannotGoOn(
            f"{checkout / 'notebooks'} holds no notebook. Restore it: `git checkout -- notebooks`."
        )
    return [_named(name, known) for name in names] or known


def run_notebooks(notebooks: Sequence[Path], output: Path) -> int:
    """Run each notebook in a kernel of its own, and write its copy, up to where it failed if it did.

    Args:
        notebooks: the files; they are only read.
        output: the folder for the copies; made if it is not there.

    Returns:
        0 if each ran to its end, else 1.

    Raises:
        CannotGoOn: a notebook cannot be read, or a copy not written.
    """
    loaded = {path: _read(path) for path in notebooks}
    with _writing(output):
        output.mkdir(parents=True, exist_ok=True)
    failed = False
    cells = sum(len(notebook.cells) for notebook in loaded.values())
    # No bar where nobody watches: `disable=None` asks whether stderr is a terminal.
    with tqdm(total=cells, unit="cell", leave=False, disable=None) as bar:
        for path, notebook in loaded.items():
            bar.set_description(path.stem)
            failure = execute(notebook, path.parent, bar.update)
            copy = _write(notebook, path, output)
            failed = failed or failure is not None
            tqdm.write(f"{path.stem}: {failure or 'ran to its end'}. Read {relative(copy, Path.cwd())}")
    return int(failed)


def execute(notebook: NotebookNode, folder: Path, progress: Callable[[], object]) -> str | None:
    """Run a notebook's cells in order, in a kernel of this Python, putting their outputs into it.

    Args:
        notebook: changed in place; the outputs that it was stored with are dropped first.
        folder: where the kernel starts.
        progress: called after each cell.

    Returns:
        None, or what stopped it: the cell's number as JupyterLab shows it, and the error's last line.
    """
    _forget_outputs(notebook)
    # Without kernel folders only ipykernel's own spec is left, and that one starts this very Python.
    manager = AsyncKernelManager(kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(notebook, km=manager)
    number = 0
    try:
        # Cell by cell: `client.execute()` would take over Ctrl-C, and report it as a dead kernel.
        # What the kernel itself writes to stderr is about its sockets; what cells write is in their outputs.
        with client.setup_kernel(cleanup_kc=True, cwd=str(folder), stderr=subprocess.DEVNULL):
            for index, cell in enumerate(notebook.cells):
                number += cell.cell_type == "code" and bool(cell.source.strip())
                client.execute_cell(cell, index, execution_count=number)
                progress()
    except CellExecutionError as error:
        reason = error.evalue.strip().splitlines() or ["no message"]
        return f"cell [{number}] failed with {error.ename}: {reason[-1]}".rstrip(".")
    except DeadKernelError:
        return f"cell [{number}] ended its kernel, perhaps for want of memory"
    except RuntimeError as error:
        if number:
            raise
        return f"no kernel started ({error}); `lesson doctor` says what to do"
    finally:
        # Ctrl-C may come while the kernel starts, before the client knows that it has one to stop.
        if manager.has_kernel:
            run_sync(manager.shutdown_kernel)(now=True)
    return None


def to_html(notebook: NotebookNode, name: str, folder: Path) -> str:
    """Return a notebook as one HTML page that needs nothing beside it and asks nothing of another host.

    Args:
        notebook: with the outputs to show.
        name: the page's title.
        folder: what the paths of pictures in prose start from.
    """
    exporter = HTMLExporter(raw_template=TEMPLATE, embed_images=True)
    # It would warn the reader of charts without alternative text, who can do nothing about it.
    exporter.log = logging.getLogger(f"{__name__}.nbconvert")
    exporter.log.setLevel(logging.ERROR)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": name, "path": str(folder)}})
    return str(page)


def _named(name: str, known: Sequence[Path]) -> Path:
    given = Path(name)
    for path in known:
        if given.name != name and given.resolve() != path.resolve():
            continue  # a path must be the notebook, not only end like it
        if given.name in {path.name, path.stem, path.stem.partition("_")[0]}:
            return path
    names = ", ".join(path.stem for path in known)
    raise CannotGoOn(f"There is no notebook {name!r} in this course. Choose from: {names}.")


def _read(path: Path) -> NotebookNode:
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CannotGoOn(
            f"{path.name} cannot be read as a notebook: {reason}. Restore it: `git checkout -- notebooks`."
        ) from error
    return notebook


def _forget_outputs(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _write(notebook: NotebookNode, path: Path, output: Path) -> Path:
    copy = output / f"{path.stem}.html"
    with _writing(copy):
        copy.write_text(to_html(notebook, path.stem, path.parent), encoding="utf-8")
    return copy


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotGoOn(
            f"{path} cannot be written ({error.strerror}). Choose another folder: `lesson run --output DIR`."
        ) from error
