"""The warehouse: open DuckDB reliably, and replace a partition's rows in one transaction."""

import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

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
from .source_files import SourceFile, build_change_error, build_fault_error, is_unchanged

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


NO_ROWS = Rows(0, "0")

_READING_ERRORS = (duckdb.ConversionException, duckdb.InvalidInputException, duckdb.NotImplementedException)


class WrongTable(PipelineError):
    """A view has the name of one of the pipeline's tables, or a table with other columns."""


class Warehouse(DuckDBResource):
    """A DuckDB database file, opened for one piece of work at a time.

    Unlike `DuckDBResource`, it also closes the connection when the work fails, creates a missing folder, and
    raises an error within seconds if another process holds the database, or if its file was replaced while
    this process had it open.
    """

    database: Annotated[str, BeforeValidator(os.fspath)]

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """Open the database, and close it whatever happens.

        Raises:
            WarehouseUnavailable: the database is held by another process, cannot be opened, or is in memory;
                or the path no longer names the file that this process has open.
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
        if not fault:
            path = Path(self.database).expanduser()
            for name in (path, Path(f"{path}.wal")):
                if name.exists() and not (name.is_file() or name.is_dir()):  # DuckDB would wait at a pipe
                    what = "is" if name is path else f"cannot be used: {name.name} is"
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

    Transactions on one database file take turns within this process, whatever connection or path they use.
    Otherwise two that replace the rows of the same new key would both find nothing to delete. Between
    processes, DuckDB's own lock does this.

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
    """Create the table unless it exists; call this inside a `transaction`.

    Raises:
        WrongTable: a view has this name, or a table with other columns or types.
    """
    columns = ", ".join(f"{name} {type_} NOT NULL" for name, type_ in COLUMN_TYPES.items())
    con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
    table_exists(con, table)


def table_exists(con: DuckDBPyConnection, table: str) -> bool:
    """Return whether the table exists, and make sure that it can hold the pipeline's rows.

    It may allow NULLs, as tables made by hand do, although the pipeline never stores any.

    Raises:
        WrongTable: it is a view, or has other columns or types.
    """
    try:
        with _explain_read_errors(con):
            described = con.execute(f"DESCRIBE main.{table}").fetchall()
            # Views have no rowid. Listing them takes 7 ms in a new database, a tenth of a small load.
            con.execute(f"SELECT rowid FROM main.{table} LIMIT 0").fetchall()
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        if re.search(rf"\b{table} does not exist", str(error)):
            return False
        raise WrongTable(
            f"{table} is a view, which holds no rows of its own, and stays as it is. "
            "Rename it (ALTER VIEW ... RENAME TO ...), and materialize again: this makes the table."
        ) from None
    found = {name: type_ for name, type_, *_ in described}
    if found != COLUMN_TYPES:
        columns, expected = _format_columns(found), _format_columns(COLUMN_TYPES)
        raise WrongTable(
            f"{table} has the columns ({columns}), not ({expected}), and stays as it is. "
            "Rename it (ALTER TABLE ... RENAME TO ...), and materialize again: this makes a new table."
        )
    return True


def _format_columns(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in types.items())


def replace_rows(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> dict[str, Stored]:
    """Do what `replace_partitions` does, and make sure that the files are sound and still the imported ones.

    Raises:
        ChangedFile: a file has changed since it was imported.
        UnreadableFile: a value in a file breaks the rules.
        duckdb.Error: the rows cannot be stored.
    """
    try:
        stored = replace_partitions(con, table, files)
    except duckdb.Error as error:
        require_unchanged(files, error)
        if isinstance(error, _READING_ERRORS):
            for file in files:
                if fault := find_reading_fault(file.path):
                    raise build_fault_error(file.key, file.path, fault) from error
        raise
    require_unchanged(files)  # only now, since DuckDB has read all of them
    return stored


def require_unchanged(files: Iterable[SourceFile], cause: Exception | None = None) -> None:
    """Raise ChangedFile if a file no longer has the bytes that were imported."""
    for file in files:
        if not is_unchanged(file):
            raise build_change_error(file) from cause


def replace_partitions(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> dict[str, Stored]:
    """Replace the rows of the files' keys in an existing table; call this inside a `transaction`.

    Raises:
        duckdb.Error: a row of a file breaks the rules, or the rows cannot be stored.
    """
    keys = [file.key for file in files]
    replaced = _delete_rows(con, table, keys)
    _insert_rows(con, table, files)
    rows = summarize_rows(con, table, keys)
    return {key: Stored(rows.get(key, NO_ROWS), replaced.get(key, 0)) for key in keys}


def _insert_rows(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> None:
    others = ", ".join(COLUMNS[1:])
    by_header: dict[tuple[str, ...], list[SourceFile]] = {}
    for file in files:
        by_header.setdefault(file.header, []).append(file)
    for header, alike in by_header.items():
        con.execute(
            f"INSERT INTO {table} (date, {others}, partition_key) "
            f"SELECT CASE WHEN {VALID_ROW_SQL} THEN date ELSE error('broken row') END::DATE, {others}, "
            f"$keys[file_index::BIGINT + 1] FROM {build_read_csv_sql(header)}",
            {"keys": [file.key for file in alike], "paths": [escape_glob(file.path) for file in alike]},
        ).fetchall()


def delete_rows(con: DuckDBPyConnection, table: str, key: str) -> int:
    """Remove one key's rows, if there are any, and return their number."""
    return _delete_rows(con, table, [key])[key] if table_exists(con, table) else 0


def _delete_rows(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str, int]:
    if len(keys) == 1:
        return {keys[0]: _fetch_count(con.execute(f"DELETE FROM {table} WHERE partition_key = ?", keys))}
    there = {key: rows.count for key, rows in summarize_rows(con, table, keys).items()}
    if there:
        con.execute(
            f"DELETE FROM {table} WHERE partition_key IN (SELECT unnest(?))", [list(there)]
        ).fetchall()
    return there


def summarize_rows(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str, Rows]:
    """Return number and checksum of the keys' rows in an existing table; keys without rows are omitted."""
    checksum = f"sum(hash({', '.join(COLUMNS)}))::VARCHAR"
    condition = "IN (SELECT unnest(?::VARCHAR[]))"
    values: list[object] = [keys]
    if len(keys) == 1:  # this takes a third of the time of a list
        condition, values = "= ?", [*keys]
    where = f"WHERE partition_key {condition}"
    query = f"SELECT partition_key, count(*), {checksum} FROM {table} {where} GROUP BY ALL"
    with _explain_read_errors(con):
        return {key: Rows(count, value) for key, count, value in con.execute(query, values).fetchall()}


def count_rows_by_key(con: DuckDBPyConnection, table: str) -> dict[str | None, int]:
    """Return the number of rows by key, with None for rows without a key; keys without rows are omitted."""
    if not table_exists(con, table):
        return {}
    with _explain_read_errors(con):
        return dict(con.execute(f"SELECT partition_key, count(*) FROM {table} GROUP BY ALL").fetchall())


def _fetch_count(result: DuckDBPyConnection) -> int:
    # All of it: DuckDB blocks a connection until its result is read to the end.
    ((count,),) = result.fetchall()
    return int(count)
