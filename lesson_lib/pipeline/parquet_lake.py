"""A lake: a folder with one Parquet file for each key, which many processes may write at once."""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import dagster as dg
import duckdb
from duckdb import DuckDBPyConnection
from pydantic import BeforeValidator

from .csv_rules import escape_glob
from .database_errors import WarehouseUnavailable, explain_cause, summarize_error
from .errors import PipelineError
from .local_paths import find_path_fault
from .parquet_files import decode_name, encode_key, is_key_name, replace_file, sync_folder
from .source_files import SourceFile, UnreadableFile
from .warehouse import (
    CHECKSUM_SQL,
    COLUMN_TYPES,
    CUSTOMER_TABLE,
    DAILY_TABLE,
    Rows,
    Stored,
    bind_files,
    build_rows_sql,
    read_strictly,
)

TEMPORARY_FOLDER = ".loading"  # in the folder of a table; readers of "*.parquet" do not look into it
ABANDONED_AFTER_SECONDS = 3_600  # since the last write to a temporary file: a load that is at work writes
_MAX_SHOWN = 5  # faults, in the log

# Not Dagster's: after a run on an instance that logs less, that one says nothing in this process.
_LOGGER = logging.getLogger(__name__)

_COLUMNS = ", ".join(COLUMN_TYPES)
_NO_CHECKSUM_SQL = "''"
_COLUMNS_QUERY = (
    "SELECT file_name, list(name || ' ' || duckdb_type) FROM parquet_schema($paths) "
    "WHERE duckdb_type IS NOT NULL GROUP BY ALL"
)
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {"preserve_insertion_order": False}

# As in `database_errors`: what differs for files in a folder.
_CAUSES = {
    r"Permission denied|Operation not permitted|Access is denied": (
        "Let this user read and write the folder and its files, or give another path."
    ),
    r"Is a directory": (
        "A folder is in the place of a file. Move the folder away, and materialize the key again."
    ),
    r"No such file": "Another program removed a file or a folder that this load needs. Try again.",
    r"Out of Memory Error|[Ff]ailed to allocate": (
        "DuckDB ran out of memory. Close other programs, and try again."
    ),
}


