"""The warehouse: open DuckDB reliably, and replace a partition's rows in one transaction."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import duckdb
from dagster_duckdb import DuckDBResource
from duckdb import DuckDBPyConnection
from pydantic import BeforeValidator

from .csv_faults import find_reading_fault
from .csv_rules import COLUMNS, VALID_ROW_SQL, build_read_csv_sql, escape_glob
from .database_errors import (
    WarehouseUnavailable,
    explain_cause,
    explain_open_error,
    is_temporary,
    summarize_error,
)
from .database_files import find_database, require_one_name
from .errors import PipelineError
from .local_paths import find_path_fault
from .source_files import SourceFile, UnreadableFile, build_fault_error, require_unchanged

CUSTOMER_TABLE = "raw_partition_data"
DAILY_TABLE = "raw_daily_data"

# The pool of every step that opens the warehouse, since DuckDB lets one process at a time write. The instance
# decides how many steps of a pool run at a time: see `dagster.yaml`.
DUCKDB_WRITER = "duckdb_writer"

# DOUBLE, since FLOAT stores 33597290 as 33597288.
COLUMN_TYPES = dict.fromkeys(COLUMNS, "DOUBLE") | {"date": "DATE", "partition_key": "VARCHAR"}

LOCK_TIMEOUT_SECONDS = 3.0  # while another process holds the database
_PAUSE_SECONDS = 0.2  # between two tries


@dataclass(frozen=True, slots=True)
class Rows:
    """The number of a key's rows in a table, and the sum of DuckDB's hashes of them, whatever their order."""

    count: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The outcome of a load for one key: its new rows, and the number of rows that they replaced."""

    rows: Rows
    replaced: int


CHECKSUM_SQL = f"sum(hash({', '.join(COLUMNS)}))::VARCHAR"
_HAS_KEY = "partition_key IN (SELECT unnest(?::VARCHAR[]))"

_READING_ERRORS = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.NotImplementedException)


class RowStore(Protocol):
    """Where the rows are stored: what the pipeline needs from its resource `database`."""

    def replace(
        self, table: str, files: Sequence[SourceFile]
    ) -> tuple[dict[str, Stored], dict[str, PipelineError]]:
        """Replace the rows of each file's key by those of the file.

        Returns what was stored by key, and the errors of the broken files by key.

        Raises:
            WarehouseUnavailable: the rows cannot be stored.
            WrongTable: a view has the table's name, or a table with other columns.
        """

    def delete(self, table: str, keys: Sequence[str]) -> dict[str | None, int]:
        """Remove the keys' rows, and return their number by key; keys without rows are omitted."""

    def count_rows(self, table: str, keys: Sequence[str] | None = None) -> dict[str | None, int]:
        """Return the number of rows of these keys, or of all and of rows without one (None), by key."""

    def summarize(self, table: str, keys: Sequence[str]) -> dict[str, Rows]:
        """Return number and checksum of the keys' rows by key; keys without rows are omitted."""

    def find_faults(self, table: str) -> list[str]:
        """Return a sentence for each thing in the store whose rows cannot be read and are left out."""


class WrongTable(PipelineError):
    """A view has the name of one of the pipeline's tables, or a table with other columns."""


