"""Decide whether a file belongs to an installed library."""

import sysconfig
from pathlib import Path

_FOLDERS = {"site-packages", "dist-packages"}
_STDLIB = sysconfig.get_path("stdlib")


def is_installed(filename: str) -> bool:
    """Return whether a file belongs to Python itself, or to a package that was installed into it."""
    return filename.startswith(_STDLIB) or not _FOLDERS.isdisjoint(Path(filename).parts)
