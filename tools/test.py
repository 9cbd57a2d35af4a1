"""Check everything that must hold, set up first where that is needed.

    python tools/test.py              with the exact pins
    python tools/test.py --newest     with the newest releases that pyproject.toml admits

Every stage runs, whatever the others found; the exit code is 0 only if all of them passed.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from environment import ROOT, build_variables, run_tool, set_up, set_up_newest

if TYPE_CHECKING:
    from pathlib import Path

# What the environment's Python is called with. Its scripts are not: their first line breaks on an apostrophe.
STAGES = {
    "lint": "-m ruff check .",
    "format": "-m ruff format --check .",
    "types": "-m mypy",
    "arrows": "-c 'import importlinter.cli as cli; cli.lint_imports_command()' --no-logo",
    # A file's tests stay in one process, so that no notebook is executed in two of them. In order of name:
    # xdist would leave files of few tests for the end, and those of the daemon are the longest.
    "tests": "-m pytest tests -q -n logical --dist loadfile --no-loadscope-reorder",
    # For nbval a notebook is a file.
    "notebooks": "-m pytest notebooks -q --nbval --nbval-current-env -n 2 --dist loadfile",
}

MOST_LINES = 300  # of what a failed stage said: its end is where the reason stands


def main() -> int:
    """Run every stage and say, a line each, how it went."""
    parser = argparse.ArgumentParser(description="Check everything that must hold.")
    parser.add_argument("--newest", action="store_true", help="with the newest releases that are admitted")
    python = set_up_newest() if parser.parse_args().newest else set_up()
    started = time.monotonic()
    failed = [name for name, arguments in STAGES.items() if not passes(python, name, shlex.split(arguments))]
    verdict = f"These failed: {', '.join(failed)}." if failed else "All of it holds."
    print(f"{verdict} ({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


def passes(python: Path, name: str, arguments: list[str]) -> bool:
    """Run one stage, print its line, and below it all that a failed one said."""
    print(f"{name:<10} ", end="", flush=True)
    started = time.monotonic()
    done = subprocess.run(
        [str(python), *arguments],
        cwd=ROOT,
        env={
            **build_variables(),
            "PIP_NO_INDEX": "1",
            "UV_OFFLINE": "1",
        },  # whatever is checked is here already
        check=False,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    passed, seconds = done.returncode == 0, time.monotonic() - started
    print(f"{'ok' if passed else 'FAILED':<7} {seconds:4.0f} s  {last_line(done.stdout)}", flush=True)
    if not passed:
        print("", *done.stdout.strip().splitlines()[-MOST_LINES:], "", sep="\n", flush=True)
    return passed


def last_line(output: str) -> str:
    """Return what a tool said last, which is its own summary."""
    lines = [line.strip(" =") for line in output.splitlines() if line.strip(" =")]
    return lines[-1] if lines else ""


if __name__ == "__main__":
    sys.exit(run_tool(main))