class Warehouse(DuckDBResource):
    """A DuckDB database file, opened for one piece of work at a time.

    Unlike `DuckDBResource`, it closes the connection when the work fails, creates a missing folder, and
    raises an error within seconds if another process holds the database or the open file was replaced.
    """

    database: Annotated[str, BeforeValidator(os.fspath)]

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """Open the database, and close it whatever happens.

        Raises:
            WarehouseUnavailable: another process holds the database, it cannot be opened or is in memory, or
                the path no longer names the file that this process has open.
        """
        connection = self._open()
        try:
            # Not only ":memory:": DuckDB opens a path that ends in .csv as views in memory.
            if not (opened := find_database(connection)):
                raise WarehouseUnavailable(
                    f"{self.database!r} opens as a database in memory, which forgets its rows when the "
                    "connection closes. Give the path of a DuckDB file."
                )
            opened.require_same_file()
            yield connection
        finally:
            connection.close()

    def replace(
        self, table: str, files: Sequence[SourceFile]
    ) -> tuple[dict[str, Stored], dict[str, PipelineError]]:
        """Replace the rows of each file's key as `replace_rows_of_each` does."""
        with self.get_connection() as con, allow_any_order(con):
            return replace_rows_of_each(con, table, files)

    def delete(self, table: str, keys: Sequence[str]) -> dict[str | None, int]:
        """Remove the keys' rows in one transaction as `delete_rows` does."""
        with self.get_connection() as con, transaction(con):
            return delete_rows(con, table, keys)

    def count_rows(self, table: str, keys: Sequence[str] | None = None) -> dict[str | None, int]:
        """Return the number of rows by key as `count_rows_by_key` does."""
        with self.get_connection() as con:
            return count_rows_by_key(con, table, keys)

    def summarize(self, table: str, keys: Sequence[str]) -> dict[str, Rows]:
        """Return number and checksum of the keys' rows as `summarize_rows` does."""
        with self.get_connection() as con:
            return summarize_rows(con, table, keys)

    def find_faults(self, table: str) -> list[str]:  # noqa: ARG002 - of a `RowStore`
        """Return nothing: DuckDB reads a table as a whole, or raises."""
        return []

    def _open(self) -> DuckDBPyConnection:
        deadline = time.monotonic() + LOCK_TIMEOUT_SECONDS
        while True:
            try:
                # Without the resource's own `custom_user_agent`: DuckDB would refuse a learner's plain
                # `duckdb.connect` in the same process, for its other settings.
                path = self._usable_path()
                require_one_name(path)
                return duckdb.connect(path, config=self.connection_config)
            except (duckdb.Error, OSError, RuntimeError, UnicodeError) as error:
                # RuntimeError: "~nobody" has no home. UnicodeError: the system cannot spell the path.
                if not is_temporary(error) or time.monotonic() > deadline:
                    reason = explain_open_error(error, self.database, list(self.connection_config))
                    raise WarehouseUnavailable(reason) from error
            time.sleep(_PAUSE_SECONDS)

    def _usable_path(self) -> str:
        if self.database == "" or self.database.startswith(":memory:"):
            return self.database
        fault = find_path_fault(self.database)
        path = Path(self.database).expanduser()
        for name, what in ((path, "is"), (Path(f"{path}.wal"), f"cannot be used: {path.name}.wal is")):
            if name.exists() and not (name.is_file() or name.is_dir()):  # DuckDB would wait at a pipe
                fault = f"{what} a pipe or a device, not a plain file"
        if fault:
            raise WarehouseUnavailable(f"{self.database!r} {fault}. Give the path of a DuckDB file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        # DuckDB itself would open a new file a second time through a link, and would expand the "~" of
        # "~somebody" to HOME.
        return os.path.realpath(path)


@contextmanager
def transaction(con: DuckDBPyConnection) -> Iterator[None]:
    """Commit all changes made in the body, or none of them.

    Transactions on one database file take turns within this process, because two that replace the rows of the
    same new key would both find nothing to delete. Between processes, DuckDB's own lock does this.

    Raises:
        WarehouseUnavailable: DuckDB could not store the changes, or the path of the database no longer names
            the file that was changed.
    """
    opened = find_database(con)
    with opened.lock_for_writing() if opened else nullcontext():
        con.begin()
        try:
            yield
            if opened:
                opened.require_same_file()
            con.commit()
        except BaseException as error:
            # A broken connection has rolled back already, and its own error is the one to report.
            with suppress(duckdb.Error):
                con.rollback()
            if isinstance(error, duckdb.Error):
                raise WarehouseUnavailable(
                    f"DuckDB stored nothing: {summarize_error(error)}. All earlier rows are untouched. "
                    f"{explain_cause(error, opened.path if opened else 'the database')}"
                ) from error
            raise
        if opened:  # it may have been replaced since the check before the commit
            opened.require_same_file()


@contextmanager
def _explain_read_errors(con: DuckDBPyConnection) -> Iterator[None]:
    """Explain why DuckDB cannot read the database, unless the table is missing or a view."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException):
        raise
    except duckdb.Error as error:
        opened = find_database(con)
        path = opened.path if opened else "The database"
        raise WarehouseUnavailable(
            f"{path} cannot be read: {summarize_error(error)}. {explain_cause(error, path)}"
        ) from error


@contextmanager
def allow_any_order(con: DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB insert rows in any order, if possible: preserving it makes large loads 20 % slower."""
    settings = "SELECT current_setting('preserve_insertion_order'), current_setting('lock_configuration')"
    ((ordered, locked),) = con.execute(settings).fetchall()
    if locked or not ordered:
        yield
        return
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        # The setting belongs to the database, so other connections of this process would see it. A broken
        # connection cannot reset it, and has its own error to report.
        with suppress(duckdb.Error):
            con.execute("SET preserve_insertion_order = true")


def create_table(con: DuckDBPyConnection, table: str) -> None:
    """Create the table unless it exists, as `ensure_table` does, in a transaction of its own."""
    with transaction(con):
        ensure_table(con, table)


def ensure_table(con: DuckDBPyConnection, table: str) -> None:
    """Create the table unless it exists, inside a `transaction`; raise WrongTable as `table_exists` does."""
    columns = ", ".join(f"{name} {type_} NOT NULL" for name, type_ in COLUMN_TYPES.items())
    con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
    table_exists(con, table)


def table_exists(con: DuckDBPyConnection, table: str) -> bool:
    """Return whether the table exists; it may allow NULLs, as tables made by hand do.

    Raises:
        WrongTable: it is a view, or has other columns or types.
    """
    try:
        with _explain_read_errors(con):
            # Views have no rowid. Listing them takes 7 ms in a new database, a tenth of a small load.
            _, *columns = con.execute(f"DESCRIBE SELECT rowid, * FROM main.{table}").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        if re.search(rf"\b{table} does not exist", str(error)):
            return False
        raise WrongTable(
            f"{table} is a view, which holds no rows of its own, and stays as it is. "
            "Rename it (ALTER VIEW ... RENAME TO ...), and materialize again: this makes the table."
        ) from None
    found = {name: type_ for name, type_, *_ in columns}
    if found != COLUMN_TYPES:
        raise WrongTable(
            f"{table} has the columns ({_format_columns(found)}), not ({_format_columns(COLUMN_TYPES)}), and "
            "stays as it is. "
            "Rename it (ALTER TABLE ... RENAME TO ...), and materialize again: this makes a new table."
        )
    return True


def _format_columns(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in types.items())


def replace_rows_of_each(
    con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]
) -> tuple[dict[str, Stored], dict[str, PipelineError]]:
    """Replace the rows of all files in one transaction, or of each half, until each broken file is alone.

    Creates the table if necessary. Returns what was stored by key, and the errors of the broken files by key.

    Raises:
        WarehouseUnavailable: DuckDB could not store the rows.
        WrongTable: a view has the table's name, or a table with other columns.
    """
    if not files:
        return {}, {}
    try:
        with transaction(con):
            ensure_table(con, table)
            return replace_rows(con, table, files), {}
    except UnreadableFile as error:
        if len(files) == 1:
            return {}, {files[0].key: error}
    half = len(files) // 2
    stored, broken = replace_rows_of_each(con, table, files[:half])
    more_stored, more_broken = replace_rows_of_each(con, table, files[half:])
    return stored | more_stored, broken | more_broken


