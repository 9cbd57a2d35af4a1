"""The files of the source folder as the sensor sees them, and the cursor that it keeps between ticks."""

import base64
import hashlib
import json
import os
import stat
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from ..keys import daily_partitions_def, is_spelled_like_a_day
from ..lookalikes import fold, look_alike
from ..source_files import SUFFIX, SourceFolder, UnreadableFile
from ..visible_text import is_utf8

# Of hidden files, and of those by which office programs mark a file as open.
_IGNORED_PREFIXES = (".", "~$")
_CURSOR_FORMAT = 2  # format 1 held every key


class DataFile(NamedTuple):
    """A file that may be a customer's.

    Attributes:
        path: its path.
        key: its name without the suffix, in NFC.
        size: in bytes.
        modified: when its content was last written, in seconds since 1970.
        changed: when anything about it last changed, in seconds since 1970.
        word: hash of its name, inode, size and times, in eleven characters.
    """

    path: str
    key: str
    size: int
    modified: float
    changed: float
    word: str


@dataclass
class Scan:
    """The visible files of a source folder, and links whose targets cannot be read.

    Attributes:
        folder: the folder's resolved path.
        files: the customers' files by key, in order of key.
        doubles: files whose key another file has already, spelled in another normalization.
        unreadable: the keys of files that cannot be read, each with the cause.
        days: the keys that are spelled like days; these files belong to the exchange.
        not_utf8: the names of CSV files that are not UTF-8.
        not_csv: the names of files that do not end in .csv; those that nearly do come first.
        unusable: the folded names of entries that seem to be meant for a key, such as `ACME.CSV`.
    """

    folder: str
    files: dict[str, DataFile] = field(default_factory=dict)
    doubles: list[DataFile] = field(default_factory=list)
    unreadable: dict[str, str] = field(default_factory=dict)
    days: set[str] = field(default_factory=set)
    not_utf8: list[str] = field(default_factory=list)
    not_csv: list[str] = field(default_factory=list)
    unusable: set[str] = field(default_factory=set)

    def count(self) -> int:
        """Return the number of customers' files; a folder that is not mounted has none."""
        return len(self.files) + len(self.doubles) + len(self.unreadable) + len(self.not_utf8)

    def has(self, key: str) -> bool:
        """Return whether there is a file of this key, readable or not, or under nearly its name."""
        is_there = key in self.files or key in self.unreadable or key in self.days
        return is_there or (bool(self.unusable) and fold(key + SUFFIX) in self.unusable)

    def days_outside_calendar(self) -> list[str]:
        """Return the days that the exchange's partitions definition does not have."""
        return [day for day in sorted(self.days) if not daily_partitions_def.has_partition_key(day)]

    def add(self, entry: os.DirEntry[str]) -> None:
        """Add an entry of the folder, unless it is a folder, a pipe or the like, or has just gone."""
        status, cause = _status(entry)
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
        # In another encoding, Latin-1 is the most likely one.
        name = entry.name if is_utf8(entry.name) else os.fsencode(entry.name).decode("latin-1")
        stem, suffix, _ = _with_plain_suffix(name).partition(SUFFIX)
        if suffix:
            self.unusable.add(stem + suffix)

    def _add_file(self, entry: os.DirEntry[str], key: str, status: os.stat_result) -> None:
        times = status.st_mtime, max(status.st_mtime, status.st_ctime)
        file = DataFile(entry.path, key, status.st_size, *times, _word_of(entry.name, status))
        # SourceFolder.find also prefers the name in NFC.
        if entry.name == key + SUFFIX and key in self.files:
            self.doubles.append(self.files.pop(key))
        if self.files.setdefault(key, file) is not file:
            self.doubles.append(file)


def scan(folder: Path) -> Scan:
    """Sort the visible files of a folder by what the sensor does with them.

    Hidden files, the lock files of office programs, and whatever is not a plain file are left out.

    Raises:
        OSError: the folder is missing, or cannot be read.
        ValueError: its path contains a NUL.
    """
    with os.scandir(folder) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(_IGNORED_PREFIXES)]
    found = Scan(str(folder.resolve()))
    for entry in sorted(visible, key=lambda entry: entry.name):
        found.add(entry)
    found.files = dict(sorted(found.files.items()))
    found.not_csv.sort(key=lambda name: SUFFIX not in _with_plain_suffix(name))
    return found


def scan_source(source: SourceFolder) -> Scan:
    """Scan the source folder, as `scan` does.

    Raises:
        UnreadableFile: the folder is missing, or cannot be read.
    """
    folder = source.folder()
    try:
        return scan(folder)
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"The source folder {str(folder)!r} cannot be read: {error}. Mount or create it."
        ) from error


def scan_filled(source: SourceFolder) -> Scan:
    """Scan a source folder that must have customers' files: an empty one may not be mounted.

    Raises:
        UnreadableFile: the folder is missing, cannot be read, or holds no data file at all.
    """
    if (there := scan_source(source)).count():
        return there
    raise UnreadableFile(f"The source folder {str(source.folder())!r} holds no data file. Is it mounted?")


def _status(entry: os.DirEntry[str]) -> tuple[os.stat_result | None, str]:
    """Return the status of what an entry leads to, or else why there is none; "" if the entry has gone."""
    try:
        return entry.stat(), ""
    except FileNotFoundError:
        return None, "a link that points nowhere" if entry.is_symlink() else ""
    except OSError as error:
        return None, error.strerror or str(error)


def _with_plain_suffix(name: str) -> str:
    """Return a name folded, with `.csv` in the place of a suffix that looks like it."""
    stem, end = name[: -len(SUFFIX)], name[-len(SUFFIX) :]
    return fold(stem) + (SUFFIX if look_alike(end, SUFFIX) else fold(end))


def _word_of(name: str, status: os.stat_result) -> str:
    text = f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {status.st_ctime_ns} "
    return short_word(text.encode() + os.fsencode(name))


def short_word(text: bytes) -> str:
    """Return a hash of a text, in eleven characters."""
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Cursor:
    """What a tick remembers for the next one, in words, so that its size does not depend on long names.

    Attributes:
        done: the words of files that need nothing more.
        seen: the words of files that were too young to load.
        retired: the words of keys whose retirement was requested.
    """

    done: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the text that Dagster stores."""
        lists = {"done": self.done, "seen": self.seen, "retired": self.retired}
        return json.dumps({"format": _CURSOR_FORMAT, **lists}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Cursor":
        """Return the cursor that Dagster stored.

        Raises:
            ValueError: it is damaged, of another format, or of another sensor.
        """
        try:
            found = json.loads(text)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        lists = {name: found.get(name) for name in ("done", "seen", "retired")} if _is_ours(found) else {}
        if not lists or not all(_are_words(words) for words in lists.values()):
            raise ValueError(f"it is not a cursor of format {_CURSOR_FORMAT}")
        return cls(**{name: tuple(words) for name, words in lists.items()})


def _is_ours(found: object) -> bool:
    return isinstance(found, dict) and found.get("format") == _CURSOR_FORMAT


def _are_words(words: object) -> bool:
    return isinstance(words, list) and all(isinstance(word, str) for word in words)
