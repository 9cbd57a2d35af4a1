"""Whose code a file holds: that of an installed library, or somebody's own."""

import sysconfig
from pathlib import Path

_FOLDERS = {"site-packages", "dist-packages"}
_STDLIB = sysconfig.get_path("stdlib")


def is_installed(filename: str) -> bool:
    """Tell whether a file belongs to Python itself, or to a package that was installed into it."""
    return filename.startswith(_STDLIB) or not _FOLDERS.isdisjoint(Path(filename).parts)
