"""Foreign text made fit for a page: nothing invisible, nothing endless, nothing that differs tomorrow."""

import re
import unicodedata
from collections.abc import Sequence

from lesson_lib.pipeline.partitions import JOINERS

LONGEST = 300  # characters of one text
LONGEST_NAME = 60  # characters of one name among others
MANY = 20  # items of one list

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

_UNSTABLE = {
    # The file that ipykernel invents for a cell, and files of installed packages.
    # The look behind, and the bound, keep the search of a text of 100,000 characters from taking minutes.
    r"(?<![^\"'\s])[^\"'\s]*ipykernel_\d+[\\/]\d+\.py": "a cell",
    r"(?:[A-Za-z]:)?[\\/][^\"'\n]{0,250}?(?:site|dist)-packages[\\/]": "",
    # A path from the root, in quotes (where it may hold blanks) or bare: its last part is enough.
    r"(?P<quote>['\"`])(?:[A-Za-z]:[\\/]|/)(?:[^'\"`\n]*[\\/])?(?P<quoted>[^'\"`\\/\n]*)(?P=quote)": (
        r"\g<quote>…/\g<quoted>\g<quote>"
    ),
    r"(?<![\w.<:/\\…}])(?:[A-Za-z]:[\\/]|/)(?:[^\s'\"`\\/:]+[\\/])+(?P<bare>[^\s'\"`\\/:]*)": r"…/\g<bare>",
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b": "(id)",
    r" at 0x[0-9a-fA-F]+": "",
    r" ?\(pid: \d+\)| ?\(PID \d+\)": "",
    r" in \d+(?:\.\d+)?(?:ms|s)\b": "",
}


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
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]} … {text[-half:]} ({len(text):,} characters)"


def stable(text: str) -> str:
    """Leave out what the next run, or another machine, would write differently: ids, times, folders."""
    for pattern, instead in _UNSTABLE.items():
        text = re.sub(pattern, instead, text)
    return text


def listed(items: Sequence[str], many: int = MANY) -> str:
    """Join items by commas; of a long list the first ones that fit, the last one, and the count."""
    shown = [shortened(visible(item), LONGEST_NAME) for item in items[:many]]
    if len(items) <= many and len(", ".join(shown)) <= LONGEST:
        return ", ".join(shown)
    end = f", … {shortened(visible(items[-1]), LONGEST_NAME)} ({len(items):,} in all)"
    first = shown[: many - 1]
    while len(", ".join(first)) + len(end) > LONGEST:
        first.pop()
    return ", ".join(first) + end


def counted(number: int, thing: str) -> str:
    """Write a number with its noun: `1 key`, `10,000 keys`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
