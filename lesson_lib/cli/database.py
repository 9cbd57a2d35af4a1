"""Whether a DuckDB file can be opened, and who holds it if not."""

import re
from pathlib import Path

import duckdb

_HELD = re.compile(r"Conflicting lock|Could not set lock|used by another process|already open in")


class Held(Exception):
    """Another process holds the database; the message names it, with its pid where DuckDB gives one."""


def open_briefly(path: Path) -> None:
    """Open an existing database as a run would, and close it at once.

    Opened to write, since a process that only reads stops a writer too.

    Raises:
        Held: another process has it open.
        duckdb.Error: it cannot be opened, for another reason.
    """
    try:
        duckdb.connect(path).close()
    except duckdb.IOException as error:
        if not _HELD.search(str(error)):
            raise
        pid = re.search(r"PID (\d+)", str(error))
        raise Held(f"process {pid[1]}" if pid else "another process") from error
