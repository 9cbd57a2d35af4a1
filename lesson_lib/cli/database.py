"""Whether a DuckDB file can be opened, and who holds it if not."""

from pathlib import Path

import duckdb

from lesson_lib.pipeline.database_errors import holder_of


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
        if holder := holder_of(error):
            raise Held(holder) from error
        raise
