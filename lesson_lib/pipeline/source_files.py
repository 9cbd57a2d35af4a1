"""Source files: find a key's file, inspect its content, and notice that it has changed."""

import hashlib
import os
import re
import stat
import unicodedata
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import dagster as dg
from pydantic import BeforeValidator

from .csv_faults import find_header_fault, find_reading_fault
from .csv_rules import MAX_HEADER_BYTES, MAX_LINE_BYTES, count_bad_prices, is_suspect, split_fields
from .errors import PipelineError
from .folder_scan import Scan, scan
from .keys import SUFFIX
from .local_paths import find_path_fault
from .lookalikes import are_lookalikes

_CHUNK_BYTES = 1 << 18  # the checks of a chunk run in a processor's cache


class UnreadableFile(PipelineError):
    """A source file is missing, is not a plain file of its folder, or breaks the rules for its content."""


class SourceUnavailable(UnreadableFile):
    """The source does not answer, so that no file can be read for the time being."""


class ChangedFile(UnreadableFile):
    """A source file has changed since it was imported."""


class Source(dg.ConfigurableResource[None]):
    """Where the pipeline finds one `<partition_key>.csv` for each key."""

    @abstractmethod
    def find(self, key: str) -> Path:
        """Return the path of the key's file on this machine, or raise UnreadableFile."""

    @abstractmethod
    def place(self) -> str:
        """Return what an import records as the place of its file."""

    @abstractmethod
    def scan(self) -> Scan:
        """Sort the files that are there, or raise UnreadableFile if they cannot be listed."""

    @abstractmethod
    def scan_nonempty(self) -> Scan:
        """Return the scan; raise UnreadableFile also if there is no data file."""

    def inspect(self, key: str) -> "SourceFile":
        """Find the key's file, and inspect it as `inspect_file` does."""
        return inspect_file(key, self.find(key))

    def find_imported(self, key: str, etag: str | None) -> Path:  # noqa: ARG002 - files have no ETags
        """Return the path of the key's file, which an import has found with this ETag.

        Raises:
            ChangedFile: the ETag is another one by now. Without ETags, `require_unchanged` compares contents.
            UnreadableFile: the file is missing or unreadable.
        """
        return self.find(key)

    def discard_copies(self) -> None:
        """Remove copies of files that were made for this run, once their rows are stored."""


class SourceFolder(Source):
    """The folder that holds one `<partition_key>.csv` for each key."""

    path: Annotated[str, BeforeValidator(os.fspath)]

    def folder(self) -> Path:
        """Return the folder, with "~" expanded; raise UnreadableFile if its path is blank or an address."""
        if not self.path.strip():
            raise UnreadableFile(
                f"The source folder {self.path!r} cannot be read: its path is blank. "
                "Give the path of a folder; if it comes from an environment variable, set that variable."
            )
        if fault := find_path_fault(self.path):
            raise UnreadableFile(
                f"The source folder {self.path!r} cannot be read: it {fault}. "
                "Give the path of a folder on this machine, such as the one where the files are fetched to."
            )
        return Path(os.path.expanduser(self.path))  # noqa: PTH111 - pathlib's raises if there is no such home

    def place(self) -> str:
        """Return the resolved path of the folder, so that links to it make no difference."""
        return str(self.folder().resolve())

    def scan(self) -> Scan:
        """Sort the files of the folder; raise UnreadableFile if it is missing or cannot be read."""
        folder = self.folder()
        try:
            return scan(folder)
        except (OSError, ValueError) as error:
            raise UnreadableFile(
                f"The source folder {str(folder)!r} cannot be read: {error}. Mount or create it."
            ) from error

    def scan_nonempty(self) -> Scan:
        """Return the scan; raise UnreadableFile also if there is no data file: it may not be mounted."""
        if (there := self.scan()).count_files():
            return there
        raise UnreadableFile(f"The source folder {str(self.folder())!r} holds no data file. Is it mounted?")

    def find(self, key: str) -> Path:
        """Return the resolved path of the key's file: a plain file inside this folder.

        Raises:
            UnreadableFile: it is missing, unreadable, a folder, a pipe, or a link that leads outside or
                nowhere; or the source folder's path is blank or an address.
        """
        folder = self.folder().resolve()
        name = key + SUFFIX
        try:
            entry = _find_entry(folder, name)
            path = entry.resolve()
            mode = path.stat().st_mode
            if stat.S_ISREG(mode):
                path.open("rb").close()  # without permission to read it, the import would fail later
        except FileNotFoundError:
            raise UnreadableFile(_explain_missing(key, folder, entry)) from None
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


