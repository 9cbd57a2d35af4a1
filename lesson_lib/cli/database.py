"""Whether a DuckDB file can be opened, and which process holds it if not."""

from pathlib import Path

import duckdb

from lesson_lib.pipeline.database_errors import find_holder


class Held(Exception):
    """A process holds the database; the message names it, with its pid if DuckDB gives one."""


def open_briefly(path: Path, *, read_only: bool = False) -> None:
    """Open an existing database as a run would, and close it at once.

    With `read_only`, the file and its log stay as they are, but a process that only reads is not noticed.

    Raises:
        Held: a process has it open, this one included.
        duckdb.Error: it cannot be opened, for another reason.
    """
    # Attached to a database in memory, because `duckdb.connect` would share what this process has open.
    with duckdb.connect() as connection:
        quoted = str(path).replace("'", "''")  # DuckDB takes no parameter here
        try:
            connection.execute(f"ATTACH '{quoted}' AS probe{' (READ_ONLY)' if read_only else ''}")
        except duckdb.ResourceInUseException as error:
            raise Held("this process") from error
        except duckdb.IOException as error:
            if holder := find_holder(error):
                raise Held(holder) from error
            raise
