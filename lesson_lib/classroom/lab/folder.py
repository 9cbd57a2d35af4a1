"""The lab: a throwaway folder with a copy of the course's data, so that no lesson touches the original."""

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

from lesson_lib.classroom.display.safe_text import both_ends
from lesson_lib.classroom.lab.three_records import holder_of_file
from lesson_lib.course_data import data_folder
from lesson_lib.invented_trades import customer, table, text
from lesson_lib.pipeline.database_errors import WarehouseUnavailable

_PREFIX = "lesson-lab-"
_MOST_CUSTOMERS = 100_000  # of an asset, Dagster recommends no more
_ROWS = 8  # of each customer that is made
_DIGITS = 4  # of a customer's number, at least
_SHOWN = 20  # files of a folder
_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP}
_NEXT_MOVE = (
    "Set TMPDIR to a folder on a local disk, with room on it, that you may write to, and restart the kernel."
)


class LabUnavailable(OSError):
    """No lab can be made in the folder for temporary files; nothing is left there."""


def open_lab() -> "Lab":
    """Make a new lab, with the files of `data/source` in it.

    Its folder is removed when the lab is no longer used, at the latest when the kernel stops. The next call
    removes that of a kernel which was killed.

    Raises:
        LabUnavailable: the folder for temporary files is missing, full, or cannot be written to or locked.
    """
    _sweep()
    return Lab()


class Lab:
    """A working folder of one notebook; two notebooks never share one.

    Attributes:
        folder: the working folder, in the system's folder for temporary files.
        source: the folder of source files in it, one `<partition_key>.csv` a key.
        database: the path of the DuckDB file, which is not there until something is stored.
    """

    def __init__(self) -> None:
        """Make the folder and copy the source files into it.

        Raises:
            LabUnavailable: as in `open_lab`.
        """
        data_folder()  # an incomplete course is not the fault of the folder for temporary files
        self.folder = _temporary() / f"{_PREFIX}{uuid.uuid4().hex}"
        self.source = self.folder / "source"
        self.database = self.folder / "warehouse.duckdb"
        lock = _lock(self.folder)
        remove = weakref.finalize(self, _remove, self.folder, lock)
        try:
            # Before the folder is made, so that no sweep takes it for an abandoned one. Nobody else knows the
            # lock's name, so there is nothing to wait for.
            lock.acquire(blocking=False)
            self.reset_source()
        except OSError as error:
            remove()
            raise _unavailable(self.folder.parent, error) from error

    def reset(self) -> None:
        """Put the lab back to how it was: the original source files, and no database.

        Raises:
            WarehouseUnavailable: the database is open; nothing has changed.
        """
        self._require_closed()
        self._make_folder()
        for path in self.folder.iterdir():
            _delete(path)
        self.reset_source()

    def _require_closed(self) -> None:
        # DuckDB would go on with a file that is deleted while it is open, and find its old rows in it.
        if holder_of_file(self.database):
            gc.collect()  # closes what DuckDBResource left open after a load that failed
        if holder := holder_of_file(self.database):
            raise WarehouseUnavailable(
                f"The lab's database, {self.database.name}, is open in {holder}, so the lab stays as it is. "
                "Close the connection (or restart the kernel that has it), and reset the lab again."
            )

    def reset_source(self) -> None:
        """Put the original source files back, and leave the database alone."""
        self._make_folder()
        _delete(self.source)
        self.source.mkdir()
        # Not `copytree`, which collects errors into one without a reason of its own.
        for path in (data_folder() / "source").iterdir():
            shutil.copy2(path, self.source)

    def _make_folder(self) -> None:
        # For nobody else: it lies in a folder that all users of the machine may share.
        self.folder.mkdir(mode=0o700, exist_ok=True)

    def bring_in(self, arrival: str) -> Path:
        """Deliver a file of `data/arrivals`, over an earlier one of the same name.

        Args:
            arrival: its path without the suffix, such as `quickstart` or `broken/acme`.

        Returns:
            The file's path in `source`.

        Raises:
            ValueError: there is no such arrival; the message names those there are.
        """
        if arrival not in (known := arrivals()):
            raise ValueError(f"No arrival is called {arrival!r}. There are: {', '.join(known)}.")
        delivered = data_folder() / "arrivals" / f"{arrival}.csv"
        self._make_folder()
        self.source.mkdir(exist_ok=True)
        _delete(self.source / delivered.name)  # rather than write through a symbolic link
        return Path(shutil.copy(delivered, self.source))

    def make_customers(self, number: int) -> list[str]:
        """Write a file for each of so many invented customers, over earlier ones of the same names.

        Every call, on any machine, writes the same: `customer-0001.csv`, `customer-0002.csv`, ..., of 8 rows
        each. The numbers in the names have as many digits as the last of them, and four at least, so that the
        order of the names is that of the numbers. 10,000 files take a few seconds; `reset_source` removes
        them.

        Args:
            number: how many, 100,000 at most.

        Returns:
            Their keys, in order.

        Raises:
            ValueError: this is no number of customers, or too large a one; nothing was written.
        """
        if type(number) is not int or not 1 <= number <= _MOST_CUSTOMERS:
            raise ValueError(
                f"make_customers takes a whole number from 1 to {_MOST_CUSTOMERS:,}, not {number!r}. "
                "Nothing was written; call it again with such a number."
            )
        digits = max(_DIGITS, len(str(number)))
        keys = [f"customer-{count:0{digits}}" for count in range(1, number + 1)]
        self._make_folder()
        self.source.mkdir(exist_ok=True)
        for key in keys:
            path = self.source / f"{key}.csv"
            _delete(path)  # as in `bring_in`
            path.write_bytes(text(table(customer(key, _ROWS))))
        return keys

    def __repr__(self) -> str:
        """Return the tree of its files, without the folder's own path; of many in a folder, both ends."""
        if not self.folder.is_dir():
            return "lab (its folder has been deleted; lab.reset() makes it again)"
        return "\n".join(["lab", *_tree(self.folder, indent="  ")])


