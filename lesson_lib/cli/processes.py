"""Which processes of this machine use a checkout: they run Dagster in it, or have its files open."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from lesson_lib.cli.checkout import CannotGoOn, find_enclosing_checkout

_PROGRAMS = {"dagster", "dagster-daemon", "dagster-webserver", "dagit", "dg"}
_MODULES = {"dagster", "dagster_webserver", "dagster_dg_cli"}


def find_dagster(checkout: Path) -> str | None:
    """Return the oldest process that runs Dagster for a checkout: `dagster dev`, a daemon, or a notebook.

    A Dagster command belongs to the checkout if it was started there or has its DAGSTER_HOME there; any other
    Python program, except this one and its parents, only by its DAGSTER_HOME. Processes of other users that
    do not show these are not found.
    """
    family = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = [
        process
        for process in psutil.process_iter(["cmdline", "create_time"])
        if _uses_checkout(process, process.info["cmdline"] or [], checkout, is_family=process.pid in family)
    ]
    oldest = min(found, key=lambda process: process.info["create_time"], default=None)
    return _name(oldest) if oldest else None


def find_reader(paths: Sequence[Path]) -> tuple[Path, str] | None:
    """Return a file at or below one of these paths that a process has open, and that process.

    Unlike a lock, this also shows this process, and one that only reads. Processes of other users that do not
    show their files are not found.
    """
    if sys.platform == "win32":  # there psutil is slow and can hang, and an open file cannot be removed
        return None
    for process in psutil.process_iter():
        for file in _open_files(process):
            for path in paths:
                if file == path or path in file.parents:
                    return file, _name(process)
    return None


def _runs_dagster(command: Sequence[str]) -> bool:
    if not _is_python(command):
        return bool(command) and _name_program(command[0]) in _PROGRAMS
    is_module = "-m" in command[:-1] and command[command.index("-m") + 1].partition(".")[0] in _MODULES
    return is_module or any(_name_program(word) in _PROGRAMS for word in command[1:])


def _name_program(word: str) -> str:
    return Path(word).name.casefold().removesuffix(".exe")


def _is_python(command: Sequence[str]) -> bool:
    return bool(command) and _name_program(command[0]).startswith("python")


def _uses_checkout(
    process: psutil.Process, command: Sequence[str], checkout: Path, *, is_family: bool
) -> bool:
    """Return whether a process runs Dagster in a checkout, or uses the instance there."""
    try:
        if _runs_dagster(command) and _is_checkout_of(process.cwd(), checkout):
            return True
        may_use_home = _runs_dagster(command) or (_is_python(command) and not is_family)
        return may_use_home and _is_checkout_of(process.environ().get("DAGSTER_HOME", ""), checkout)
    except (psutil.Error, OSError):
        return False


def _is_checkout_of(folder: str, checkout: Path) -> bool:
    try:
        return bool(folder) and find_enclosing_checkout(Path(folder)) == checkout
    except CannotGoOn:
        return False


def _open_files(process: psutil.Process) -> list[Path]:
    try:
        return [Path(file.path) for file in process.open_files()]
    except (psutil.Error, OSError):
        return []


def _name(process: psutil.Process) -> str:
    return "this process" if process.pid == os.getpid() else f"process {process.pid}"
