"""What a tick of the sensor says: what became of each file, and of each key without one."""

from collections.abc import Mapping, Sequence
from enum import Enum

_NAMED = 10  # keys, in a sentence


class Fate(Enum):
    """What became of keys in a tick, and the sentence that tells it, in the order of a message."""

    ASKED = "Runs asked for: {}."
    LOADED = "Loaded already: {}."
    WAITING = "Not settled yet: {}."
    LATER = "Left for the next ticks: {}."
    REFUSED = "Keys that break the rules: {}."
    UNREADABLE = "Keys whose files cannot be read: {}."
    KEPT = "Keys kept, though their files are gone: {}."
    RETIRING = "Keys to be retired, since their files are gone: {}."
    EMPTY = "No data file is left; is the folder mounted? Keys kept: {}."
    NEVER_IMPORTED = "Keys without a file that were never imported: {}."


_OF_FILES = (Fate.ASKED, Fate.LOADED, Fate.WAITING, Fate.LATER, Fate.REFUSED, Fate.UNREADABLE)


def tick_message(files: int, told: Mapping[Fate, Sequence[str]], *, is_asking: bool) -> str:
    """Say what a tick saw, and what it asked for.

    Args:
        files: how many there are.
        told: the keys of each fate.
        is_asking: whether there is any run to ask for.
    """
    if any(told[fate] for fate in _OF_FILES):
        head = f"{files} files" if files != 1 else "1 file"
        head += "." if is_asking else ", and no run to ask for."
    else:
        head = f"No new or corrected file among {files}."
    return " ".join([head, *(fate.value.format(_named(told[fate])) for fate in Fate if told[fate])])


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(map(repr, keys[:_NAMED])) + more