class ParquetLake(dg.ConfigurableResource[None]):
    """A folder of Parquet files, in the place of the DuckDB file of `Warehouse`.

    Each table is a folder in it, and each key a file there, which a load writes under a temporary name and
    renames into place. So any number of processes may load, retire and read at the same time, without locks.
    Each key is replaced as a whole: readers see its earlier rows or the new ones, and of two loads of one key
    the later one stays. Several keys are not: a run of many keys that is killed has replaced some of them,
    and a reader may see some keys before the run and others after it.
    """

    path: Annotated[str, BeforeValidator(os.fspath)]

    def folder(self) -> Path:
        """Return the folder, with "~" expanded.

        Raises:
            WarehouseUnavailable: the path is blank, an address, or names a user who does not exist.
        """
        if fault := find_path_fault(self.path) or (None if self.path else "is blank"):
            raise WarehouseUnavailable(
                f"The folder {self.path!r} of the lake {fault}. Give the path of a folder on this machine."
            )
        with _explain_errors(f"{self.path} cannot be opened"):
            return Path(self.path).expanduser().absolute()

    @contextmanager
    def get_connection(self) -> Iterator[DuckDBPyConnection]:
        """Open a DuckDB database in memory, with a view of each table over the files that are there now.

        A query reads each file as a whole, in the version that is there when it comes to it; a key that was
        retired meanwhile has no rows. Files that cannot be read are left out, and named in the log.

        Raises:
            WarehouseUnavailable: the folder cannot be read.
        """
        with self._connect() as con:
            for table in (CUSTOMER_TABLE, DAILY_TABLE):
                sound, faults = self._read(con, table, None, _NO_CHECKSUM_SQL)
                _log(faults)
                _create_view(con, table, sound)
            yield con

    def replace(
        self, table: str, files: Sequence[SourceFile]
    ) -> tuple[dict[str, Stored], dict[str, PipelineError]]:
        """Replace the rows of each file's key, one after the other.

        Returns what was stored by key, and the errors of the broken files by key.

        Raises:
            WarehouseUnavailable: a file cannot be stored; the keys before it are replaced.
        """
        stored: dict[str, Stored] = {}
        broken: dict[str, PipelineError] = {}
        if not files:
            return stored, broken
        folder = self.folder() / table
        temporary_folder = folder / TEMPORARY_FOLDER
        with _explain_errors(f"{folder} cannot be written to"), duckdb.connect(config=_SETTINGS) as con:
            temporary_folder.mkdir(parents=True, exist_ok=True)
            for abandoned in _list_abandoned(temporary_folder):
                abandoned.unlink(missing_ok=True)
            for file in files:
                try:
                    stored[file.key] = _replace_key(con, folder / encode_key(file.key), file)
                except UnreadableFile as error:
                    broken[file.key] = error
            sync_folder(folder)
        return stored, broken

    def delete(self, table: str, keys: Sequence[str]) -> dict[str | None, int]:
        """Remove the keys' files, and return the number of their rows by key; keys without rows are omitted.

        Raises:
            WarehouseUnavailable: a file cannot be removed; the keys before it are removed.
        """
        there = self.count_rows(table, keys)
        folder = self.folder() / table
        with _explain_errors(f"{folder} cannot be written to"):
            for key in keys:
                (folder / encode_key(key)).unlink(missing_ok=True)
            if folder.exists():
                sync_folder(folder)
        return there

    def count_rows(self, table: str, keys: Sequence[str] | None = None) -> dict[str | None, int]:
        """Return the number of rows of these keys, or of all, by key; keys without rows are omitted.

        Files that cannot be read count as keys without rows, and are named in the log.

        Raises:
            WarehouseUnavailable: the folder cannot be read.
        """
        return {key: rows.count for key, rows in self._read_logged(table, keys, _NO_CHECKSUM_SQL).items()}

    def summarize(self, table: str, keys: Sequence[str]) -> dict[str, Rows]:
        """Return number and checksum of the keys' rows by key, as `count_rows` does."""
        return self._read_logged(table, keys, CHECKSUM_SQL)

    def find_faults(self, table: str) -> list[str]:
        """Return a sentence for each file that is left out, and for what killed loads left behind."""
        with self._connect() as con:
            return self._read(con, table, None, _NO_CHECKSUM_SQL)[1]

    def _read_logged(self, table: str, keys: Sequence[str] | None, checksum: str) -> dict[str, Rows]:
        with self._connect() as con:
            sound, faults = self._read(con, table, keys, checksum)
        _log(faults)
        return sound

    @contextmanager
    def _connect(self) -> Iterator[DuckDBPyConnection]:
        """Open a database in memory that reads the files of the lake as wholes."""
        # Only readers need it, and importing fsspec takes as long as loading a key.
        from .whole_files import WholeFiles  # noqa: PLC0415

        folder = self.folder()
        with duckdb.connect(config={"enable_external_file_cache": False}) as con:
            with _explain_errors(f"{folder} cannot be read"):
                con.register_filesystem(WholeFiles(folder, _build_empty_file()))
            yield con

    def _read(
        self, con: DuckDBPyConnection, table: str, keys: Sequence[str] | None, checksum: str
    ) -> tuple[dict[str, Rows], list[str]]:
        """Return what the keys' files hold by key, and the faults of the others; None stands for all keys."""
        folder = self.folder() / table
        with _explain_errors(f"{folder} cannot be read"):
            if keys is None:
                names, faults = _list_folder(folder)
            else:
                names, faults = [encode_key(key) for key in dict.fromkeys(keys)], []
            sound, more = _summarize_files(con, folder, names, checksum)
        return sound, [*faults, *more]


