"""`lesson run` executes notebooks in real kernels, and writes copies that need no other file or host."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat import v4

from lesson_lib.cli import main
from lesson_lib.cli.checkout import CannotGoOn
from lesson_lib.cli.run import choose_notebooks, render_html

# Ctrl-C as in a terminal: what a shell starts in the background begins by ignoring it.
LESSON = """
import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
from lesson_lib.cli import main; raise SystemExit(main())
"""
WIDGET = "application/vnd.jupyter.widget-view+json"


def test_notebooks_become_copies_and_stay_as_they_are(
    checkout: Path, notebook: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each runs in its folder, with this Python; an announced error is part of the lesson."""
    announced = v4.new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]})
    first = notebook(
        "01_first", v4.new_markdown_cell("# A title"), "import sys; print(sys.executable)", announced
    )
    second = notebook("02_second", "import os; print('in', os.path.basename(os.getcwd()))")
    before = first.read_bytes(), second.read_bytes()
    assert main(["run"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [
        "01_first: ran to its end. Read output/01_first.html",
        "02_second: ran to its end. Read output/02_second.html",
    ]
    assert captured.err == ""
    page = (checkout / "output" / "01_first.html").read_text(encoding="utf-8")
    assert "<title>01_first</title>" in page
    assert "A title" in page
    assert sys.executable in page
    assert "ZeroDivisionError" in page
    assert "in notebooks" in (checkout / "output" / "02_second.html").read_text(encoding="utf-8")
    assert (first.read_bytes(), second.read_bytes()) == before
    assert sorted(path.name for path in (checkout / "notebooks").iterdir()) == [
        "01_first.ipynb",
        "02_second.ipynb",
    ]


def test_an_error_that_no_tag_announces(
    checkout: Path, notebook: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The error is named, the copy shows the cells before it, and the next notebook still runs."""
    failing = "raise ValueError('a first line\\nand the last one.')"
    notebook(
        "01_fails", v4.new_markdown_cell("prose"), "print('be' + 'fore')", failing, "print('af' + 'ter')"
    )
    notebook("02_dies", "import os", "os._exit(3)")
    notebook("03_runs", "print('never' + 'theless')")
    assert main(["run", "--output", "elsewhere"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "01_fails: cell [2] failed with ValueError: and the last one. Read elsewhere/01_fails.html",
        "02_dies: cell [2] ended its kernel, perhaps for want of memory. Read elsewhere/02_dies.html",
        "03_runs: ran to its end. Read elsewhere/03_runs.html",
    ]
    page = (checkout / "elsewhere" / "01_fails.html").read_text(encoding="utf-8")
    assert "before" in page
    assert "ValueError" in page
    assert "after" not in re.sub(r"<style.*?</style>", "", page, flags=re.DOTALL)
    assert "stale output" not in page
    assert "nevertheless" in (checkout / "elsewhere" / "03_runs.html").read_text(encoding="utf-8")
    assert not (checkout / "output").exists()


@pytest.mark.usefixtures("broken_kernel")
def test_a_kernel_that_does_not_start(
    notebook: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The message recommends `lesson doctor`."""
    notebook("01_first", "1 + 1")
    assert main(["run"]) == 1
    out = capsys.readouterr().out
    assert out.startswith("01_first: no kernel started (")
    assert "); `lesson doctor` says what to do. Read output/01_first.html" in out


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signal to send to one process alone")
def test_ctrl_c_stops_at_once_and_leaves_no_kernel(checkout: Path, notebook: Callable[..., Path]) -> None:
    """It prints one line, the exit status is 130, and the kernel ends with the command."""
    path = notebook(
        "01_waits",
        "import os, pathlib, time",
        "pathlib.Path('../pid.new').write_text(str(os.getpid()))\nos.rename('../pid.new', '../pid')",
        "time.sleep(3600)",
    )
    before = path.read_bytes()
    command = subprocess.Popen(
        [sys.executable, "-c", LESSON, "run"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (checkout / "pid").exists():
        assert command.poll() is None
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)
    out, error = command.communicate(timeout=60)
    assert (command.returncode, out, error) == (130, "", "Stopped. No notebook was changed.\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int((checkout / "pid").read_text()), 0)
    assert path.read_bytes() == before


class Loads(HTMLParser):
    """Collects what a browser would load for a page, and what its scripts and styles say."""

    def __init__(self, page: str) -> None:
        """Read a page."""
        super().__init__()
        self.addresses: list[str] = []
        self.code = ""
        self.policy = ""
        self._inside = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses; a link that a reader may click loads nothing."""
        self._inside = tag
        given = dict(attrs)
        loading = {"src", "srcset", "data", "poster", *([] if tag == "a" else ["href"])}
        self.addresses += [given[name] or "" for name in given if name in loading]
        self.code += given.get("style") or ""
        if given.get("http-equiv") == "Content-Security-Policy":
            assert not self.addresses, "the policy comes before everything that it must forbid"
            self.policy = given["content"] or ""

    def handle_data(self, data: str) -> None:
        """Note scripts and styles."""
        if self._inside in {"script", "style"}:
            self.code += data


def test_a_copy_makes_no_request_to_another_host(checkout: Path) -> None:
    """This holds for formulas, diagrams, widgets, and a picture from elsewhere in a cell."""
    dot = b"\x89PNG\r\n\x1a\n"
    (checkout / "notebooks" / "dot.png").write_bytes(dot)
    outputs = [
        v4.new_output("display_data", {"text/vnd.mermaid": "graph TD; a-->b"}),
        v4.new_output("display_data", {"text/html": '<img src="https://elsewhere.example/x.png" alt="">'}),
        v4.new_output("display_data", {WIDGET: {"model_id": "m"}, "text/plain": "m"}),
    ]
    prose = "$x^2$ ![a dot](dot.png) and [a link](https://dagster.io)"
    notebook = v4.new_notebook(
        cells=[v4.new_markdown_cell(prose), v4.new_code_cell("1", outputs=outputs)],
        metadata={"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {"m": {}}}}},
    )
    page = Loads(render_html(notebook, "a name", checkout / "notebooks"))
    assert page.policy.startswith("default-src 'none'; img-src data:; font-src data:; ")
    loaded = [address for address in page.addresses if not address.startswith("data:")]
    assert loaded == ["https://elsewhere.example/x.png"]  # the cell's own, which the policy forbids
    assert any(address.startswith("data:image/png;base64,") for address in page.addresses)
    assert "jp-Notebook" in page.code
    code = re.sub(r"/\*.*?\*/", "", page.code, flags=re.DOTALL)
    assert not re.findall(r"""url\(\s*['"]?(?!['"]?data:)|@import|\bimport\(|\bfetch\(|https?://""", code)


def test_notebooks_are_chosen_by_number_name_and_path(
    checkout: Path, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come in the given order; without names, all of them in the order of the lessons."""
    second, first = notebook("02_second", "2"), notebook("01_first", "1")
    assert choose_notebooks(checkout, []) == [first, second]
    assert choose_notebooks(checkout, ["02", "01_first"]) == [second, first]
    assert choose_notebooks(checkout, ["01_first.ipynb", "notebooks/02_second.ipynb", str(first)]) == [
        first,
        second,
        first,
    ]
    monkeypatch.chdir(checkout / "notebooks")
    assert choose_notebooks(checkout, ["./02_second.ipynb"]) == [second]


@pytest.mark.parametrize("name", ["03", "01_fir", "first", "elsewhere/01_first.ipynb", ""])
def test_an_unknown_notebook_names_the_known_ones(
    name: str, notebook: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """No notebook runs; a path must be that of the notebook, and not only end like it."""
    notebook("01_first", "1")
    notebook("02_second", "2")
    assert main(["run", "01", name]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err == f"There is no notebook {name!r} in this course. Choose from: 01_first, 02_second.\n"
    )


def test_a_course_without_notebooks(checkout: Path) -> None:
    """The message names the next move."""
    with pytest.raises(CannotGoOn, match=r"holds no notebook. Restore it: `git checkout -- notebooks`"):
        choose_notebooks(checkout, [])


def test_a_file_that_is_not_a_notebook(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is named before any notebook runs."""
    (checkout / "notebooks" / "01_first.ipynb").write_text("no JSON")
    assert main(["run"]) == 1
    assert capsys.readouterr().err.startswith("01_first.ipynb cannot be read as a notebook: ")


def test_a_copy_that_cannot_be_written(
    checkout: Path, notebook: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """A file in the place of the output folder is reported before any notebook runs."""
    notebook("01_first", "1 / 0")
    (checkout / "output").write_text("a file")
    assert main(["run"]) == 1
    assert capsys.readouterr().err.endswith(
        "output cannot be written (File exists). Choose another folder with --output DIR.\n"
    )