def _find_entry(folder: Path, name: str) -> Path:
    """Return the folder's entry of this name, however the disk normalizes it."""
    path = folder / name
    if name.isascii() or path.exists():
        return path
    # Keys are in NFC; some disks and archives spell names in NFD.
    same = (entry for entry in folder.iterdir() if unicodedata.normalize("NFC", entry.name) == name)
    return next(same, path)


def _explain_missing(key: str, folder: Path, entry: Path) -> str:
    """Explain why a key has no file, with the next move."""
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
    return explain_absence(key, str(folder), [other.name for other in folder.iterdir()])


def explain_absence(key: str, place: str, names: Iterable[str]) -> str:
    """Explain that a key's file is not among those in a place, with the next move."""
    name = key + SUFFIX
    if near := sorted(other for other in names if _is_near(other, name)):
        return (
            f"{key!r} has no file: {name} is not in {place}, but {near[0]!a} is. "
            f"Rename that file to {name} and materialize {key!r} again."
        )
    return (
        f"{key!r} has no file: {name} is not in {place}. "
        f"Put it there and materialize {key!r} again, or retire the key."
    )


def _is_near(name: str, wanted: str) -> bool:
    """Return whether a name, such as `ACME.CSV` or `acme.csv.txt`, is probably meant to be the wanted one."""
    start, rest = name[: len(wanted)], name[len(wanted) :].strip(" ")
    return are_lookalikes(start, wanted) and (not rest or rest.startswith("."))


@dataclass(frozen=True)
class SourceFile:
    """What an import records about the file of a key."""

    key: str
    path: Path
    header: tuple[str, ...]
    size: int  # bytes
    fingerprint: str  # SHA-256 of the bytes, in hex
    bad_prices: int  # rows whose share_price is zero or less
    bucket: str | None = None  # its url, if the path is that of a copy
    etag: str | None = None  # of the object in the bucket


def inspect_file(key: str, path: Path) -> SourceFile:
    """Check the form of a key's file, count bad prices and compute the fingerprint, in one pass.

    The header must name the six columns, and the rows hold only the characters of dates and numbers in plain
    CSV. Whether each value is a date or a number is decided when DuckDB reads the values.

    Raises:
        UnreadableFile: naming the line, and the column where there is one.
    """
    digest = hashlib.sha256()
    has_rows, bad_prices = False, 0
    with path.open("rb") as file:
        start = file.read(MAX_HEADER_BYTES)
        if fault := find_header_fault(start):
            raise build_fault_error(key, path, fault)
        first_line = re.split(rb"[\r\n]", start, maxsplit=1)[0]
        header = tuple(split_fields(first_line.decode("utf-8-sig")))
        digest.update(first_line)
        size = file.seek(0, os.SEEK_END)
        file.seek(len(first_line))
        while lines := file.read(_CHUNK_BYTES) + file.readline():
            # DuckDB might silently drop a line that exceeds its buffer.
            has_long_line = len(lines) > MAX_LINE_BYTES < max(map(len, re.split(rb"[\r\n]", lines)))
            if has_long_line or is_suspect(lines):
                raise build_fault_error(key, path, find_reading_fault(path) or "it changed while it was read")
            digest.update(lines)
            has_rows = has_rows or bool(lines.strip(b"\r\n"))
            bad_prices += count_bad_prices(header, lines)
    if not has_rows:
        raise build_fault_error(key, path, "a header and no rows")
    return SourceFile(key, path, header, size, digest.hexdigest(), bad_prices)


def require_unchanged(file: SourceFile) -> None:
    """Raise ChangedFile unless the file still has the bytes that were imported."""
    with suppress(OSError):
        if compute_fingerprint(file.path) == file.fingerprint:
            return
    raise build_change_error(file.key, file.path.name)


def build_change_error(key: str, name: str) -> ChangedFile:
    """Return the error of a key's file that is no longer the imported one."""
    return ChangedFile(
        f"{name} changed after it was imported. "
        f"Materialize the import of {key!r} again, and then its rows; its earlier rows are untouched."
    )


def compute_fingerprint(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as bytes_:
        return hashlib.file_digest(bytes_, "sha256").hexdigest()


def build_fault_error(key: str, path: Path, fault: str) -> UnreadableFile:
    """Return the error of a key's file with a fault in its content."""
    return UnreadableFile(
        f"{path.name}: {fault}. Correct the file and materialize {key!r} again; "
        "its earlier rows are untouched."
    )
