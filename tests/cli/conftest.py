"""A checkout of a course with small notebooks, and a second process that holds a database."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode, v4

HOLDER = """\
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reading")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course without notebooks, which is also the current folder."""
    folder = tmp_path / "course"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "lesson_lib" / "cli").mkdir(parents=True)
    (folder / "lesson_lib" / "cli" / "command.py").touch()
    (folder / "pyproject.toml").write_text('[project]\nname = "irregular-partitions"\n')
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def notebook(checkout: Path) -> Callable[..., Path]:
    """Write a notebook of these cells; text becomes a code cell that says it has run before."""

    def write(stem: str, *cells: str | NotebookNode) -> Path:
        stale = v4.new_output("stream", text="stale output")
        made = [
            v4.new_code_cell(cell, execution_count=90 + number, outputs=[stale])
            if isinstance(cell, str)
            else cell
            for number, cell in enumerate(cells)
        ]
        for number, cell in enumerate(made):
            cell["id"] = f"cell-{number}"
        path = checkout / "notebooks" / f"{stem}.ipynb"
        nbformat.write(v4.new_notebook(cells=made), path)
        return path

    return write


@pytest.fixture
def hold() -> Iterator[Callable[[Path, str], int]]:
    """Let a second process hold a database, "reading" or "writing", and return its pid."""
    running: list[subprocess.Popen[str]] = []

    def start(database: Path, how: str) -> int:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, database, how],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process.pid

    yield start
    for process in running:
        process.communicate()


@pytest.fixture
def broken_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every kernel end as soon as it starts."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "ipykernel_launcher.py").write_text("raise SystemExit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "broken"))
