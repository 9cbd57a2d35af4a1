"""What lies in the source folder, and what the sensor remembers of it: files, their words, and the cursor."""

import base64
import hashlib
import json
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from lesson_lib.pipeline.partitions import daily_partitions_def
from lesson_lib.pipeline.source_files import SUFFIX, SourceFolder, UnreadableFile

_NO_DATA = (".", "~$")  # hidden files, and those by which office programs mark a file as open
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FORMAT = 2  # of the cursor; the first one held every key


class DataFile(NamedTuple):
    """A file that may be a customer's.

    Attributes:
        path: where it lies.
        key: its name without the suffix, in NFC.
        size: in bytes.
        modified: when its content was last written, in seconds since 1970.
        changed: when anything about it last changed, in seconds since 1970.
        word: eleven characters for its name, number on the disk, size and times; another one when it changes.
    """

    path: str
    key: str
    size: int
    modified: float
    changed: float
    word: str


@dataclass(frozen=True)
class Scan:
    """What lies in a source folder.

    Attributes:
        files: the customers' files by key, in order of key.
        doubles: files whose key another file has already, spelt in another normalisation.
        unreadable: keys of files that are there, and tell nothing of themselves.
    """

    files: dict[str, DataFile]
    doubles: list[DataFile]
    unreadable: set[str]

    def count(self) -> int:
        """Return how many files there are; none at all looks like a folder that is not mounted."""
        return len(self.files) + len(self.doubles) + len(self.unreadable)

    def has(self, key: str) -> bool:
        """Tell whether there is a file of this key, readable or not."""
        return key in self.files or key in self.unreadable


def scan(folder: Path) -> Scan:
    """Look at the customers' files: plain ones that end in .csv.

    Hidden files, the lock files of office programs, folders, other suffixes and the exchange's days are none.

    Raises:
        OSError: the folder is missing, or cannot be read.
        ValueError: its path holds a NUL.
    """
    files: dict[str, DataFile] = {}
    doubles: list[DataFile] = []
    unreadable: set[str] = set()
    for entry, key in _candidates(folder):
        try:
            facts = entry.stat()
        except FileNotFoundError:
            continue  # it has just gone, or is a link to nowhere
        except OSError:
            unreadable.add(key)
            continue
        if not stat.S_ISREG(facts.st_mode):
            continue
        times = facts.st_mtime, max(facts.st_mtime, facts.st_ctime)
        file = DataFile(entry.path, key, facts.st_size, *times, _word_of(entry.name, facts))
        # SourceFolder.find takes the name in NFC first, too.
        if entry.name == key + SUFFIX and key in files:
            doubles.append(files.pop(key))
        if files.setdefault(key, file) is not file:
            doubles.append(file)
    return Scan(dict(sorted(files.items())), doubles, unreadable)


def scan_source(source: SourceFolder) -> Scan:
    """Look at the customers' files of the source folder, as `scan` does.

    Raises:
        UnreadableFile: the folder is missing, or cannot be read, and nobody knows what is there.
    """
    folder = source.folder()
    try:
        return scan(folder)
    except (OSError, ValueError) as error:
        raise UnreadableFile(
            f"The source folder {str(folder)!r} cannot be read: {error}. Mount or create it."
        ) from error


def scan_filled(source: SourceFolder) -> Scan:
    """Look at the customers' files of a source folder that has some: an empty one may not be mounted.

    Raises:
        UnreadableFile: the folder is missing, cannot be read, or holds no data file at all.
    """
    if (there := scan_source(source)).count():
        return there
    raise UnreadableFile(f"The source folder {str(source.folder())!r} holds no data file. Is it mounted?")


def _candidates(folder: Path) -> Iterator[tuple[os.DirEntry[str], str]]:
    """Yield the entries whose name may be that of a customer's file, each with its key, in order of name."""
    with os.scandir(folder) as entries:
        named = [entry for entry in entries if entry.name.endswith(SUFFIX)]
    for entry in sorted(named, key=lambda entry: entry.name):
        if entry.name.startswith(_NO_DATA):
            continue
        key = unicodedata.normalize("NFC", entry.name.removesuffix(SUFFIX))
        if not (_DAY.fullmatch(key) and daily_partitions_def.has_partition_key(key)):
            yield entry, key


def _word_of(name: str, facts: os.stat_result) -> str:
    told = f"{facts.st_ino} {facts.st_size} {facts.st_mtime_ns} {facts.st_ctime_ns} "
    return short_word(told.encode() + os.fsencode(name))


def short_word(text: bytes) -> str:
    """Return eleven characters that stand for a text of any length."""
    digest = hashlib.blake2b(text, digest_size=8).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class Cursor:
    """What a tick leaves to the next one: words, as many as there are files, however long their names.

    Attributes:
        done: of the files that need nothing more.
        seen: of the files too young to be settled, to know them again.
        retired: of the requests to retire a key.
    """

    done: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()
    retired: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Return the text that Dagster keeps."""
        lists = {"done": self.done, "seen": self.seen, "retired": self.retired}
        return json.dumps({"format": _FORMAT, **lists}, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Cursor":
        """Return the cursor that Dagster kept.

        Raises:
            ValueError: it is damaged, of another format, or not ours.
        """
        try:
            found = json.loads(text)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None
        lists = {name: found.get(name) for name in ("done", "seen", "retired")} if _is_ours(found) else {}
        if not lists or not all(_are_words(words) for words in lists.values()):
            raise ValueError(f"it is no cursor of format {_FORMAT}")
        return cls(**{name: tuple(words) for name, words in lists.items()})


def _is_ours(found: object) -> bool:
    return isinstance(found, dict) and found.get("format") == _FORMAT


def _are_words(words: object) -> bool:
    return isinstance(words, list) and all(isinstance(word, str) for word in words)
