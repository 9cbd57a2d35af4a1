"""Source files: where a key's file lies, whether it can be read, and whether it is still the same."""

import hashlib
import os
import re
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import dagster as dg
from pydantic import BeforeValidator

from .csv_faults import header_fault, reading_fault
from .csv_rules import (
    MAX_HEADER_BYTES,
    MAX_LINE_BYTES,
    count_bad_prices,
    is_suspect,
    read_header,
)
from .errors import Refused
from .local_paths import path_fault
from .lookalikes import look_alike

SUFFIX = ".csv"

_CHUNK_BYTES = 1 << 18  # the checks of a chunk run in a processor's cache


class UnreadableFile(Refused):
    """A source file is missing, is no plain file of its folder, or breaks the rules for its content."""


class ChangedFile(UnreadableFile):
    """A source file is no longer the one that was imported."""


class SourceFolder(dg.ConfigurableResource[None]):
    """The folder that holds one `<partition_key>.csv` for each key."""

    path: Annotated[str, BeforeValidator(os.fspath)]

    def folder(self) -> Path:
        """Return the folder, with the home folder in the place of "~".

        Raises:
            UnreadableFile: the path is blank, which would be the current folder, or an address.
        """
        if not self.path.strip():
            raise UnreadableFile(
                f"The source folder {self.path!r} cannot be read: its path is blank. "
                "Give the path of a folder; if it comes from an environment variable, set that variable."
            )
        if fault := path_fault(self.path):
            raise UnreadableFile(
                f"The source folder {self.path!r} cannot be read: it {fault}. "
                "Give the path of a folder on this machine, such as the one where the files are fetched to."
            )
        return Path(os.path.expanduser(self.path))  # noqa: PTH111 - pathlib's raises where there is no such home

    def find(self, key: str) -> Path:
        """Return the resolved path of the key's file: a plain file inside this folder.

        Raises:
            UnreadableFile: it is missing, a folder, a pipe, a link that leads outside or nowhere, or may not
                be read; or the source folder's path is blank or an address.
        """
        folder = self.folder().resolve()
        name = key + SUFFIX
        try:
            entry = _entry(folder, name)
            path = entry.resolve()
            mode = path.stat().st_mode
            if stat.S_ISREG(mode):
                path.open("rb").close()  # without permission to read it, the import would fail later
        except FileNotFoundError:
            raise UnreadableFile(_why_missing(key, folder, entry)) from None
        except UnicodeEncodeError as error:
            raise UnreadableFile(
                f"{key!r} has no file: the system's encoding, {error.encoding}, cannot spell its name. "
                "Start Python with PYTHONUTF8=1 or in a UTF-8 locale."
            ) from error
        except PermissionError as error:
            raise UnreadableFile(
                f"{name}, the file of {key!r}, cannot be opened: {error}. Let this user read it."
            ) from error
        except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
            raise UnreadableFile(
                f"{name}, the file of {key!r}, cannot be opened: {error}. "
                f"Put the file itself there, on a disk that answers, and materialize {key!r} again."
            ) from error
        if not path.is_relative_to(folder):
            raise UnreadableFile(
                f"{name} is a link that leads outside {folder}. Put the file itself into the folder."
            )
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a plain file"
            raise UnreadableFile(f"{name} is {kind}. Put the CSV file of {key!r} in its place.")
        return path


def _entry(folder: Path, name: str) -> Path:
    """Return the folder's entry of this name, whichever way the disk normalizes it."""
    path = folder / name
    if name.isascii() or path.exists():
        return path
    # Keys are in NFC; some disks and archives spell names in NFD.
    same = (entry for entry in folder.iterdir() if unicodedata.normalize("NFC", entry.name) == name)
    return next(same, path)