def _replace_key(con: DuckDBPyConnection, place: Path, file: SourceFile) -> Stored:
    """Replace a key's Parquet file by the rows of its source file.

    Raises:
        UnreadableFile: the source file has changed, or a value in it breaks the rules.
        WarehouseUnavailable: the rows cannot be stored; the earlier ones are untouched.
    """
    failure = f"The rows of {file.key!r} cannot be stored in {place}, and its earlier rows are untouched"
    with _explain_errors(failure), replace_file(place, place.parent / TEMPORARY_FOLDER) as temporary:
        with read_strictly([file]):
            con.execute(
                f"COPY ({build_rows_sql(file.header)}) TO $to (FORMAT parquet, USE_TMP_FILE false)",
                {**bind_files([file]), "to": str(temporary)},
            ).fetchall()
        written = {"path": escape_glob(temporary)}
        query = f"SELECT count(*), {CHECKSUM_SQL} FROM read_parquet($path, hive_partitioning = false)"
        ((count, checksum),) = con.execute(query, written).fetchall()
        replaced = _count_earlier_rows(con, place)
    return Stored(Rows(count, checksum), replaced)


def _count_earlier_rows(con: DuckDBPyConnection, place: Path) -> int:
    """Return the number of rows of a file; a missing or broken one has none."""
    if not place.exists():
        return 0
    try:
        query = "SELECT num_rows FROM parquet_file_metadata($path)"
        ((count,),) = con.execute(query, {"path": escape_glob(place)}).fetchall()
    except duckdb.Error:
        return 0
    return int(count)


@cache
def _build_empty_file() -> bytes:
    """Return a Parquet file with the columns of a table and no rows."""
    nothing = ", ".join(f"NULL::{type_} AS {name}" for name, type_ in COLUMN_TYPES.items())
    with TemporaryDirectory() as folder, duckdb.connect() as con:
        path = Path(folder, "empty.parquet")
        con.execute(f"COPY (SELECT {nothing} LIMIT 0) TO $to (FORMAT parquet)", {"to": str(path)}).fetchall()
        return path.read_bytes()


def _create_view(con: DuckDBPyConnection, table: str, keys: Iterable[str]) -> None:
    """Create the view of a table over the files of these keys."""
    # `encode_key` uses no quotes, and a view takes no parameters.
    paths = ", ".join(f"'{path}'" for path in _list_paths(table, map(encode_key, keys)))
    con.execute(
        f"CREATE VIEW {table} AS SELECT {_COLUMNS} FROM read_parquet([{paths}], hive_partitioning = false)"
    )


def _list_paths(table: str, names: Iterable[str]) -> list[str]:
    """Return the paths that DuckDB is to read: first an empty file, which has the right columns and types."""
    from .whole_files import WholeFiles  # noqa: PLC0415 - as above

    return [WholeFiles.EMPTY, *(f"{WholeFiles.EMPTY}{table}/{name}" for name in names)]


def _summarize_files(
    con: DuckDBPyConnection, folder: Path, names: Sequence[str], checksum: str
) -> tuple[dict[str, Rows], list[str]]:
    """Return what the files of a table hold by key, and the faults of those that cannot be read.

    DuckDB fails as soon as it cannot read one of them, so each half is tried until each such file is alone.
    """
    try:
        return _summarize_readable_files(con, folder, names, checksum)
    except (duckdb.OutOfMemoryException, duckdb.InterruptException):
        raise
    except duckdb.Error as error:
        if not names:
            raise
        if len(names) == 1:
            return {}, [_describe_fault(folder / names[0], _explain_unreadable(folder / names[0], error))]
    half = len(names) // 2
    sound, faults = _summarize_files(con, folder, names[:half], checksum)
    more_sound, more_faults = _summarize_files(con, folder, names[half:], checksum)
    return sound | more_sound, [*faults, *more_faults]


