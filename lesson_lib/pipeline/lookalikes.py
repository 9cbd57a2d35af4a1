"""Lookalike keys: keys that a reader, or a disk, takes for one another."""

import re
import unicodedata
from functools import cache

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


def lookalike_form(key: str) -> str:
    """Return the form that two keys share if they look alike, or if a disk gives both the same file.

    It ignores upper and lower case, Unicode normalization (NFKC), the kind and number of blanks, the kind of
    dash, and characters that show nothing. A character beyond ASCII becomes the ASCII character that Unicode
    lists as confusable with it, if there is one. Two ASCII keys never become equal by that list: `store1` and
    `storel` stay apart.

    Source: Unicode Technical Standard 39, confusables.txt, through the package confusable_homoglyphs.
    """
    text = key
    if not key.isascii():
        text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible(key)).casefold())
        text = "".join(map(_ascii_lookalike, text))
    return re.sub(r"\s+", " ", text.casefold())


@cache
def _ascii_lookalike(character: str) -> str:
    if character.isascii():
        return character
    match unicodedata.category(character):
        case "Zs":
            return " "
        case "Pd":
            return "-"
    # It reads a table of 900 kB, which most keys do not need.
    from confusable_homoglyphs import confusables  # noqa: PLC0415

    found = confusables.is_confusable(character, greedy=True) or []
    alike = [homoglyph["c"] for entry in found for homoglyph in entry["homoglyphs"]]
    return next((one for one in alike if len(one) == 1 and one.isascii()), character)
