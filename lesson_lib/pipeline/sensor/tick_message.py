"""The message of a tick: what became of each file, and of each key without a file."""

from collections.abc import Mapping, Sequence
from enum import Enum

from ..lookalikes import look_alike
from ..source_files import SUFFIX

NAMES_PER_SENTENCE = 10


class Fate(Enum):
    """What became of files or keys in a tick, and the sentence that reports it, in the order of a message."""

    REQUESTED = "Runs asked for: {}."
    REGISTERED_AGAIN = "Registered again, since their files are here: {}."
    LOADED = "Loaded already: {}."
    WAITING = "Not settled yet: {}."
    LATER = "Left for the next ticks: {}."
    REFUSED = "Keys that break the rules: {}."
    NOT_UTF8 = "Files that are not taken, since their names are not UTF-8: {}. Rename them."
    NOT_CSV = f"Files that are not taken, since their names do not end in {SUFFIX!r}: {{}}. Rename them."
    OUTSIDE_CALENDAR = "Days outside the exchange's calendar, not loaded: {}."
    UNREADABLE = "Keys whose files cannot be read: {}."
    KEPT = "Keys kept, though their files are gone: {}."
    RETIRING = "Keys to be retired, since their files are gone: {}."
    EMPTY = "No data file is left; is the folder mounted? Keys kept: {}."
    ELSEWHERE = "Keys of another folder, kept: {}."
    NOT_EXAMINED = "Keys without a file that were not examined at this tick: {}."
    NEVER_IMPORTED = "Keys without a file that were never imported: {}."
    REGISTERED_DAYS = (
        "Registered keys that are spelled like days, kept: {}. "
        "Days belong to the exchange: retire these keys by hand."
    )


_OF_DATA_FILES = (
    Fate.REQUESTED,
    Fate.LOADED,
    Fate.WAITING,
    Fate.LATER,
    Fate.REFUSED,
    Fate.NOT_UTF8,
    Fate.UNREADABLE,
)


def tick_message(
    files: int, reported: Mapping[Fate, Sequence[str]], causes: Mapping[str, str], *, requests_runs: bool
) -> str:
    """Return the message of a tick.

    Args:
        files: the number of data files.
        reported: the keys or file names of each fate.
        causes: why files cannot be read, by key.
        requests_runs: whether the tick requests any run.
    """
    if any(reported[fate] for fate in _OF_DATA_FILES):
        head = f"{files} files" if files != 1 else "1 file"
        head += "." if requests_runs else ", and no run to ask for."
    else:
        head = f"No new or corrected file among {files}."
    sentences = [
        fate.value.format(_format_names(reported[fate], causes if fate is Fate.UNREADABLE else {}))
        for fate in Fate
        if reported[fate]
    ]
    return " ".join([head, *sentences])


def _format_names(names: Sequence[str], causes: Mapping[str, str]) -> str:
    shown = [
        _format_name(name) + (f" ({causes[name]})" if name in causes else "")
        for name in names[:NAMES_PER_SENTENCE]
    ]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _format_name(name: str) -> str:
    """Quote a name; escape bytes that are not UTF-8, and characters that only look like the suffix."""
    stem, end = name[: -len(SUFFIX)], name[-len(SUFFIX) :]
    if not end.isascii() and look_alike(end, SUFFIX):
        return f"'{repr(stem)[1:-1]}{ascii(end)[1:-1]}'"
    # In Python, the surrogate U+DC80 stands for the byte 80, and so on to U+DCFF.
    return repr(name).replace(r"\udc", r"\x")
