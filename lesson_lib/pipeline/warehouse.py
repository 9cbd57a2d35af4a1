"""The warehouse: opening DuckDB without surprises, and replacing a partition's rows in one transaction."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import duckdb
from dagster_duckdb import DuckDBResource
from duckdb import DuckDBPyConnection
from pydantic import BeforeValidator

from .csv_rules import COLUMNS, VALID_ROW_SQL, glob_escaped, read_csv_sql
from .database_errors import (
    WarehouseUnavailable,
    cause_of,
    first_line,
    is_passing,
    why_not_opened,
)
from .database_files import database_of, require_one_name
from .errors import Refused
from .local_paths import path_fault
from .source_files import SourceFile

CUSTOMER_TABLE = "raw_partition_data"
DAILY_TABLE = "raw_daily_data"

# The pool of every step that opens the warehouse: DuckDB lets one process at a time write. How many of a
# pool's steps run side by side is the instance's affair: see `dagster.yaml`.
DUCKDB_WRITER = "duckdb_writer"

# DOUBLE, since FLOAT stores 33597290 as 33597288.
COLUMN_TYPES = dict.fromkeys(COLUMNS, "DOUBLE") | {"date": "DATE", "partition_key": "VARCHAR"}

LOCK_TIMEOUT_SECONDS = 3.0  # how long to wait for another process that holds the database
_PAUSE_SECONDS = 0.2  # between two tries


@dataclass(frozen=True, slots=True)
class Rows:
    """A key's rows in a table.

    Attributes:
        count: how many there are.
        checksum: the sum of DuckDB's hashes of the rows, whatever their order; it differs if a value does.
    """

    count: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The outcome of a load for one key: its new rows, and the number of rows that they replaced."""

    rows: Rows
    replaced: int


NO_ROWS = Rows(0, "0")


class WrongTable(Refused):
    """A table of the pipeline's name is there, with other columns."""


class Warehouse(DuckDBResource):
    """A DuckDB database file, opened for one piece of work at a time.

    It differs from `DuckDBResource` where that surprises: the connection is closed also when the work fails,
    a missing folder is created, a database that another process holds is an error within seconds, and so is
    one whose file was replaced while this process had it open.
    """

    database: Annotated[str, BeforeValidator(os.fspath)]

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """Open the database, and close it whatever happens.

        Raises:
            WarehouseUnavailable: it is held by another process, cannot be opened, or is in memory; or the
                path no longer names the file that this process has open.
        """
        connection = self._open()
        try:
            # Not only ":memory:" has no file: DuckDB opens a path that ends in .csv as views in memory.
            if not (opened := database_of(connection)):
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
                # RuntimeError: the home of "~nobody". UnicodeError: a path that the system cannot spell.
                if not is_passing(error) or time.monotonic() > deadline:
                    reason = why_not_opened(error, self.database, list(self.connection_config))
                    raise WarehouseUnavailable(reason) from error
            time.sleep(_PAUSE_SECONDS)

    def _usable_path(self) -> str:
        if self.database == "" or self.database.startswith(":memory:"):
            return self.database
        fault = path_fault(self.database)
        if not fault:
            path = Path(self.database).expanduser()
            for name in (path, Path(f"{path}.wal")):
                if name.exists() and not (name.is_file() or name.is_dir()):  # DuckDB would wait at a pipe
                    what = "is" if name is path else f"cannot be used: {name.name} is"
                    fault = f"{what} a pipe or a device, not a plain file"
        if fault:
            raise WarehouseUnavailable(f"{self.database!r} {fault}. Give the path of a DuckDB file.")
        path.parent.mkdir(parents=True, exist_ok=True)
        # Resolved here: DuckDB opens a new file a second time if a link to it is its other name, and it puts
        # HOME in the place of any "~", also of that in "~somebody".
        return os.path.realpath(path)


@contextmanager
def transaction(con: DuckDBPyConnection) -> Iterator[None]:
    """Keep all changes made in the body, or none of them.

    Transactions on one database file take turns within this process, whatever connection or path they use:
    two that replace the rows of the same new key at the same time would both find nothing to delete. Between
    processes, DuckDB's own lock does this.

    Raises:
        WarehouseUnavailable: DuckDB could not store the changes, or the path of the database no longer names
            the file that was changed.
    """
    opened = database_of(con)
    with opened.one_writer() if opened else nullcontext():
        con.begin()
        try:
            yield
            if opened:
                opened.require_same_file()
            con.commit()
        except BaseException as error:
            # A connection that broke has rolled back already, and its own error is the one to report.
            with suppress(duckdb.Error):
                con.rollback()
            if isinstance(error, duckdb.Error):
                raise WarehouseUnavailable(
                    f"DuckDB stored nothing: {first_line(error)}. All earlier rows are untouched. "
                    f"{cause_of(error, opened.path if opened else 'the database')}"
                ) from error
            raise
        if opened:  # it may have been replaced since the look before the commit
            opened.require_same_file()


@contextmanager
def _reading(con: DuckDBPyConnection) -> Iterator[None]:
    """Name the cause if DuckDB cannot read the database, unless the table is missing or a view."""
    try:
        yield
    except (duckdb.CatalogException, duckdb.BinderException):
        raise
    except duckdb.Error as error:
        opened = database_of(con)
        path = opened.path if opened else "The database"
        raise WarehouseUnavailable(
            f"{path} cannot be read: {first_line(error)}. {cause_of(error, path)}"
        ) from error


