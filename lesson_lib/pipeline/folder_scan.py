"""A scan of the source: customers' files, the exchange's, and those that nobody can load."""

import base64
import hashlib
import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from io import FileIO, RawIOBase
from pathlib import Path
from typing import NamedTuple

from .keys import SUFFIX, daily_partitions_def, is_spelled_like_a_day
from .lookalikes import are_lookalikes, fold
from .quoting import is_utf8

# Of hidden files, and of the lock files of office programs.
IGNORED_PREFIXES = (".", "~$")


class DataFile(NamedTuple):
    """A file that may be a customer's."""

    path: str  # of the file, or the name of the object in its bucket
    key: str  # the name without the suffix, in NFC
    size: int  # bytes
    modified: float  # when its content was last written, in seconds since 1970
    changed: float  # when anything about it last changed, in seconds since 1970
    digest: str  # short hash of name, size, times, and inode or ETag
    etag: str | None = None  # of an object in a bucket


def open_plain_file(path: str) -> FileIO:
    """Open a plain file, without waiting for a writer if a pipe has taken its place."""
    file = FileIO(path, opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{Path(path).name} is no plain file")
    return file


@dataclass
class Scan:
    """The visible files of a source folder or bucket, and links whose targets cannot be read."""

    place: str  # the resolved path of the folder, or the url of the bucket
    open_file: Callable[[str], RawIOBase] = open_plain_file  # opens the path of a data file
    is_bucket: bool = False
    files: dict[str, DataFile] = field(default_factory=dict)  # customers' files by key, in order of key
    doubles: list[DataFile] = field(default_factory=list)  # their keys have another file
    unreadable: dict[str, str] = field(default_factory=dict)  # causes by key, if files cannot be read
    days: set[str] = field(default_factory=set)  # keys spelled like days, which belong to the exchange
    not_utf8: list[str] = field(default_factory=list)  # names of CSV files
    not_csv: list[str] = field(default_factory=list)  # names without the suffix, near misses first
    unusable: set[str] = field(default_factory=set)  # folded names that nearly fit a key, as `ACME.CSV`

    def count_files(self) -> int:
        """Return the number of customers' files; an unmounted folder has none."""
        return len(self.files) + len(self.doubles) + len(self.unreadable) + len(self.not_utf8)

    def has_file(self, key: str) -> bool:
        """Return whether the key has a file, readable or not, or one of nearly its name."""
        is_there = key in self.files or key in self.unreadable or key in self.days
        return is_there or (bool(self.unusable) and fold(key + SUFFIX) in self.unusable)

    def find_days_outside_calendar(self) -> list[str]:
        """Return the days that the exchange's partitions definition does not have."""
        return [day for day in sorted(self.days) if not daily_partitions_def.has_partition_key(day)]

    def add(self, name: str, file: DataFile | None, cause: str = "") -> None:
        """Add a file by its name, or the cause why it cannot be read."""
        key = find_key(name)
        if not name.endswith(SUFFIX):
            self.not_csv.append(name)
            self.add_unusable(name)
        elif not is_utf8(name):
            self.not_utf8.append(name)
            self.add_unusable(name)
        elif is_spelled_like_a_day(key):
            self.days.add(key)
        elif file:
            self._add_file(name, file)
        else:
            self.unreadable[key] = cause

    def add_unusable(self, name: str) -> None:
        """Add the name of what is no file, but may be in the way of one."""
        # Of other encodings, Latin-1 is the most likely one.
        name = name if is_utf8(name) else os.fsencode(name).decode("latin-1")
        stem, suffix, _ = _normalize_suffix(name).partition(SUFFIX)
        if suffix:
            self.unusable.add(stem + suffix)

    def _add_file(self, name: str, file: DataFile) -> None:
        # SourceFolder.find prefers the name in NFC as well.
        if name == file.key + SUFFIX and file.key in self.files:
            self.doubles.append(self.files.pop(file.key))
        if self.files.setdefault(file.key, file) is not file:
            self.doubles.append(file)

    def sort(self) -> None:
        """Put the files in order of their keys, and the near misses first."""
        self.files = dict(sorted(self.files.items()))
        self.not_csv.sort(key=lambda name: SUFFIX not in _normalize_suffix(name))


def scan(folder: Path) -> Scan:
    """Sort the files of a folder, except hidden, lock and special files, by what the sensor does with them.

    OSError is raised if the folder cannot be read, and ValueError if its path contains a NUL.
    """
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(IGNORED_PREFIXES)]
    found = Scan(str(folder.resolve()))
    for entry in sorted(visible, key=lambda entry: entry.name):
        status, cause = _find_status(entry)
        if cause or (status and stat.S_ISREG(status.st_mode)):
            found.add(entry.name, _describe_entry(entry, status) if status else None, cause)
        else:  # a folder, a pipe or the like, or it has just disappeared
            found.add_unusable(entry.name)
    found.sort()
    return found


def _describe_entry(entry: os.DirEntry[str], status: os.stat_result) -> DataFile:
    times = status.st_mtime, max(status.st_mtime, status.st_ctime)
    version = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} "
    digest = compute_short_hash(version.encode() + os.fsencode(entry.name))
    return DataFile(entry.path, find_key(entry.name), status.st_size, *times, digest)


def find_key(name: str) -> str:
    """Return the key that a file's name stands for."""
    return unicodedata.normalize("NFC", name.removesuffix(SUFFIX))


def _find_status(entry: os.DirEntry[str]) -> tuple[os.stat_result | None, str]:
    """Return the status of an entry's target, or else why there is none; "" if the entry has disappeared."""
    try:
        return entry.stat(), ""
    except FileNotFoundError:
        return None, "a link that points nowhere" if entry.is_symlink() else ""
    except OSError as error:
        return None, error.strerror or str(error)


def _normalize_suffix(name: str) -> str:
    """Return the folded name, with a suffix that looks like `.csv` replaced by it."""
    stem, end = name[: -len(SUFFIX)], name[-len(SUFFIX) :]
    return fold(stem) + (SUFFIX if are_lookalikes(end, SUFFIX) else fold(end))


def compute_short_hash(text: bytes) -> str:
    """Return a hash of a text, in eleven characters."""
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