def _summarize_readable_files(
    con: DuckDBPyConnection, folder: Path, names: Sequence[str], checksum: str
) -> tuple[dict[str, Rows], list[str]]:
    """Return what Parquet files hold by key, and the faults of those with other columns or keys."""
    paths = _list_paths(folder.name, names)
    faults = {
        path: f"its columns are ({', '.join(columns)})"
        for path, columns in con.execute(_COLUMNS_QUERY, {"paths": paths}).fetchall()
        if sorted(columns) != sorted(f"{name} {type_}" for name, type_ in COLUMN_TYPES.items())
    }
    query = (
        f"SELECT filename, list((partition_key, number, checksum)) FROM ("
        f"SELECT filename, partition_key, count(*) AS number, ({checksum})::VARCHAR AS checksum "
        "FROM read_parquet($paths, filename = true, hive_partitioning = false) GROUP BY ALL) GROUP BY ALL"
    )
    found = dict(con.execute(query, {"paths": [path for path in paths if path not in faults]}).fetchall())
    sound = {}
    for path, name in zip(paths[1:], names, strict=True):
        match found.get(path, []):
            case _ if path in faults:
                pass
            case [(str(key), count, value)] if encode_key(key) == name:
                sound[key] = Rows(count, value)
            case [] if (folder / name).exists():
                faults[path] = "it has no rows"
            case [*groups] if groups:
                faults[path] = (
                    f"its rows are those of {', '.join(repr(key) for key, *_ in groups[:_MAX_SHOWN])}"
                )
    return sound, [_describe_fault(folder / path.rpartition("/")[2], fault) for path, fault in faults.items()]


def _explain_unreadable(path: Path, error: duckdb.Error) -> str:
    """Return the system's reason why a file cannot be read, or else DuckDB's."""
    try:
        path.open("rb").close()
    except OSError as system_error:
        return str(system_error.strerror)
    return summarize_error(error)


def _describe_fault(path: Path, reason: str) -> str:
    key = decode_name(path.name)
    again = "load its key again" if key is None else f"materialize {key!r} again, which replaces it"
    return f"{path} is left out: {reason}. Move it away, or {again}."


def _list_folder(folder: Path) -> tuple[list[str], list[str]]:
    """Return the names of the keys' files in a table's folder, and the faults of other visible files."""
    try:
        entries = sorted(entry.name for entry in folder.iterdir())
    except FileNotFoundError:
        return [], []
    names = [name for name in entries if is_key_name(name)]
    faults = [
        f"{folder / name!s} is not the file of a key, and is left out. Move it away."
        for name in entries
        if not (name.startswith(".") or is_key_name(name))
    ]
    faults += [
        f"{path} is left by a load that was killed, and is not read. The next load removes it."
        for path in _list_abandoned(folder / TEMPORARY_FOLDER)
    ]
    return names, faults


def _list_abandoned(temporary_folder: Path) -> list[Path]:
    """Return the temporary files that no load has written to for a long time."""
    found = []
    for path in sorted(temporary_folder.glob("*")):
        try:
            if time.time() - path.stat().st_mtime > ABANDONED_AFTER_SECONDS:
                found.append(path)
        except FileNotFoundError:  # renamed into its place since it was listed
            pass
    return found


def _log(faults: Sequence[str]) -> None:
    if faults:
        more = f" And {len(faults) - _MAX_SHOWN} more." if len(faults) > _MAX_SHOWN else ""
        _LOGGER.warning("%s%s", " ".join(faults[:_MAX_SHOWN]), more)


@contextmanager
def _explain_errors(failure: str) -> Iterator[None]:
    """Raise errors of the system and of DuckDB as WarehouseUnavailable, with this beginning."""
    try:
        yield
    except (OSError, RuntimeError, UnicodeError, duckdb.Error) as error:
        # RuntimeError: "~nobody" has no home. UnicodeError: the system cannot spell the path.
        cause = explain_cause(error, "the lake", _CAUSES)
        raise WarehouseUnavailable(f"{failure}: {summarize_error(error)}. {cause}") from error
