"""The file behind a connection: whether the database's path still names it, and who may write to it."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakValueDictionary

from duckdb import DuckDBPyConnection

from lesson_lib.pipeline.database_errors import WarehouseUnavailable

try:
    import fcntl
except ImportError:  # Windows, which lets nobody replace or delete a file that is open
    fcntl = None  # type: ignore[assignment]

FileId = tuple[int, int]  # device and inode: whatever the file's names are

_FD_FOLDER = Path("/dev/fd")
_GUARD = threading.Lock()


class _WriterLock:
    """A lock that its thread may take again, and that a weak reference can point to."""

    def __init__(self) -> None:
        self.lock = threading.RLock()


_WRITER_LOCKS: WeakValueDictionary[FileId, _WriterLock] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class OpenDatabase:
    """The database of a connection, as DuckDB knows it.

    Attributes:
        path: its absolute path, with links resolved.
        is_read_only: whether the connection can only read.
    """

    path: str
    is_read_only: bool

    def require_same_file(self) -> None:
        """Make sure that the path names the file that DuckDB has open.

        DuckDB shares one open database among all connections of a process, by its path. If the file was
        replaced or deleted meanwhile, DuckDB goes on with the one that was there before, and what it stores
        is gone as soon as the last connection closes.

        Raises:
            WarehouseUnavailable: it names another file or none, or DuckDB has the file open twice.
        """
        count = self._count_open()
        if count == 0:
            change = "replaced" if Path(self.path).exists() else "deleted"
            raise WarehouseUnavailable(
                f"{self.path} was {change} while a connection of this process had it open, and DuckDB still "
                "uses the file that was there before. Rows stored now would not be in the file at this path. "
                "Copy what you still need out of that connection, close it (or restart the kernel), and try "
                "again."
            )
        if count > 1 and not self.is_read_only:
            raise WarehouseUnavailable(
                f"{self.path} is open twice in this process, under different names, as hard links make it "
                "possible; two writers of one file damage it. Close the other connection, and try again."
            )

    def _count_open(self) -> int:
        """Count how often this process has the path's file open, in the way that DuckDB opens it."""
        if fcntl is None or not _FD_FOLDER.is_dir():
            return 1
        try:
            named = _file_id(Path(self.path).stat())
        except FileNotFoundError:
            return 0
        mode = os.O_RDONLY if self.is_read_only else os.O_RDWR
        return sum(_is_open_as(int(entry.name), named, mode) for entry in _FD_FOLDER.iterdir())

    @contextmanager
    def one_writer(self) -> Iterator[None]:
        """Let one thread of this process at a time change the file; the others wait."""
        try:
            named = _file_id(Path(self.path).stat())
        except FileNotFoundError:
            self.require_same_file()
            raise
        with _GUARD:
            writer = _WRITER_LOCKS.setdefault(named, _WriterLock())
        with writer.lock:
            yield


def _file_id(facts: os.stat_result) -> FileId:
    return facts.st_dev, facts.st_ino


def _is_open_as(descriptor: int, file: FileId, mode: int) -> bool:
    try:
        is_same = _file_id(os.fstat(descriptor)) == file
        return is_same and fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE == mode
    except OSError:  # closed since it was listed
        return False


def database_of(connection: DuckDBPyConnection) -> OpenDatabase | None:
    """Return the database that a connection has open; None if it is in memory."""
    query = "SELECT path, readonly FROM duckdb_databases() WHERE database_name = current_database()"
    match connection.execute(query).fetchall():
        case [(str(path), bool(is_read_only))]:
            return OpenDatabase(path, is_read_only)
    return None
