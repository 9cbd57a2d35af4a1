"""`%load_ext lesson_lib`: less noise, and nothing else changed."""

import subprocess
import sys
import warnings

import pytest
from IPython.core.interactiveshell import InteractiveShell

NOISE = "coroutine 'AsyncLibrary.shutdown_asyncgens' was never awaited"


@pytest.fixture
def shell() -> InteractiveShell:
    """Return a shell like a notebook's, without colours."""
    return InteractiveShell(colors="nocolor")


def warned(message: str) -> bool:
    """Tell whether a warning of this text comes through."""
    with warnings.catch_warnings(record=True) as caught:
        # Not `simplefilter("always")`: the filters under test must stay in force.
        warnings.warn(message, RuntimeWarning, stacklevel=1)
    return bool(caught)


def test_an_exception_shows_as_one_line(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    """Loaded twice, an error is still its message; unloaded, the traceback is back."""
    with warnings.catch_warnings():
        for command in ("load_ext", "reload_ext"):
            shell.run_line_magic(command, "lesson_lib")
            capsys.readouterr()
            shell.run_cell("1 / 0")
            assert capsys.readouterr().out.strip() == "ZeroDivisionError: division by zero"
        shell.run_line_magic("unload_ext", "lesson_lib")
        shell.run_cell("1 / 0")
        assert "Traceback" in capsys.readouterr().out


def test_only_the_harmless_warning_is_dropped(shell: InteractiveShell) -> None:
    """The event loop's leftover is silent while the extension is loaded; a learner's own warning never is."""
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert warned(NOISE)
        shell.run_line_magic("load_ext", "lesson_lib")
        assert not warned(NOISE)
        assert warned("the learner's own")
        shell.run_line_magic("unload_ext", "lesson_lib")
        assert warned(NOISE)


def test_importing_the_library_costs_nothing_that_is_not_used() -> None:
    """`import lesson_lib` loads neither Dagster nor IPython."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, lesson_lib; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert "lesson_lib" in loaded
    assert not {"dagster", "duckdb", "pandas", "IPython"} & set(loaded)
