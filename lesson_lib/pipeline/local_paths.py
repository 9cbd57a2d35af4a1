"""Paths of files and folders on this machine, as opposed to addresses."""

import re

# DuckDB reads "md:" or "sqlite:" as an extension's name; pathlib reads "s3://bucket" as a folder "s3:".
# A single letter before the colon is a drive of Windows.
_ADDRESS = re.compile(r"[A-Za-z][\w+.@-]+:")


def find_path_fault(path: str) -> str | None:
    """Describe why a path cannot name a file on this machine, as the end of a sentence, if it cannot."""
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
