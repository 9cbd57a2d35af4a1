"""Foreign text made fit for a page: nothing invisible, nothing endless, nothing that differs tomorrow."""

import os
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from lesson_lib.pipeline.lookalikes import JOINERS

T = TypeVar("T")

LONGEST = 300  # characters of one text
LONGEST_NAME = 60  # characters of one name among others
MANY = 20  # items of one list

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

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


class Bounded(str):
    """A text that has been shortened, or is composed of such texts: it is not shortened again."""

    __slots__ = ()


def visible(text: str) -> str:
    """Write characters that cannot be seen, or that turn text around, as their code, such as U+202E."""
    return "".join(
        ascii(character)[1:-1]
        if unicodedata.category(character) in _HIDDEN and character not in JOINERS
        else character
        for character in text
    )


def shortened(text: str, longest: int = LONGEST) -> str:
    """Leave out the middle of a text that is too long, and say how long it is."""
    if isinstance(text, Bounded) or len(text) <= longest:
        return text
    return _cut(text, text, longest, len(text))


def shorten_stable(text: str, longest: int) -> str:
    """Do what `stable` and then `shortened` do; of an endless text, only what is shown is read."""
    most = longest * 5
    if len(text) <= 2 * most:
        return shortened(stable(text), longest)
    return _cut(stable(text[:most]), stable(text[-most:]), longest, len(text))


def _cut(start: str, end: str, longest: int, length: int) -> Bounded:
    half = longest // 2
    return Bounded(f"{start[:half]} … {end[-half:]} ({length:,} characters)")


def plain(text: str, longest: int = LONGEST) -> str:
    """Write a text so that all of it can be seen, and no more of it than fits."""
    seen = visible(text)
    return Bounded(seen) if isinstance(text, Bounded) else shortened(seen, longest)


def stable(text: str) -> str:
    """Leave out what the next run, or another machine, would write differently: ids, times, folders."""
    places = "|".join([*map(re.escape, _places()), _USER])
    text = re.sub(rf"{_START}(?:{places})(?!\w|[.-]\w)", "…", text)
    for pattern, instead in _UNSTABLE.items():
        text = re.sub(pattern, instead, text)
    return text


def _places() -> list[str]:
    """Return the folders that are someone's own, the longest first: by name, a blank in them is no end."""
    folders = {os.path.expanduser("~")}  # noqa: PTH111 - `Path.home()` raises where there is none
    for find in (os.getcwd, tempfile.gettempdir):
        with suppress(OSError):  # the folder may have been deleted
            folders.add(find())
    return sorted(
        {way for folder in folders for way in _ways_to_write(folder)}, key=lambda way: (-len(way), way)
    )


@lru_cache(maxsize=64)
def _ways_to_write(folder: str) -> set[str]:
    paths = [
        path for path in (Path(folder), Path(folder).resolve()) if path != path.parent and path.is_absolute()
    ]
    return {way for path in paths for way in (str(path), path.as_posix(), repr(str(path))[1:-1])}


def listed(items: Sequence[str], many: int = MANY, longest: int = LONGEST) -> Bounded:
    """Join items by commas; of a long list the first ones that fit, the last one, and the count."""
    shown = [plain(item, LONGEST_NAME) for item in items[:many]]
    if len(items) <= 1 or (len(items) <= many and len(", ".join(shown)) <= longest):
        return Bounded(", ".join(shown))
    end = f", … {plain(items[-1], LONGEST_NAME)} ({len(items):,} in all)"
    first = shown[: many - 1]
    while len(first) > 1 and len(", ".join(first)) + len(end) > longest:
        first.pop()
    return Bounded(", ".join(first) + end)


def join_fitting(items: Sequence[str]) -> Bounded:
    """Join items by commas, as many as fit and one at least, and say how many are left out."""
    first = list(items)
    while len(first) > 1 and len(", ".join(first)) > LONGEST:
        first.pop()
    more = [f"and {len(items) - len(first):,} more"] if len(first) < len(items) else []
    return Bounded(", ".join([*first, *more]))


def in_a_line(text: str) -> str:
    """Write a text of several lines as one, and without what differs tomorrow."""
    return stable(" ".join(text.split()))


def both_ends(items: Sequence[T], most: int) -> Sequence[T]:
    """Return the first ones and the last one of a long sequence, and all of a short one."""
    return items if len(items) <= most else [*items[: most - 1], items[-1]]


def counted(number: int, thing: str) -> str:
    """Write a number with its noun: `1 key`, `10,000 keys`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
