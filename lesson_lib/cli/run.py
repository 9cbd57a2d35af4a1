"""`lesson run`: execute notebooks without JupyterLab, and write HTML copies to read."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from tqdm import tqdm

from lesson_lib.author.notebook_files import read_notebook
from lesson_lib.author.notebook_runner import execute, wait_for
from lesson_lib.cli.checkout import CannotGoOn, list_notebooks, shorten_path

# The lab template loads MathJax, Mermaid, RequireJS and widgets from other hosts. Here they are left out, and
# the page forbids itself every request, whatever a cell shows, so a copy reads the same without a network.
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


def run_notebooks(notebooks: Sequence[Path], output: Path) -> int:
    """Execute each notebook and write its copy, up to the cell that failed if one did.

    Return 0 if each ran to its end, else 1; raise NotebookError or CannotGoOn if a file cannot be read or
    written.
    """
    loaded = {path: read_notebook(path) for path in notebooks}
    failed = False
    for path, notebook, failure in execute_all(loaded, output):
        copy = write_html(notebook, path.stem, path, output)
        failed = failed or bool(failure)
        tqdm.write(f"{path.stem}: {failure or 'ran to its end'}. Read {shorten_path(copy, Path.cwd())}")
    return int(failed)


def choose_notebooks(checkout: Path, names: Sequence[str]) -> list[Path]:
    """Return the notebooks of these names, or all of them when there are no names; or raise CannotGoOn.

    A name is a file name or path, with `.ipynb` or without, or the number that the name begins with.
    """
    known = list_notebooks(checkout)
    if not known:
        raise CannotGoOn(
            f"{checkout / 'notebooks'} holds no notebook. Restore it: `git checkout -- notebooks`."
        )
    return [_choose_notebook(name, known) for name in names] or known


def _choose_notebook(name: str, known: Sequence[Path]) -> Path:
    given = Path(name)
    for path in known:
        if given.name != name and given.resolve() != path.resolve():
            continue  # a path must be the notebook, not only end like it
        if given.name in {path.name, path.stem, path.stem.partition("_")[0]}:
            return path
    names = ", ".join(path.stem for path in known)
    raise CannotGoOn(f"There is no notebook {name!r} in this course. Choose from: {names}.")


def execute_all(
    notebooks: Mapping[Path, NotebookNode], output: Path
) -> Iterator[tuple[Path, NotebookNode, str]]:
    """Execute notebooks in place, beside a progress bar; yield each with its file and what stopped it, or "".

    The folder for their copies is made first, so that nothing runs in vain.
    """
    with stop_if_unwritable(output):
        output.mkdir(parents=True, exist_ok=True)
    cells = sum(len(notebook.cells) for notebook in notebooks.values())
    # `disable=None` shows the bar only where stderr is a terminal.
    with tqdm(total=cells, unit="cell", leave=False, disable=None) as bar:
        for path, notebook in notebooks.items():
            bar.set_description(path.stem)
            failure = wait_for(execute(notebook, path.parent, max_seconds=None, after_cell=bar.update))
            yield path, notebook, failure


def write_html(notebook: NotebookNode, name: str, path: Path, output: Path) -> Path:
    """Write the HTML page of a notebook that was read from a path, and return the page's file."""
    copy = output / f"{path.stem}.html"
    with stop_if_unwritable(copy):
        copy.write_text(render_html(notebook, name, path.parent), encoding="utf-8")
    return copy


def render_html(notebook: NotebookNode, name: str, folder: Path) -> str:
    """Return a notebook as one HTML page with this title, which needs no other file and no other host.

    The paths of pictures in its prose start from the folder.
    """
    exporter = HTMLExporter(raw_template=TEMPLATE, embed_images=True)
    # It would warn the reader of charts without alternative text, who can do nothing about it.
    exporter.log = logging.getLogger(f"{__name__}.nbconvert")
    exporter.log.setLevel(logging.ERROR)
    page, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": name, "path": str(folder)}})
    return str(page)


@contextmanager
def stop_if_unwritable(path: Path) -> Iterator[None]:
    """Turn an OSError of the body into CannotGoOn, since the path cannot be written."""
    try:
        yield
    except OSError as error:
        raise CannotGoOn(
            f"{path} cannot be written ({error.strerror}). Choose another folder with --output DIR."
        ) from error
