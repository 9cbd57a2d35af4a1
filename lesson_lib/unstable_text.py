"""Hide or find what the next run, or another machine, would write differently."""

import os
import re
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

# Each pattern takes time in proportion to the text, also for a text that is made to take more of it: what
# may be repeated never holds the character that ends it, or is bounded.
_QUOTES = "'\"`"
_PART = rf"[^\s{_QUOTES}\\/:<>]+"
# Not within a word, a date, a fraction, a relative path, a tag or a URL, unless that URL has no host.
_START = r"(?:(?<=://)/?|(?<![\w.</\\…}\])~*%+]))"
# A known folder, the home folder, a drive, or a server with a share, whose backslashes may all be doubled.
_ROOT = (
    r"(?:…[\\/]+|~[\\/]+|(?:\\\\[?.]\\)?[A-Za-z]:[\\/]+"
    r"|(?P<slash>\\{1,2})(?P=slash)[\w.$-]+(?P=slash)[\w.$-]+(?P=slash))"
)
_SLASH = r"(?<!;)/(?![\d*/])"  # no fraction, no comment, no tag in its escaped form
# Names of people have blanks.
_USER = rf"(?:/home|/Users|[A-Za-z]:[\\/]+Users)[\\/]+{_PART}(?: {_PART}){{0,2}}(?=[\\/])"

_UNSTABLE = {
    # The file that ipykernel invents for a cell, and files of installed packages.
    r"(?<![^\"'\s])[^\"'\s]*ipykernel_\d+[\\/]+\d+\.py": "a cell",
    rf"{_START}(?:{_ROOT}|{_SLASH})(?:[^\s{_QUOTES}]| (?![\\/]|[A-Za-z]:)){{0,250}}?"
    r"(?:site|dist)-packages[\\/]+": "",
    # A path from the root, in quotes (where it may hold blanks) or bare: its last part is enough.
    rf"(?<![\w)\]])(?P<quote>[{_QUOTES}])(?:{_ROOT}|{_SLASH})(?:[^{_QUOTES}\n]*[\\/])?"
    rf"(?P<quoted>[^{_QUOTES}\\/\n]+[\\/]*)(?P=quote)": r"\g<quote>…/\g<quoted>\g<quote>",
    rf"{_START}(?:{_ROOT}|{_SLASH}{_PART}[\\/]+)(?:{_PART}[\\/]+)*(?P<bare>{_PART}[\\/]*)": r"…/\g<bare>",
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "(id)",
    r" at 0x[0-9a-fA-F]+": "",
    r" ?\(pid: \d+\)| ?\(PID \d+\)": "",
    r" in \d+(?:\.\d+)?(?:ms|s)\b": "",
}

# What `find_unstable` looks for: broader than what `hide_unstable` replaces, so that the tests of notebooks
# notice what it misses.
_TRACES = {
    # A slash that begins a word; not the one of a date, a closing tag, a URL, a fraction or a relative path.
    "an absolute path": r"(?<![\w./<)\]}~…])/[\w.~-]|:///+\w|\b[A-Za-z]:[\\/]{1,2}\w|\\\\[\w.-]+\\\w",
    "a path in the home folder": r"(?<!\w)~[\\/]",
    "the name of a temporary folder": r"\btmp[a-z0-9_]{8}\b",
    "a run id or UUID": r"\b(?i:[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12})\b",
    "a time of day": r"(?<![\d:.\[])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?![\d:])",
    "a memory address": r"(?i:\b0x[0-9a-f]+)",
    "a process id": r"\b(?i:pid|process id)\b['\"]?[\s:=#(]*\d+",
    "an address of this machine": r"\b(?:localhost|127\.0\.0\.1)\b",
    "an id that pandas gives to each styled table": r"\bT_[0-9a-f]{5}\b",
}


def hide_unstable(text: str) -> str:
    """Hide what the next run, or another machine, would write differently: ids, times, folders."""
    folders = "|".join([*map(re.escape, _list_folders()), _USER])
    text = re.sub(rf"{_START}(?:{folders})(?!\w|[.-]\w)", "…", text)
    for pattern, instead in _UNSTABLE.items():
        text = re.sub(pattern, instead, text)
    return text


def find_unstable(text: str) -> list[tuple[str, str]]:
    """Return what the next run, or another machine, would write differently: its kind, and its text."""
    found = ((what, re.search(pattern, text)) for what, pattern in _TRACES.items())
    return [(what, match.group()) for what, match in found if match]


def _list_folders() -> list[str]:
    """Return the spellings of personal folders, the longest first, since their names may contain blanks."""
    folders = {os.path.expanduser("~")}  # noqa: PTH111 - `Path.home()` raises where there is none
    for find in (os.getcwd, tempfile.gettempdir):
        with suppress(OSError):  # the folder may have been deleted
            folders.add(find())
    return sorted({way for folder in folders for way in _spell(folder)}, key=lambda way: (-len(way), way))


@lru_cache(maxsize=64)
def _spell(folder: str) -> set[str]:
    paths = [
        path for path in (Path(folder), Path(folder).resolve()) if path != path.parent and path.is_absolute()
    ]
    return {way for path in paths for way in (str(path), path.as_posix(), repr(str(path))[1:-1])}
