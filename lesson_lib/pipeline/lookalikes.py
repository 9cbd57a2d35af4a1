"""Lookalike keys: keys that a reader, or a disk, may confuse with one another."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import zip_longest

# Joiners of words and emoji: invisible, but several alphabets need them.
JOINERS = "\u200c\u200d"
# Invisible characters that Unicode calls letters or marks: fillers, selectors of a glyph.
_UNSEEN = re.compile(
    f"[{JOINERS}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
# Unicode calls it a symbol, but readers see a blank.
_BRAILLE_BLANK = "\u2800"


def remove_unseen(key: str) -> str:
    """Return the key without invisible characters."""
    return _UNSEEN.sub("", key).replace(_BRAILLE_BLANK, " ")


def fold(key: str) -> str:
    """Return a form that is equal for keys which a disk, or a hasty reader, may confuse.

    It ignores upper and lower case, Unicode normalization (NFKC), the kind and number of blanks, the kind of
    dash, and invisible characters.
    """
    text = key
    if not key.isascii():
        text = unicodedata.normalize("NFKC", _normalize(key).casefold())
        text = "".join(map(_replace_blank_or_dash, text))
    return re.sub(r"\s+", " ", text.casefold())


def are_lookalikes(one: str, other: str) -> bool:
    """Return whether a reader, or a disk, may confuse two keys.

    They are lookalikes if `fold` makes them equal, or if they differ only where one has an ASCII character
    and the other a character that Unicode lists as confusable with it. So two ASCII keys such as `store1` and
    `storel` are not lookalikes, nor are two words of another alphabet.

    Source: Unicode Technical Standard 39, confusables.txt, through the package confusable_homoglyphs.
    """
    return fold(one) == fold(other) or (
        _reduce_to_ascii(one) == _reduce_to_ascii(other)
        and all(
            first.isascii() != second.isascii() or fold(first) == fold(second)
            for first, second in zip_longest(_normalize(one), _normalize(other), fillvalue="")
        )
    )


class LookalikeIndex:
    """A growing collection of keys, which finds the lookalike of a key."""

    def __init__(self, keys: Iterable[str]) -> None:
        """Start with these keys."""
        self._by_form: dict[str, list[str]] = {}
        for key in keys:
            self.add(key)

    def add(self, key: str) -> None:
        """Add a key."""
        for form in _compute_forms(key):
            self._by_form.setdefault(form, []).append(key)

    def find(self, key: str) -> str | None:
        """Return the first lookalike of the key, if there is one."""
        candidates = (other for form in _compute_forms(key) for other in self._by_form.get(form, ()))
        return next((other for other in candidates if are_lookalikes(key, other)), None)


@lru_cache(maxsize=1)  # a key is mostly added directly after it was looked up
def _compute_forms(key: str) -> tuple[str, ...]:
    return (fold(key),) if key.isascii() else (fold(key), _reduce_to_ascii(key))


def _normalize(key: str) -> str:
    return unicodedata.normalize("NFKC", remove_unseen(key))


def _reduce_to_ascii(key: str) -> str:
    """Replace each character of a key by the ASCII character that it resembles, if there is one."""
    if key.isascii():
        return fold(key)
    return re.sub(r"\s+", " ", "".join(map(_find_ascii_shape, _normalize(key))))


@cache
def _replace_blank_or_dash(character: str) -> str:
    return {"Zs": " ", "Pd": "-"}.get(unicodedata.category(character), character)


@cache
def _find_ascii_shape(character: str) -> str:
    """Return the ASCII character, in lower case, that a character in either case resembles; else itself."""
    # The import reads a table of 900 kB, which most keys do not need.
    from confusable_homoglyphs import confusables  # noqa: PLC0415

    character = _replace_blank_or_dash(character)
    for form in (character, character.casefold()):
        found = confusables.is_confusable(form, greedy=True) or []
        alike = [str(homoglyph["c"]) for entry in found for homoglyph in entry["homoglyphs"]]
        if shape := next((one for one in [form, *alike] if len(one) == 1 and one.isascii()), None):
            return shape.casefold()
    return character.casefold()
