"""Foreign text made fit for a page: nothing invisible, nothing endless, nothing that differs tomorrow."""

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from lesson_lib.pipeline.lookalikes import JOINERS
from lesson_lib.unstable_text import stable

T = TypeVar("T")

LONGEST = 300  # characters of one text
LONGEST_NAME = 60  # characters of one name among others
MANY = 20  # items of one list

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


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
