"""What a group of servers has on this machine, for tests that expect nothing of it."""

import os
import time
from pathlib import Path

import psutil

_POLL_SECONDS = 0.05


def list_processes(session: int, folder: Path) -> list[str]:
    """Return the commands of the processes in a keeper's session, and of those that run below its folder.

    The processes of PostgreSQL have sessions of their own.
    """
    return [
        " ".join(process.info["cmdline"] or [process.info["name"]])
        for process in psutil.process_iter(["cmdline", "name", "cwd", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and (
            _find_session(process.pid) == session
            or folder in (cwd := Path(process.info["cwd"] or "/"), *cwd.parents)
        )
    ]


def _find_session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except ProcessLookupError:  # it has just ended
        return None


def list_remains(session: int, paths: list[Path], seconds: float) -> list[str]:
    """Return what is left of a group after this time at the latest: its processes, and files.

    Args:
        session: of the keeper.
        paths: the group's folder, and other paths that must not exist.
        seconds: how long to wait for the end.
    """
    deadline = time.monotonic() + seconds
    while True:
        left = list_processes(session, paths[0]) + [str(path) for path in paths if os.path.lexists(path)]
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(_POLL_SECONDS)
