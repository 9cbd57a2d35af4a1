"""The message of a tick: the outcome of each file, and of each key without a file."""

from collections.abc import Mapping, Sequence
from enum import Enum

from ..keys import SUFFIX
from ..lookalikes import are_lookalikes

MAX_NAMES_PER_SENTENCE = 10


class TickOutcome(Enum):
    """The outcome of files or keys in a tick, and its sentence, in the order of the message."""

    REQUESTED = "Runs requested: {}."
    REGISTERED_AGAIN = "Registered again, because their files are here: {}."
    LOADED = "Already loaded: {}."
    WAITING = "Not settled yet: {}."
    LATER = "Left for the next ticks: {}."
    REFUSED = "Keys that break the rules: {}."
    NOT_UTF8 = "Files that are skipped, because their names are not UTF-8: {}. Rename them."
    NOT_CSV = f"Files that are skipped, because their names do not end in {SUFFIX!r}: {{}}. Rename them."
    OUTSIDE_CALENDAR = "Days outside the exchange's calendar, not loaded: {}."
    UNREADABLE = "Keys whose files cannot be read: {}."
    KEPT = "Keys that are kept although their files are gone: {}."
    RETIRING = "Keys to retire, because their files are gone: {}."
    EMPTY = "No data file is left. Is the folder mounted? Keys that are kept: {}."
    ELSEWHERE = "Keys of another folder, which are kept: {}."
    NOT_EXAMINED = "Keys without a file that were not examined at this tick: {}."
    NEVER_IMPORTED = "Keys without a file that were never imported: {}."
    REGISTERED_DAYS = (
        "Registered keys that look like days, which are kept: {}. "
        "Days belong to the exchange: retire these keys by hand."
    )


# A bucket is never unmounted.
_SENTENCES_OF_BUCKET = {
    TickOutcome.EMPTY: "No data file is left. Is this the right bucket? Keys that are kept: {}.",
    TickOutcome.ELSEWHERE: "Keys of another bucket or folder, which are kept: {}.",
}

_DATA_FILE_OUTCOMES = (
    TickOutcome.REQUESTED,
    TickOutcome.LOADED,
    TickOutcome.WAITING,
    TickOutcome.LATER,
    TickOutcome.REFUSED,
    TickOutcome.NOT_UTF8,
    TickOutcome.UNREADABLE,
)


def build_tick_message(
    files: int,
    reported: Mapping[TickOutcome, Sequence[str]],
    causes: Mapping[str, str],
    *,
    requests_runs: bool,
    is_bucket: bool = False,
) -> str:
    """Return the message of a tick, from its outcomes and the causes why files cannot be read, by key."""
    if any(reported[outcome] for outcome in _DATA_FILE_OUTCOMES):
        head = f"{files} files" if files != 1 else "1 file"
        head += "." if requests_runs else ", and no runs to request."
    else:
        head = f"No new or corrected file among {files}."
    templates = {outcome: outcome.value for outcome in TickOutcome}
    if is_bucket:
        templates |= _SENTENCES_OF_BUCKET
    sentences = [
        template.format(_format_names(reported[outcome], causes if outcome is TickOutcome.UNREADABLE else {}))
        for outcome, template in templates.items()
        if reported[outcome]
    ]
    return " ".join([head, *sentences])


def _format_names(names: Sequence[str], causes: Mapping[str, str]) -> str:
    shown = [
        _format_name(name) + (f" ({causes[name]})" if name in causes else "")
        for name in names[:MAX_NAMES_PER_SENTENCE]
    ]
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _format_name(name: str) -> str:
    """Quote a name; escape bytes that are not UTF-8, and characters that only look like the suffix."""
    stem, end = name[: -len(SUFFIX)], name[-len(SUFFIX) :]
    if not end.isascii() and are_lookalikes(end, SUFFIX):
        return f"'{repr(stem)[1:-1]}{ascii(end)[1:-1]}'"
    # In Python, the surrogate U+DC80 stands for the byte 80, and so on to U+DCFF.
    return repr(name).replace(r"\udc", r"\x")
