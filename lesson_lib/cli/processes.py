"""Which processes of this machine use a checkout: they run Dagster in it, or have its files open."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
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
        if _uses_checkout(process, checkout, is_family=process.pid in family)
    ]
    oldest = min(found, key=lambda process: process.info["create_time"], default=None)
    return _name(oldest) if oldest else None


def find_reader(paths: Sequence[Path]) -> tuple[Path, str] | None:
    """Return a file at or below one of these paths that a process has open, and that process.

    Unlike a lock, this also reveals this process and readers, but no process of another user that hides its
    files.
    """
    if sys.platform == "win32":  # there psutil is slow and can hang, and an open file cannot be removed
        return None
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            for file in (Path(opened.path) for opened in process.open_files()):
                if any(path in (file, *file.parents) for path in paths):
                    return file, _name(process)
    return None


def _uses_checkout(process: psutil.Process, checkout: Path, *, is_family: bool) -> bool:
    """Return whether a process runs Dagster in a checkout, or uses the instance there."""
    program, *words = process.info["cmdline"] or [""]
    is_python = _name_program(program).startswith("python")
    module = words[words.index("-m") + 1] if is_python and "-m" in words[:-1] else ""
    programs = map(_name_program, words if is_python else [program])
    runs_dagster = module.partition(".")[0] in _MODULES or not _PROGRAMS.isdisjoint(programs)
    try:
        if runs_dagster and _is_checkout_of(process.cwd(), checkout):
            return True
        may_use_home = runs_dagster or (is_python and not is_family)
        return may_use_home and _is_checkout_of(process.environ().get("DAGSTER_HOME", ""), checkout)
    except (psutil.Error, OSError):
        return False


def _name_program(word: str) -> str:
    return Path(word).name.casefold().removesuffix(".exe")


def _is_checkout_of(folder: str, checkout: Path) -> bool:
    try:
        return bool(folder) and find_enclosing_checkout(Path(folder)) == checkout
    except CannotGoOn:
        return False


def _name(process: psutil.Process) -> str:
    return "this process" if process.pid == os.getpid() else f"process {process.pid}"
