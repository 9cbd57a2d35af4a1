"""The lab's folder: a throwaway copy of the course's data, so that no lesson changes the original."""

import errno
import gc
import shutil
import tempfile
import uuid
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from lesson_lib.classroom.display.safe_text import keep_ends
from lesson_lib.course_data import data_folder
from lesson_lib.invented_trades import format_csv, invent_customer, make_table
from lesson_lib.pipeline.database_errors import WarehouseUnavailable, find_file_holder

_PREFIX = "lesson-lab-"
_MAX_CUSTOMERS = 100_000  # Dagster recommends no more partitions for an asset
_ROWS_PER_CUSTOMER = 8
_MIN_DIGITS = 4  # of a customer's number
_MAX_LISTED_FILES = 20  # of a folder
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
_NEXT_MOVE = (
    "Set TMPDIR to a folder on a local disk, with room on it, that you may write to, and restart the kernel."
)


class LabUnavailable(OSError):
    """A lab cannot be made in the folder for temporary files; nothing is left there."""


def open_lab() -> "Lab":
    """Make a new lab, with the files of `data/source` in it.

    Its folder is removed when the lab is no longer used, at the latest when the kernel stops. If the kernel
    is killed, the next call removes it.

    Raises:
        LabUnavailable: the folder for temporary files is missing, full, or cannot be written to or locked.
    """
    _sweep()
    return Lab()


class Lab:
    """A working folder of one notebook; two notebooks never share one.

    Attributes:
        folder: the working folder, in the system's folder for temporary files.
        source: the folder of source files in it, with a file `<partition_key>.csv` for each key.
        database: the path of the DuckDB file, which does not exist until something is stored.
    """

    def __init__(self) -> None:
        """Make the folder and copy the source files into it, or raise `LabUnavailable`."""
        data_folder()  # raises its own error where the course is incomplete
        self.folder = _find_temporary_folder() / f"{_PREFIX}{uuid.uuid4().hex}"
        self.source = self.folder / "source"
        self.database = self.folder / "warehouse.duckdb"
        # It marks the lab as used; the system frees it even if the kernel is killed.
        lock = FileLock(f"{self.folder}.lock")
        remove = weakref.finalize(self, _remove, self.folder, lock)
        try:
            # Before the folder is made, so that no sweep removes it as abandoned. The lock's name is new, so
            # there is nothing to wait for.
            lock.acquire(blocking=False)
            self.reset_source()
        except OSError as error:
            remove()
            reason = error.strerror or str(error)
            if error.errno in _NO_LOCKS:
                reason = f"its files cannot be locked, which protects the labs in use ({reason})"
            raise LabUnavailable(
                f"No lab can be made in {self.folder.parent}: {reason}. {_NEXT_MOVE}"
            ) from error

    def reset(self) -> None:
        """Restore the original source files, and remove the database.

        Raises:
            WarehouseUnavailable: the database is open; nothing has changed.
        """
        # DuckDB continues to use a deleted file that is open, with its old rows.
        if find_file_holder(self.database):
            gc.collect()  # closes what DuckDBResource left open after a load that failed
        if holder := find_file_holder(self.database):
            raise WarehouseUnavailable(
                f"The lab's database, {self.database.name}, is open in {holder}, so the lab stays as it is. "
                "Close the connection (or restart the kernel that has it), and reset the lab again."
            )
        self._make_folders()
        for path in self.folder.iterdir():  # not the folder itself, which may be the working directory
            _delete(path)
        self.reset_source()

    def reset_source(self) -> None:
        """Restore the original source files, and keep the database."""
        self._make_folders()
        _delete(self.source)
        self.source.mkdir()
        # Not `copytree`, whose collected errors have no reason of their own.
        for path in (data_folder() / "source").iterdir():
            shutil.copy2(path, self.source)

    def _make_folders(self) -> None:
        # Private, because all users of the machine may share the parent folder.
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.source.mkdir(exist_ok=True)

    def bring_in(self, arrival: str) -> Path:
        """Deliver a file of `data/arrivals`, and replace an earlier one with the same name.

        Args:
            arrival: its path without the suffix, such as `quickstart` or `broken/acme`.

        Returns:
            The file's path in `source`.

        Raises:
            ValueError: the arrival does not exist; the message lists all of them.
        """
        if arrival not in (known := list_arrivals()):
            raise ValueError(f"No arrival is called {arrival!r}. There are: {', '.join(known)}.")
        delivered = data_folder() / "arrivals" / f"{arrival}.csv"
        self._make_folders()
        _delete(self.source / delivered.name)  # instead of writing through a symbolic link
        return Path(shutil.copy(delivered, self.source))

    def make_customers(self, number: int) -> list[str]:
        """Write a file for each of a number of invented customers, and replace files with the same names.

        Each call, on any machine, writes the same files `customer-0001.csv`, `customer-0002.csv`, ..., of 8
        rows each. The numbers have as many digits as the last of them, at least four, so that names sort like
        numbers. 10,000 files take a few seconds; `reset_source` removes them.

        Args:
            number: how many, at most 100,000.

        Returns:
            Their keys, in order.

        Raises:
            ValueError: it is not an integer between 1 and 100,000; nothing was written.
        """
        if type(number) is not int or not 1 <= number <= _MAX_CUSTOMERS:
            raise ValueError(
                f"make_customers takes a whole number from 1 to {_MAX_CUSTOMERS:,}, not {number!r}. "
                "Nothing was written; call it again with such a number."
            )
        digits = max(_MIN_DIGITS, len(str(number)))
        keys = [f"customer-{count:0{digits}}" for count in range(1, number + 1)]
        self._make_folders()
        for key in keys:
            path = self.source / f"{key}.csv"
            _delete(path)  # as in `bring_in`
            path.write_bytes(format_csv(make_table(invent_customer(key, _ROWS_PER_CUSTOMER))))
        return keys

    def __repr__(self) -> str:
        """Return the tree of its files without the folder's path, and of a long list only both ends."""
        if not self.folder.is_dir():
            return "lab (its folder has been deleted; lab.reset() makes it again)"
        return "\n".join(["lab", *_format_tree(self.folder, indent="  ")])


