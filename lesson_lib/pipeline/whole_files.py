"""A file system through which DuckDB reads each file as a whole, although others replace it meanwhile.

DuckDB opens a Parquet file once for the footer and again for the rows. If it is replaced in between, the
footer of one version describes the rows of another, and the query fails or reads garbage.
"""

import datetime as dt
import io
import itertools
import threading
import weakref
from pathlib import Path
from typing import BinaryIO

from fsspec import AbstractFileSystem

PROTOCOL = "lake"
_NUMBERS = itertools.count()


class _Version:
    """A version of a file, which stays readable after its path has got another one."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = threading.Lock()
        self.number = next(_NUMBERS)
        self.size = file.seek(0, io.SEEK_END)
        weakref.finalize(self, file.close)

    def read_at(self, position: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(position)
            return self._file.read(size)


class _Reader:
    """What DuckDB holds for a file that it has opened; dropping it is enough to close it."""

    def __init__(self, version: _Version) -> None:
        self.version = version
        self._position = 0

    def seek(self, position: int) -> int:
        self._position = position
        return position

    def read(self, size: int) -> bytes:
        found = self.version.read_at(self._position, size)
        self._position += len(found)
        return found

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        """Do nothing: DuckDB drops a reader without closing it."""


class WholeFiles(AbstractFileSystem):  # type: ignore[misc] # it ships no types
    """The files of a folder, as `lake://name`.

    While DuckDB has a file open, it gets the same version whenever it opens it again. A file that is missing,
    as those of keys that were retired meanwhile, reads as a given empty one, and so does `EMPTY`.
    """

    protocol = PROTOCOL
    cachable = False
    EMPTY = f"{PROTOCOL}://"

    def __init__(self, folder: Path, empty: bytes) -> None:
        """Serve this folder, and these bytes for missing files."""
        super().__init__()
        self._folder = folder
        self._empty = empty
        self._lock = threading.Lock()
        self._open_versions: weakref.WeakValueDictionary[str, _Version] = weakref.WeakValueDictionary()

    def glob(self, path: str, **_: object) -> list[str]:
        """Return the path: names contain no pattern."""
        return [path]

    def open(self, path: str, *_: object, **__: object) -> _Reader:
        """Open a file, in the version that is open already if there is one."""
        with self._lock:
            if (version := self._open_versions.get(path)) is None:
                version = self._open_versions[path] = self._open_version(path)
        return _Reader(version)

    def _open_version(self, path: str) -> _Version:
        name = path.removeprefix(self.EMPTY)
        if name:
            try:
                return _Version((self._folder / name).open("rb", buffering=0))
            except FileNotFoundError:
                pass
        return _Version(io.BytesIO(self._empty))

    def size(self, path: str) -> int:
        """Return the size in bytes of the version that is open."""
        return self._open_versions[path].size

    def modified(self, path: str) -> dt.datetime:
        """Return another time for each version: DuckDB's caches compare it, and a clock may be too coarse."""
        return dt.datetime.fromtimestamp(self._open_versions[path].number, dt.UTC)