@contextmanager
def unordered(con: DuckDBPyConnection) -> Iterator[None]:
    """Let DuckDB insert rows in any order, if it may: preserving it makes large loads 20 % slower."""
    settings = "SELECT current_setting('preserve_insertion_order'), current_setting('lock_configuration')"
    ((ordered, locked),) = con.execute(settings).fetchall()
    if locked or not ordered:
        yield
        return
    con.execute("SET preserve_insertion_order = false")
    try:
        yield
    finally:
        # The setting is the database's: another connection of this process would see it. A connection that
        # broke cannot give it back, and has something else to say.
        with suppress(duckdb.Error):
            con.execute("SET preserve_insertion_order = true")


def create_table(con: DuckDBPyConnection, table: str) -> None:
    """Create the table unless it is there, in a transaction of its own.

    Raises:
        WarehouseUnavailable: the database cannot be written to.
        WrongTable: a view has this name, or a table with other columns or types.
    """
    with transaction(con):
        ensure_table(con, table)


def ensure_table(con: DuckDBPyConnection, table: str) -> None:
    """Create the table unless it is there; call it inside a `transaction`.

    Raises:
        WrongTable: a view has this name, or a table with other columns or types.
    """
    columns = ", ".join(f"{name} {type_} NOT NULL" for name, type_ in COLUMN_TYPES.items())
    con.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
    table_exists(con, table)


def table_exists(con: DuckDBPyConnection, table: str) -> bool:
    """Tell whether the table is there, and make sure that it can hold the pipeline's rows.

    It may allow NULLs, as a table made by hand does: the pipeline stores none.

    Raises:
        WrongTable: it is a view, or has other columns or types.
    """
    try:
        with _reading(con):
            described = con.execute(f"DESCRIBE main.{table}").fetchall()
            # Views have no rowid. To list them takes 7 ms in a new database, a tenth of a small load.
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
        raise WrongTable(
            f"{table} has the columns ({_listed(found)}), not ({_listed(COLUMN_TYPES)}), and stays as it is. "
            "Rename it (ALTER TABLE ... RENAME TO ...), and materialize again: this makes a new table."
        )
    return True


def _listed(types: dict[str, str]) -> str:
    return ", ".join(f"{name} {type_}" for name, type_ in types.items())


def replace_partitions(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> dict[str, Stored]:
    """Swap the rows of the files' keys for those of the files; call it inside a `transaction`.

    Args:
        con: an open connection.
        table: the table, which is there.
        files: one a key; hundreds of them take little longer than one.

    Returns:
        For each key its new rows, and the number of rows that they replaced.

    Raises:
        duckdb.Error: a row of a file breaks the rules, or the rows cannot be stored.
    """
    keys = [file.key for file in files]
    replaced = _delete(con, table, keys)
    _insert(con, table, files)
    rows = rows_of(con, table, keys)
    return {key: Stored(rows.get(key, NO_ROWS), replaced.get(key, 0)) for key in keys}


def _insert(con: DuckDBPyConnection, table: str, files: Sequence[SourceFile]) -> None:
    others = ", ".join(COLUMNS[1:])
    by_header: dict[tuple[str, ...], list[SourceFile]] = {}
    for file in files:
        by_header.setdefault(file.header, []).append(file)
    for header, alike in by_header.items():
        con.execute(
            f"INSERT INTO {table} (date, {others}, partition_key) "
            f"SELECT CASE WHEN {VALID_ROW_SQL} THEN date ELSE error('broken row') END::DATE, {others}, "
            f"$keys[file_index::BIGINT + 1] FROM {read_csv_sql(header)}",
            {"keys": [file.key for file in alike], "paths": [glob_escaped(file.path) for file in alike]},
        ).fetchall()


def delete_rows(con: DuckDBPyConnection, table: str, key: str) -> int:
    """Remove one key's rows, if there are any, and return how many there were.

    Raises:
        WrongTable: the table has other columns or types.
    """
    return _delete(con, table, [key])[key] if table_exists(con, table) else 0


def _delete(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str, int]:
    if len(keys) == 1:
        return {keys[0]: _count(con.execute(f"DELETE FROM {table} WHERE partition_key = ?", keys))}
    there = {key: rows.count for key, rows in rows_of(con, table, keys).items()}
    if there:
        con.execute(
            f"DELETE FROM {table} WHERE partition_key IN (SELECT unnest(?))", [list(there)]
        ).fetchall()
    return there


def rows_of(con: DuckDBPyConnection, table: str, keys: Sequence[str]) -> dict[str, Rows]:
    """Return the rows of these keys in a table that is there; keys without rows are omitted."""
    checksum = f"sum(hash({', '.join(COLUMNS)}))::VARCHAR"
    condition = "IN (SELECT unnest(?::VARCHAR[]))"
    values: list[object] = [keys]
    if len(keys) == 1:  # takes a third of the time that a list takes
        condition, values = "= ?", [*keys]
    where = f"WHERE partition_key {condition}"
    query = f"SELECT partition_key, count(*), {checksum} FROM {table} {where} GROUP BY ALL"
    with _reading(con):
        return {key: Rows(count, value) for key, count, value in con.execute(query, values).fetchall()}


def rows_by_key(con: DuckDBPyConnection, table: str) -> dict[str | None, int]:
    """Return how many rows each key has; keys without rows are not there, rows without a key count as None's.

    Raises:
        WrongTable: the table has other columns or types.
    """
    if not table_exists(con, table):
        return {}
    with _reading(con):
        return dict(con.execute(f"SELECT partition_key, count(*) FROM {table} GROUP BY ALL").fetchall())


def _count(result: DuckDBPyConnection) -> int:
    # All of it: DuckDB lets a connection do nothing else while a result is not read to its end.
    ((count,),) = result.fetchall()
    return int(count)