def _find_temporary_folder() -> Path:
    try:
        folder = Path(tempfile.gettempdir()).resolve()
    except FileNotFoundError as error:  # no folder is writable
        raise LabUnavailable(f"No lab can be made: {error.strerror}. {_NEXT_MOVE}") from error
    # It was deleted since Python looked it up; the lock would make it again, readable for everybody.
    if not folder.is_dir():
        raise LabUnavailable(f"No lab can be made in {folder}: there is no such folder. {_NEXT_MOVE}")
    return folder


def _delete(path: Path) -> None:
    """Remove a file, a folder, or a symbolic link without its target, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove(folder: Path, lock: FileLock) -> None:
    # On Windows, a file that is still open stays until the next sweep.
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        with suppress(OSError):
            Path(lock.lock_file).unlink()
    lock.release()


def _sweep() -> None:
    """Remove the labs that are no longer used."""
    for path in _find_temporary_folder().glob(f"{_PREFIX}*.lock"):
        lock = FileLock(path)
        with suppress(Timeout, OSError):  # it is in use, or belongs to another user
            lock.acquire(blocking=False)
            _remove(path.with_suffix(""), lock)


def list_arrivals() -> list[str]:
    """Return the sorted names that `Lab.bring_in` accepts."""
    folder = data_folder() / "arrivals"
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.csv"))


def _format_tree(folder: Path, indent: str) -> Iterator[str]:
    paths = sorted(folder.iterdir())
    kept = keep_ends(paths, _MAX_LISTED_FILES)
    for path in kept:
        if path is kept[-1] and len(kept) < len(paths):
            yield f"{indent}… {len(paths) - len(kept):,} more"
        if path.is_symlink():  # it may lead anywhere, even back
            yield f"{indent}{path.name} (a symbolic link)"
            continue
        yield indent + path.name
        if path.is_dir():
            yield from _format_tree(path, indent + "  ")
