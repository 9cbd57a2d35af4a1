"""What lies at a path, without following links."""

import re
import stat
from enum import Enum
from pathlib import Path

_JUNCTION = 0xA0000003  # the reparse tag of Windows' links between folders


class Kind(Enum):
    """What lies at a path."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    OTHER = "neither a file nor a folder"
    MISSING = "missing"


def get_kind(path: Path) -> Kind:
    """Return what lies at a path; the folders above it must not be links."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Kind.MISSING
    if stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _JUNCTION:
        return Kind.LINK
    if stat.S_ISDIR(found.st_mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_ISREG(found.st_mode) else Kind.OTHER


def find_unexpected(folder: Path, expected: str) -> Path | None:
    """Return something in a folder, at any depth, that is a link, special, or a file of another name.

    Args:
        folder: a folder that is not a link.
        expected: a regular expression for the names of files.
    """
    for path in sorted(folder.iterdir()):
        kind = get_kind(path)
        if kind is Kind.FOLDER:
            if found := find_unexpected(path, expected):
                return found
        elif kind is not Kind.FILE or not re.fullmatch(expected, path.name):
            return path
    return None