def _why_missing(key: str, folder: Path, entry: Path) -> str:
    """Return why a key has no file, with the next move."""
    if entry.is_symlink():
        return (
            f"{key!r} has no file: {entry.name} is a link that points nowhere, to {entry.readlink()}. "
            f"Put the file itself there and materialize {key!r} again."
        )
    if not folder.is_dir():
        return (
            f"{key!r} has no file: {entry.name} is not in {folder}, since there is no such folder. Mount or "
            "create it, or correct the path of the source folder."
        )
    if near := [name for name in _names(folder) if _is_near(name, entry.name)]:
        return (
            f"{key!r} has no file: {entry.name} is not in {folder}, but {near[0]!a} is. "
            f"Rename that file to {entry.name} and materialize {key!r} again."
        )
    return (
        f"{key!r} has no file: {entry.name} is not in {folder}. "
        f"Put it there and materialize {key!r} again, or retire the key."
    )


def _names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []


def _is_near(name: str, wanted: str) -> bool:
    """Return whether a name is likely meant to be the wanted one, such as `ACME.CSV` or `acme.csv.txt`."""
    start, rest = name[: len(wanted)], name[len(wanted) :].strip(" ")
    return look_alike(start, wanted) and (not rest or rest.startswith("."))


@dataclass(frozen=True)
class SourceFile:
    """What an import learns about the file of a key."""

    key: str
    path: Path
    header: tuple[str, ...]
    size: int  # bytes
    fingerprint: str  # SHA-256 of the bytes, in hex
    bad_prices: int  # rows whose share_price is zero or less


def inspect_file(key: str, path: Path) -> SourceFile:
    """Check the form of a key's file, its prices and its fingerprint, in one pass over its bytes.

    The header must name the six columns, and the rows hold only what dates and numbers in plain CSV are made
    of. Whether each value is a date or a number is decided where DuckDB reads the values.

    Raises:
        UnreadableFile: naming the line, and the column where there is one.
    """
    digest = hashlib.sha256()
    has_rows, bad_prices = False, 0
    with path.open("rb") as file:
        start = file.read(MAX_HEADER_BYTES)
        if fault := header_fault(start):
            raise unreadable(key, path, fault)
        first_line = re.split(rb"[\r\n]", start, maxsplit=1)[0]
        header = read_header(first_line)
        digest.update(first_line)
        size = file.seek(0, os.SEEK_END)
        file.seek(len(first_line))
        while lines := file.read(_CHUNK_BYTES) + file.readline():
            if is_suspect(lines) or _has_long_line(lines):
                raise unreadable(key, path, reading_fault(path) or "it changed while it was read")
            digest.update(lines)
            has_rows = has_rows or bool(lines.strip(b"\r\n"))
            bad_prices += count_bad_prices(header, lines)
    if not has_rows:
        raise unreadable(key, path, "a header and no rows")
    return SourceFile(key, path, header, size, digest.hexdigest(), bad_prices)


def _has_long_line(lines: bytes) -> bool:
    """Return whether whole lines hold one that DuckDB might silently drop, because it exceeds its buffer."""
    return len(lines) > MAX_LINE_BYTES and max(map(len, re.split(rb"[\r\n]", lines))) > MAX_LINE_BYTES


def is_unchanged(file: SourceFile) -> bool:
    """Tell whether the file still holds the bytes that were imported."""
    try:
        return fingerprint_of(file.path) == file.fingerprint
    except OSError:
        return False


def fingerprint_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as bytes_:
        return hashlib.file_digest(bytes_, "sha256").hexdigest()


def unreadable(key: str, path: Path, fault: str) -> UnreadableFile:
    """Return the refusal of a key's file for a fault in its content."""
    return UnreadableFile(
        f"{path.name}: {fault}. Correct the file and materialize {key!r} again; "
        "its earlier rows are untouched."
    )


def changed(file: SourceFile) -> ChangedFile:
    """Return the refusal of a file that is no longer the one that was imported."""
    return ChangedFile(
        f"{file.path.name} changed after it was imported. "
        f"Materialize the import of {file.key!r} again, and then its rows; its earlier rows are untouched."
    )
