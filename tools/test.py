"""Run all checks and tests; set up first if necessary.

    python tools/test.py              with the exact pins
    python tools/test.py --newest     with the newest releases that pyproject.toml admits

Every check runs even if others fail; the exit code is 0 only if all of them pass.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from environment import ROOT, build_variables, run_tool, set_up, set_up_newest

if TYPE_CHECKING:
    from pathlib import Path

# Arguments for the environment's Python. Its scripts are not used: their first line breaks on an apostrophe.
CHECKS = {
    "lint": "-m ruff check .",
    "format": "-m ruff format --check .",
    "arrows": "-c 'import importlinter.cli as cli; cli.lint_imports_command()' --no-logo",
    "types": "-m mypy",
}
# conftest.py says which tests share a process, and which begin first.
TESTS = "-m pytest tests notebooks -q --nbval --nbval-current-env --no-loadscope-reorder"

MAX_LINES = 300  # of a failed check's output, whose end contains the reason


def main() -> int:
    """Run the checks beside the tests, print how each of them went, and return the exit code."""
    parser = argparse.ArgumentParser(description="Check everything that must hold.")
    parser.add_argument("--newest", action="store_true", help="with the newest releases that are admitted")
    python = set_up_newest() if parser.parse_args().newest else set_up()
    started = time.monotonic()
    with ThreadPoolExecutor(1) as background:
        checks = {name: background.submit(check, python, options) for name, options in CHECKS.items()}
        tests_pass = run_tests(python)
        failed = [name for name, result in checks.items() if not report(name, *result.result())]
    failed += [] if tests_pass else ["tests"]
    verdict = f"These failed: {', '.join(failed)}." if failed else "All of it holds."
    print(f"{verdict} ({time.monotonic() - started:.0f} s)")
    return 1 if failed else 0


def run_tests(python: Path) -> bool:
    """Run tests and notebooks, let pytest print its progress, and return whether all passed."""
    # One process more would be slower, and use more of the processors' time, even if some tests mostly wait.
    workers = str(os.cpu_count() or 1)
    argv = [str(python), *shlex.split(TESTS), "-n", workers]
    done = subprocess.run(argv, cwd=ROOT, env=offline(), check=False, stdin=subprocess.DEVNULL)
    return done.returncode == 0


def check(python: Path, options: str) -> tuple[bool, float, str]:
    """Run one of the checks; return whether it passed, its seconds, and what it printed."""
    started = time.monotonic()
    done = subprocess.run(
        [str(python), *shlex.split(options)],
        cwd=ROOT,
        env=offline(),
        check=False,
        encoding="utf-8",
        errors="replace",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode == 0, time.monotonic() - started, done.stdout


def offline() -> dict[str, str]:
    """Return the variables of every check, which needs no network: everything is installed already."""
    return {**build_variables(), "PIP_NO_INDEX": "1", "UV_OFFLINE": "1"}


def report(name: str, passed: bool, seconds: float, output: str) -> bool:  # noqa: FBT001 - a result, not an option
    """Print one line for a check and, if it failed, the end of its output; return whether it passed."""
    lines = [line for line in output.splitlines() if line.strip(" =")]
    summary = lines[-1].strip(" =") if lines else ""
    print(f"{name:<10} {'ok' if passed else 'FAILED':<7} {seconds:4.0f} s  {summary}")
    if not passed:
        print("", *lines[-MAX_LINES:], "", sep="\n")
    return passed


if __name__ == "__main__":
    sys.exit(run_tool(main))
