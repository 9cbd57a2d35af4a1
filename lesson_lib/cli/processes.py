"""Which processes of this machine use a checkout: they run Dagster in it, or have its files open."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it ships no types

from lesson_lib.cli.checkout import CannotGoOn, find_enclosing_checkout

_PROGRAMS = {"dagster", "dagster-daemon", "dagster-webserver", "dagit", "dg"}
_MODULES = {"dagster", "dagster_webserver", "dagster_dg_cli"}


def find_dagster(checkout: Path) -> str | None:
    """Return the oldest process that runs Dagster for a checkout: `dagster dev`, a daemon, or a notebook.

    A Dagster command is the checkout's if it was started in it, or if its DAGSTER_HOME is the checkout; any
    other Python program only by its DAGSTER_HOME, which this one and those that started it may share. Where
    another user's process does not show either, it is not found.
    """
    family = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = [
        process
        for process in psutil.process_iter(["cmdline", "create_time"])
        if (_runs_dagster(process.info["cmdline"] or []) and _belongs_to(process, checkout))
        or (process.pid not in family and _has_home(process, checkout))
    ]
    oldest = min(found, key=lambda process: process.info["create_time"], default=None)
    return _name(oldest) if oldest else None


def find_reader(paths: Sequence[Path]) -> tuple[Path, str] | None:
    """Return one of these paths that a process has open, or has something open in, and that process.

    Unlike a lock, this also shows this process, and one that only reads. Where another user's process does
    not show its files, it is not found.
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
    if not command:
        return False
    if not _program(command[0]).startswith("python"):
        return _program(command[0]) in _PROGRAMS
    is_module = "-m" in command[:-1] and command[command.index("-m") + 1].partition(".")[0] in _MODULES
    return is_module or any(_program(word) in _PROGRAMS for word in command[1:])


def _program(word: str) -> str:
    return Path(word).name.casefold().removesuffix(".exe")


def _belongs_to(process: psutil.Process, checkout: Path) -> bool:
    return any(_is_checkout_of(folder, checkout) for folder in _folders(process))


def _has_home(process: psutil.Process, checkout: Path) -> bool:
    """Return whether a Python program uses the instance in a checkout."""
    command = process.info["cmdline"] or [""]
    if not _program(command[0]).startswith("python"):
        return False
    try:
        return _is_checkout_of(process.environ().get("DAGSTER_HOME", ""), checkout)
    except (psutil.Error, OSError):
        return False


def _folders(process: psutil.Process) -> Iterator[str]:
    """Yield the folder that a process works in, and its DAGSTER_HOME."""
    try:
        yield process.cwd()
        yield process.environ().get("DAGSTER_HOME", "")
    except (psutil.Error, OSError):
        return


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
