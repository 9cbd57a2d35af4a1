"""The files of a `ParquetLake`: names that stand for keys, and replacement by renaming."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

PARQUET = ".parquet"

# Folded by a disk, these names still differ, and none has a meaning in a path, a pattern or SQL.
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789_-")
_NAME = re.compile(r"(?:(?:[a-z0-9_-]|%[0-9a-f]{2})+|%sha256-[0-9a-f]{64})\.parquet")
_WINDOWS_DEVICES = re.compile(r"con|prn|aux|nul|(com|lpt)[0-9]")
_MAX_STEM_LENGTH = 200  # a disk takes 255 bytes, and a temporary name is longer


def encode_key(key: str) -> str:
    """Return the name of the key's file, in lower-case ASCII; no two keys share one.

    Each byte of the key's UTF-8 that is not a small letter, a digit, "-" or "_" is written as "%" and two
    digits. If this is too long, the name is the key's SHA-256, and only the rows have the key.
    """
    key_bytes = key.encode(errors="surrogatepass")
    stem = "".join(chr(byte) if byte in _PLAIN else f"%{byte:02x}" for byte in key_bytes)
    if not 0 < len(stem) <= _MAX_STEM_LENGTH:
        stem = f"%sha256-{hashlib.sha256(key_bytes).hexdigest()}"
    elif _WINDOWS_DEVICES.fullmatch(stem):
        stem = f"%{key_bytes[0]:02x}{stem[1:]}"
    return stem + PARQUET


def decode_name(name: str) -> str | None:
    """Return the key whose file has this name, or None if the name is of no key or is a SHA-256."""
    try:
        key = unquote(name.removesuffix(PARQUET), errors="surrogatepass")
        return key if encode_key(key) == name else None
    except UnicodeError:
        return None


def is_key_name(name: str) -> bool:
    """Return whether a name has the form of those that `encode_key` returns."""
    return _NAME.fullmatch(name) is not None


@contextmanager
def replace_file(place: Path, folder: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder for the new file, and rename it into its place after the body.

    Other processes, and this one after a loss of power, see the earlier file or the new one, never a part.
    If the body fails, the place is untouched, and the temporary file is removed.

    Raises:
        OSError: the file cannot be stored.
    """
    temporary = folder / f"{place.name}.{secrets.token_hex(4)}"
    try:
        yield temporary
        _sync(temporary, os.O_RDWR)
        os.replace(temporary, place)  # noqa: PTH105 - the call by which the docs name it
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make sure that names which were changed in a folder survive a loss of power."""
    if os.name != "nt":  # Windows opens no folder
        _sync(folder, os.O_RDONLY)


def _sync(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
