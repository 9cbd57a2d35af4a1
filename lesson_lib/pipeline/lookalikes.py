"""Lookalike keys: keys that a reader, or a disk, takes for one another."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import zip_longest

# Joiners of words and emoji: invisible, yet part of how several alphabets are spelt.
JOINERS = "\u200c\u200d"
# Characters that show nothing, though Unicode calls them letters or marks: fillers, selectors of a glyph.
_UNSEEN = re.compile(
    f"[{JOINERS}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# A symbol to Unicode, and a blank to every reader.
_BRAILLE_BLANK = "\u2800"


def visible(key: str) -> str:
    """Return the key without the characters that show nothing."""
    return _UNSEEN.sub("", key).replace(_BRAILLE_BLANK, " ")


def fold(key: str) -> str:
    """Return the form that keys share if a disk, or a hasty reader, takes them for one.

    It ignores upper and lower case, Unicode normalization (NFKC), the kind and number of blanks, the kind of
    dash, and characters that show nothing.
    """
    text = key
    if not key.isascii():
        text = unicodedata.normalize("NFKC", _plain(key).casefold())
        text = "".join(map(_plain_blank_or_dash, text))
    return re.sub(r"\s+", " ", text.casefold())


def look_alike(one: str, other: str) -> bool:
    """Return whether a reader, or a disk, may take one key for the other.

    This holds if `fold` makes them equal, or if they differ only where one has an ASCII character and the
    other a character that Unicode lists as confusable with it. So two ASCII keys such as `store1` and
    `storel` do not look alike, nor do two words of another alphabet.

    Source: Unicode Technical Standard 39, confusables.txt, through the package confusable_homoglyphs.
    """
    return fold(one) == fold(other) or (_shape(one) == _shape(other) and _differ_by_alphabet(one, other))


class LookalikeIndex:
    """A growing collection of keys, which finds one that looks like another key."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Start with these keys."""
        self._by_form: dict[str, list[str]] = {}
        for key in keys:
            self.add(key)

    def add(self, key: str) -> None:
        """Add a key."""
        for form in _forms(key):
            self._by_form.setdefault(form, []).append(key)

    def find(self, key: str) -> str | None:
        """Return the first of the keys that looks like this one; None if there is none."""
        candidates = (other for form in _forms(key) for other in self._by_form.get(form, ()))
        return next((other for other in candidates if look_alike(key, other)), None)


@lru_cache(maxsize=1)  # a key is mostly added just after it was looked up
def _forms(key: str) -> tuple[str, ...]:
    return (fold(key),) if key.isascii() else (fold(key), _shape(key))


def _plain(key: str) -> str:
    return unicodedata.normalize("NFKC", visible(key))


def _shape(key: str) -> str:
    """Return what is left of a key where each character is replaced by the ASCII character it resembles."""
    return fold(key) if key.isascii() else re.sub(r"\s+", " ", "".join(map(_ascii_shape, _plain(key))))


def _differ_by_alphabet(one: str, other: str) -> bool:
    """Return whether wherever two keys of one shape differ, only one of them has an ASCII character."""
    pairs = list(zip_longest(_plain(one), _plain(other), fillvalue=""))
    return all(first.isascii() != second.isascii() or fold(first) == fold(second) for first, second in pairs)


@cache
def _plain_blank_or_dash(character: str) -> str:
    return {"Zs": " ", "Pd": "-"}.get(unicodedata.category(character), character)


@cache
def _ascii_shape(character: str) -> str:
    """Return the ASCII character, in lower case, that a character resembles in either case; else itself."""
    character = _plain_blank_or_dash(character)
    for form in (character, character.casefold()):
        if shape := _confusable_ascii(form):
            return shape.casefold()
    return character.casefold()


def _confusable_ascii(character: str) -> str | None:
    if character.isascii():
        return character
    # It reads a table of 900 kB, which most keys do not need.
    from confusable_homoglyphs import confusables  # noqa: PLC0415

    found = confusables.is_confusable(character, greedy=True) or []
    alike = [homoglyph["c"] for entry in found for homoglyph in entry["homoglyphs"]]
    return next((one for one in alike if len(one) == 1 and one.isascii()), None)
