"""Make foreign text fit for a page: nothing invisible, nothing endless, nothing that the next run changes."""

import unicodedata
from collections.abc import Sequence
from typing import TypeVar

from lesson_lib.pipeline.lookalikes import JOINERS
from lesson_lib.unstable_text import hide_unstable

T = TypeVar("T")

MAX_TEXT_LENGTH = 300  # characters
MAX_NAME_LENGTH = 60  # of one name among others
MAX_ITEMS = 20  # of one list

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Bounded(str):
    """A text that was shortened, or is composed of such texts. It is not shortened again."""

    __slots__ = ()


def escape_invisible(text: str) -> str:
    """Write characters that are invisible, or that turn text around, as their code, such as U+202E."""
    return "".join(
        ascii(character)[1:-1]
        if unicodedata.category(character) in _INVISIBLE and character not in JOINERS
        else character
        for character in text
    )


def shorten(text: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Replace the middle of a long text by an ellipsis, and append its length."""
    if isinstance(text, Bounded) or len(text) <= max_length:
        return text
    return _join_ends(text, text, max_length, len(text))


def shorten_name(name: str) -> str:
    """Shorten a name that stands among others."""
    return shorten(name, MAX_NAME_LENGTH)


def hide_and_shorten(text: str, max_length: int) -> str:
    """Call `hide_unstable` and then `shorten`; of a very long text, only the ends are read."""
    most = max_length * 5
    if len(text) <= 2 * most:
        return shorten(hide_unstable(text), max_length)
    return _join_ends(hide_unstable(text[:most]), hide_unstable(text[-most:]), max_length, len(text))


def _join_ends(start: str, end: str, max_length: int, length: int) -> Bounded:
    half = max_length // 2
    return Bounded(f"{start[:half]} … {end[-half:]} ({length:,} characters)")


def make_plain(text: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Escape what is invisible in a text, and shorten it."""
    escaped = escape_invisible(text)
    return Bounded(escaped) if isinstance(text, Bounded) else shorten(escaped, max_length)


def format_list(
    items: Sequence[str], max_items: int = MAX_ITEMS, max_length: int = MAX_TEXT_LENGTH
) -> Bounded:
    """Join items by commas. Of a long list, keep the first ones that fit, the last one, and the count."""
    first = [make_plain(item, MAX_NAME_LENGTH) for item in items[:max_items]]
    if len(items) <= 1 or (len(items) <= max_items and len(", ".join(first)) <= max_length):
        return Bounded(", ".join(first))
    end = f", … {make_plain(items[-1], MAX_NAME_LENGTH)} ({len(items):,} in all)"
    del first[max_items - 1 :]
    while len(first) > 1 and len(", ".join(first)) + len(end) > max_length:
        first.pop()
    return Bounded(", ".join(first) + end)


def join_fitting(items: Sequence[str]) -> Bounded:
    """Join items by commas: as many as fit, at least one, and the count of the others."""
    first = list(items)
    while len(first) > 1 and len(", ".join(first)) > MAX_TEXT_LENGTH:
        first.pop()
    more = [f"and {len(items) - len(first):,} more"] if len(first) < len(items) else []
    return Bounded(", ".join([*first, *more]))


def join_lines(text: str) -> str:
    """Write a text of several lines as one, and hide what is unstable in it."""
    return hide_unstable(" ".join(text.split()))


def keep_ends(items: Sequence[T], max_items: int) -> Sequence[T]:
    """Return the first items and the last one of a long sequence, and all of a short one."""
    return items if len(items) <= max_items else [*items[: max_items - 1], items[-1]]


def format_count(number: int, noun: str) -> str:
    """Format a number with its noun: `1 key`, `10,000 keys`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def measure_width(text: str) -> int:
    """Return the number of a terminal's columns that the text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) != 0 for character in text)