def replace_rows(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> dict[str, Stored]:
    """Do what `replace_partitions` does, and make sure that the files are sound and those imported.

    Raises:
        ChangedFile: a file has changed since it was imported.
        UnreadableFile: a value in a file breaks the rules.
        duckdb.Error: the rows cannot be stored.
    """
    with read_strictly(files):
        return replace_partitions(con, table, files)


@contextmanager
def read_strictly(files: Sequence[SourceFile]) -> Iterator[None]:
    """Explain why DuckDB cannot read the files by `build_rows_sql`, and make sure that they have not changed.

    Raises:
        ChangedFile: a file has changed since it was imported.
        UnreadableFile: a value in a file breaks the rules.
    """
    try:
        yield
    except duckdb.Error as error:
        for file in files:
            require_unchanged(file)
        if isinstance(error, _READING_ERRORS):
            for file in files:
                if fault := find_reading_fault(file.path):
                    raise build_fault_error(file.key, file.path, fault) from error
        raise
    for file in files:
        require_unchanged(file)  # only now, since DuckDB has read all of them


def build_rows_sql(header: tuple[str, ...]) -> str:
    """Return the query that reads files with these columns into rows, or fails if a row breaks the rules.

    Its parameters are the files' paths, as `$paths`, and their keys in the same order, as `$keys`.
    """
    others = ", ".join(COLUMNS[1:])
    return (
        f"SELECT CASE WHEN {VALID_ROW_SQL} THEN date ELSE error('broken row') END::DATE AS date, {others}, "
        f"$keys[file_index::BIGINT + 1] AS partition_key FROM {build_read_csv_sql(header)}"
    )


def bind_files(files: Sequence[SourceFile]) -> dict[str, list[str]]:
    """Return the parameters of `build_rows_sql`."""
    return {"keys": [file.key for file in files], "paths": [escape_glob(file.path) for file in files]}


def replace_partitions(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> dict[str, Stored]:
    """Replace the rows of the files' keys in an existing table; call this inside a `transaction`.

    Raises:
        duckdb.Error: a row of a file breaks the rules, or the rows cannot be stored.
    """
    keys = [file.key for file in files]
    replaced = delete_rows(con, table, keys)
    _insert_rows(con, table, files)
    rows = _summarize_rows(con, table, keys)
    return {key: Stored(rows.get(key, Rows(0, "0")), replaced.get(key, 0)) for key in keys}


def _insert_rows(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> None:
    for header in dict.fromkeys(file.header for file in files):
        alike = [file for file in files if file.header == header]
        con.execute(
            f"INSERT INTO {table} BY NAME {build_rows_sql(header)}",
            bind_files(alike),
        ).fetchall()


def delete_rows(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str | None, int]:
    """Remove the keys' rows, and return their number by key; keys without rows are omitted."""
    there = count_rows_by_key(con, table, keys)
    if there:
        con.execute(f"DELETE FROM {table} WHERE {_HAS_KEY}", [list(there)]).fetchall()
    return there


def summarize_rows(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str, Rows]:
    """Return number and checksum of the keys' rows by key; keys without rows are omitted."""
    return _summarize_rows(con, table, keys) if table_exists(con, table) else {}


def _summarize_rows(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str, Rows]:
    query = f"SELECT partition_key, count(*), {CHECKSUM_SQL} FROM {table} WHERE {_HAS_KEY} GROUP BY ALL"
    with _explain_read_errors(con):
        return {key: Rows(count, value) for key, count, value in con.execute(query, [keys]).fetchall()}


def count_rows_by_key(
    con: DuckDBPyConnection, table: str, keys: Sequence[str] | None = None
) -> dict[str | None, int]:
    """Return the number of rows of these keys, or of all and of rows without one (None), by key.

    Keys without rows are omitted.
    """
    if not table_exists(con, table):
        return {}
    condition, values = ("true", []) if keys is None else (_HAS_KEY, [keys])
    query = f"SELECT partition_key, count(*) FROM {table} WHERE {condition} GROUP BY ALL"
    with _explain_read_errors(con):
        return dict(con.execute(query, values).fetchall())
