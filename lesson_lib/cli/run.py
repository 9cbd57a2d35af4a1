"""`lesson run`: notebooks, run from top to bottom without JupyterLab, into HTML copies to read."""

import asyncio
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_core.utils import ensure_event_loop, run_sync
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
    loaded = {path: read_notebook(path) for path in notebooks}
    failed = False
    for path, notebook, failure in executing(loaded, output):
        copy = write_html(notebook, path.stem, path, output)
        failed = failed or failure is not None
        tqdm.write(f"{path.stem}: {failure or 'ran to its end'}. Read {relative(copy, Path.cwd())}")
    return int(failed)


def read_notebook(path: Path) -> NotebookNode:
    """Read one of the course's notebooks.

    Raises:
        CannotGoOn: it is none.
    """
    try:
        notebook: NotebookNode = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CannotGoOn(
            f"{path.name} cannot be read as a notebook: {reason}. Restore it: `git checkout -- notebooks`."
        ) from error
    return notebook


def executing(
    notebooks: Mapping[Path, NotebookNode], output: Path
) -> Iterator[tuple[Path, NotebookNode, str | None]]:
    """Execute notebooks one after the other, beside a bar, and yield each with what stopped it, if anything.

    Args:
        notebooks: by the files that they are read from; changed in place.
        output: the folder that the copies will go to; made before the first one is executed.

    Raises:
        CannotGoOn: the folder cannot be made.
    """
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    cells = sum(len(notebook.cells) for notebook in notebooks.values())
    # No bar where nobody watches: `disable=None` asks whether stderr is a terminal.
    with tqdm(total=cells, unit="cell", leave=False, disable=None) as bar:
        for path, notebook in notebooks.items():
            bar.set_description(path.stem)
            yield path, notebook, execute(notebook, path.parent, bar.update)


def execute(notebook: NotebookNode, folder: Path, progress: Callable[[], object]) -> str | None:
    """Run a notebook's cells in order, in a kernel of this Python, putting their outputs into it.

    The kernel keeps a learner's progress of its own, which ends with it.

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
    client = NotebookClient(notebook, km=manager, record_timing=False)
    number = 0
    try:
        # Cell by cell: `client.execute()` would take over Ctrl-C, and report it as a dead kernel.
        # What the kernel itself writes to stderr is about its sockets; what cells write is in their outputs.
        with (
            tempfile.TemporaryDirectory(prefix="progress-") as own,
            client.setup_kernel(
                cleanup_kc=True,
                cwd=str(folder),
                env={**os.environ, "LESSON_PROGRESS": str(Path(own) / "progress.json")},
                stderr=subprocess.DEVNULL,
            ),
            _no_task_left_behind(),
        ):
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


def write_html(notebook: NotebookNode, name: str, path: Path, output: Path) -> Path:
    """Write a notebook's HTML page, titled with this name, into a folder; return the page's file.

    Args:
        notebook: with the outputs to show.
        name: the page's title.
        path: the notebook that it comes from.
        output: the folder, which is there.

    Raises:
        CannotGoOn: it cannot be written.
    """
    copy = output / f"{path.stem}.html"
    with writing(copy):
        copy.write_text(to_html(notebook, name, path.parent), encoding="utf-8")
    return copy


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Take what the system says of a path that cannot be written for a reason to stop.

    Raises:
        CannotGoOn: the body has raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise CannotGoOn(
            f"{path} cannot be written ({error.strerror}). Choose another folder with --output DIR."
        ) from error


def _named(name: str, known: Sequence[Path]) -> Path:
    given = Path(name)
    for path in known:
        if given.name != name and given.resolve() != path.resolve():
            continue  # a path must be the notebook, not only end like it
        if given.name in {path.name, path.stem, path.stem.partition("_")[0]}:
            return path
    names = ", ".join(path.stem for path in known)
    raise CannotGoOn(f"There is no notebook {name!r} in this course. Choose from: {names}.")


@contextmanager
def _no_task_left_behind() -> Iterator[None]:
    """End what Ctrl-C leaves undone: the cell's task would later complain, to nobody, of its dead kernel."""
    try:
        yield
    except KeyboardInterrupt:
        loop = ensure_event_loop()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks))
        for task in tasks:
            if not task.cancelled():
                task.exception()  # asked for, it counts as told
        raise


def _forget_outputs(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