def _temporary() -> Path:
    try:
        folder = Path(tempfile.gettempdir()).resolve()
    except FileNotFoundError as error:  # none that can be written to
        raise LabUnavailable(f"No lab can be made: {error.strerror}. {_NEXT_MOVE}") from error
    if not folder.is_dir():  # deleted since Python looked it up; the lock would make it again, for everybody
        raise LabUnavailable(f"No lab can be made in {folder}: there is no such folder. {_NEXT_MOVE}")
    return folder


def _unavailable(folder: Path, error: OSError) -> LabUnavailable:
    reason = error.strerror or str(error)
    if error.errno in _NO_LOCKS:
        reason = f"its files cannot be locked, which protects the labs in use ({reason})"
    return LabUnavailable(f"No lab can be made in {folder}: {reason}. {_NEXT_MOVE}")


def _lock(folder: Path) -> FileLock:
    """Return the lock that says that a lab is in use; the system frees it even when the kernel is killed."""
    return FileLock(f"{folder}.lock")


def _delete(path: Path) -> None:
    """Remove a file or a folder, if it is there; of a symbolic link, only the link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove(folder: Path, lock: FileLock) -> None:
    # On Windows a file that is still open stays behind, until the next sweep.
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        with suppress(OSError):
            Path(lock.lock_file).unlink()
    lock.release()


def _sweep() -> None:
    """Remove the labs that nobody uses any more."""
    for path in _temporary().glob(f"{_PREFIX}*.lock"):
        folder = path.with_suffix("")
        lock = _lock(folder)
        try:
            lock.acquire(blocking=False)
        except (Timeout, OSError):  # in use, or another user's
            continue
        _remove(folder, lock)


def arrivals() -> list[str]:
    """Return the names that `Lab.bring_in` takes, in order."""
    folder = data_folder() / "arrivals"
    return sorted(path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.csv"))


def _tree(folder: Path, indent: str) -> Iterator[str]:
    paths = sorted(folder.iterdir())
    shown = both_ends(paths, _SHOWN)
    for path in shown:
        if path is shown[-1] and len(shown) < len(paths):
            yield f"{indent}… {len(paths) - len(shown):,} more"
        if path.is_symlink():  # which may lead anywhere, also back
            yield f"{indent}{path.name} (a symbolic link)"
            continue
        yield indent + path.name
        if path.is_dir():
            yield from _tree(path, indent + "  ")
