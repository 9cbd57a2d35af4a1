"""A scan of the source folder: customers' files, the exchange's, and those that nobody can load."""

import base64
import hashlib
import os
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from .keys import SUFFIX, daily_partitions_def, is_spelled_like_a_day
from .lookalikes import are_lookalikes, fold
from .quoting import is_utf8
from .source_files import SourceFolder, UnreadableFile

# Of hidden files, and of the lock files of office programs.
_IGNORED_PREFIXES = (".", "~$")


class DataFile(NamedTuple):
    """A file that may be a customer's."""

    path: str
    key: str  # the name without the suffix, in NFC
    size: int  # bytes
    modified: float  # when its content was last written, in seconds since 1970
    changed: float  # when anything about it last changed, in seconds since 1970
    digest: str  # short hash of name, inode, size and times


@dataclass
class Scan:
    """The visible files of a source folder, and links whose targets cannot be read."""

    folder: str  # the resolved path
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

    def add(self, entry: os.DirEntry[str]) -> None:
        """Add an entry of the folder, unless it is a folder, a pipe or the like, or has just disappeared."""
        status, cause = _find_status(entry)
        if not (cause or (status and stat.S_ISREG(status.st_mode))):
            self._add_unusable(entry)
            return
        key = unicodedata.normalize("NFC", entry.name.removesuffix(SUFFIX))
        if not entry.name.endswith(SUFFIX):
            self.not_csv.append(entry.name)
            self._add_unusable(entry)
        elif not is_utf8(entry.name):
            self.not_utf8.append(entry.name)
            self._add_unusable(entry)
        elif is_spelled_like_a_day(key):
            self.days.add(key)
        elif status:
            self._add_file(entry, key, status)
        else:
            self.unreadable[key] = cause

    def _add_unusable(self, entry: os.DirEntry[str]) -> None:
        # Of other encodings, Latin-1 is the most likely one.
        name = entry.name if is_utf8(entry.name) else os.fsencode(entry.name).decode("latin-1")
        stem, suffix, _ = _normalize_suffix(name).partition(SUFFIX)
        if suffix:
            self.unusable.add(stem + suffix)

    def _add_file(self, entry: os.DirEntry[str], key: str, status: os.stat_result) -> None:
        times = status.st_mtime, max(status.st_mtime, status.st_ctime)
        version = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} "
        digest = compute_short_hash(version.encode() + os.fsencode(entry.name))
        file = DataFile(entry.path, key, status.st_size, *times, digest)
        # SourceFolder.find prefers the name in NFC as well.
        if entry.name == key + SUFFIX and key in self.files:
            self.doubles.append(self.files.pop(key))
        if self.files.setdefault(key, file) is not file:
            self.doubles.append(file)


def scan(folder: Path) -> Scan:
    """Sort the files of a folder, except hidden, lock and special files, by what the sensor does with them.

    OSError is raised if the folder cannot be read, and ValueError if its path contains a NUL.
    """
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(_IGNORED_PREFIXES)]
    found = Scan(str(folder.resolve()))
    for entry in sorted(visible, key=lambda entry: entry.name):
        found.add(entry)
    found.files = dict(sorted(found.files.items()))
    found.not_csv.sort(key=lambda name: SUFFIX not in _normalize_suffix(name))
    return found


def scan_source(source: SourceFolder) -> Scan:
    """Scan the source folder, or raise UnreadableFile if it is missing or cannot be read."""
    folder = source.folder()
    try:
        return scan(folder)
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"The source folder {str(folder)!r} cannot be read: {error}. Mount or create it."
        ) from error


def scan_nonempty_source(source: SourceFolder) -> Scan:
    """Scan the source folder; raise UnreadableFile also if no file is there, since it may not be mounted."""
    if (there := scan_source(source)).count_files():
        return there
    raise UnreadableFile(f"The source folder {str(source.folder())!r} holds no data file. Is it mounted?")


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
