"""Paths: only files and folders of this machine, never an address."""

import re

# DuckDB takes "md:" or "sqlite:" for an extension's name; pathlib takes "s3://bucket" for a folder "s3:".
# One letter before the colon is a drive of Windows.
_ADDRESS = re.compile(r"[A-Za-z][\w+.@-]+:")


def path_fault(path: str) -> str | None:
    """Return why a path can name no file of this machine, as the end of a sentence; None if it can."""
    if path and not path.strip():
        return "is blank"
    if "\0" in path:
        return "contains a NUL, which no path can"
    if _ADDRESS.match(path):
        return (
            "is an address, not a path on this machine "
            f"(write './{path}' if a file or folder really has this name)"
        )
    return None
