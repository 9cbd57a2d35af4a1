"""Quote text from a file in a message, so that a reader sees every character of it."""

import unicodedata

MAX_QUOTED_CHARACTERS = 60
_MAX_NAMED_CHARACTERS = 3
_CONTROL_NAMES = {"\0": "NUL", "\t": "tab"}


def quote(text: str) -> str:
    """Return the text in quotes, shortened, with invisible characters escaped.

    Characters beyond printable ASCII are named in parentheses, because some are invisible or look like
    others. Text that was decoded with `errors="surrogateescape"` is quoted as bytes if it was not UTF-8.
    """
    start = text[:MAX_QUOTED_CHARACTERS]
    quoted = repr(start if is_utf8(text) else start.encode(errors="surrogateescape"))
    if len(text) > len(start):
        quoted += "..."
    unusual = list(dict.fromkeys(character for character in text if not "\x20" <= character <= "\x7e"))
    names = ", ".join(map(_name_character, unusual[:_MAX_NAMED_CHARACTERS]))
    return f"{quoted} ({names})" if names else quoted


def is_utf8(text: str) -> bool:
    """Return whether the text has no surrogates that stand for bytes which are not UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def pluralize(number: int, noun: str) -> str:
    """Return the number and its noun, such as "1 value" or "5 values"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _name_character(character: str) -> str:
    if not is_utf8(character):
        return f"byte 0x{ord(character) - 0xDC00:02X}"
    unnamed = "control character" if unicodedata.category(character) == "Cc" else "unnamed character"
    name = _CONTROL_NAMES.get(character) or unicodedata.name(character, unnamed)
    return f"U+{ord(character):04X} {name}"
