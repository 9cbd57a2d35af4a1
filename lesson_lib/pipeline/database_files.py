"""The file behind a connection: whether the database's path still names it, and which thread may write."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from duckdb import DuckDBPyConnection

from .database_errors import WarehouseUnavailable

try:
    import fcntl
except ImportError:  # Windows, where an open file cannot be replaced or deleted
    fcntl = None  # type: ignore[assignment]

FileId = tuple[int, int]  # device and inode, which all names of a file share

_FD_FOLDER = Path("/dev/fd")
_GUARD = threading.Lock()


# A lock disappears with the last transaction that uses it.
_WRITER_LOCKS: WeakValueDictionary[FileId, threading.RLock] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """The database of a connection, as DuckDB knows it."""

    path: str  # absolute, with links resolved
    is_read_only: bool

    def require_same_file(self) -> None:
        """Make sure that the path names the file that DuckDB has open.

        DuckDB shares one open database among all connections of a process, by its path. If the file was
        replaced or deleted meanwhile, DuckDB continues with the earlier one, and what it stores is lost when
        the last connection closes.

        Raises:
            WarehouseUnavailable: the path names another file or none, or DuckDB has the file open twice.
        """
        if fcntl is None or not _FD_FOLDER.is_dir():
            return
        try:
            named = _identify(Path(self.path).stat())
        except FileNotFoundError:
            named = None
        opened = list(_list_open_files(os.O_RDONLY if self.is_read_only else os.O_RDWR))
        count = sum(file == named for _, file in opened)
        if count == 0 or (not self.is_read_only and f"{self.path} (deleted)" in dict(opened)):
            raise WarehouseUnavailable(self._explain_replacement())
        if count > 1 and not self.is_read_only:
            raise WarehouseUnavailable(_explain_second_name(self.path))

    def _explain_replacement(self) -> str:
        change = "replaced" if Path(self.path).exists() else "deleted or renamed"
        log = f"{self.path}.wal"
        keep_log = f"move {log} aside (closing would delete it), " if Path(log).exists() else ""
        put_back = " put the log back," if keep_log else ""
        return (
            f"{self.path} was {change} while a connection of this process had it open, and DuckDB still uses "
            "the file that was there before. Rows stored now would not be in the file at this path. Copy "
            f"what you still need out of that connection, {keep_log}close it (or restart the kernel),"
            f"{put_back} and try again."
        )

    @contextmanager
    def lock_for_writing(self) -> Iterator[None]:
        """Let one thread of this process at a time change the file; the others wait."""
        try:
            named = _identify(Path(self.path).stat())
        except FileNotFoundError:
            self.require_same_file()
            raise
        with _GUARD:
            lock = _WRITER_LOCKS.setdefault(named, threading.RLock())
        with lock:
            yield


def require_one_name(path: str) -> None:
    """Raise WarehouseUnavailable if this process has the file at a path open under another name.

    DuckDB would open it a second time, and closing that one would give up the process's lock on the file.
    """
    try:
        file = _identify(Path(path).stat())
    except OSError:
        return
    if any(name not in (path, "") and opened == file for name, opened in _list_open_files(os.O_RDWR)):
        raise WarehouseUnavailable(_explain_second_name(path))


def _explain_second_name(path: str) -> str:
    return (
        f"{path} is open a second time in this process, under another name (a hard link) or by code that "
        "writes to it past DuckDB; two writers of one file damage it. Close the other one, and try again."
    )


def _list_open_files(mode: int) -> Iterator[tuple[str, FileId]]:
    """Yield the name ("" on macOS) and the identity of each file that this process has open in this mode."""
    for entry in _FD_FOLDER.iterdir() if fcntl and _FD_FOLDER.is_dir() else ():
        with suppress(OSError):  # closed since it was listed
            name, descriptor = _read_name(entry), int(entry.name)
            opened_as = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
            file = _identify(os.fstat(descriptor))
            # Read the name again: meanwhile another thread may have closed the file, and opened another one.
            if opened_as == mode and _read_name(entry) == name:
                yield name, file


def _read_name(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # on macOS, it is not a link
        return ""


def _identify(status: os.stat_result) -> FileId:
    return status.st_dev, status.st_ino


def find_database(connection: DuckDBPyConnection) -> OpenDatabase | None:
    """Return the database that a connection has open, unless it is in memory."""
    query = "SELECT path, readonly FROM duckdb_databases() WHERE database_name = current_database()"
    match connection.execute(query).fetchall():
        case [(str(path), bool(is_read_only))]:
            return OpenDatabase(path, is_read_only)
    return None
