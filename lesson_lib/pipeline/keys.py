"""The two partitions definitions, the rules for keys, and their registration."""

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import dagster as dg

from .database_errors import InstanceUnavailable, explain_instance_error
from .errors import PipelineError
from .lookalikes import JOINERS, LookalikeIndex, fold, remove_unseen

# A name is enough: the keys live in the instance, under this name.
KEY_SET = "s3"
s3_partitions_def = dg.DynamicPartitionsDefinition(name=KEY_SET)

# The exchange's days can be named in advance; Dagster counts up to, not including, the end date.
daily_partitions_def = dg.DailyPartitionsDefinition(
    start_date=dt.datetime(2018, 1, 22, tzinfo=dt.UTC),
    end_date=dt.datetime(2018, 1, 27, tzinfo=dt.UTC),
)

SUFFIX = ".csv"  # of the file that a key stands for

MAX_KEY_LENGTH = 100  # characters
_MAX_NAME_BYTES = 255  # in UTF-8; disks do not accept longer file names

_FORBIDDEN = {
    **dict.fromkeys("/\\", "a path separator"),
    "..": "two dots in a row (a parent folder, or Dagster's range separator)",
    **dict.fromkeys("*?[]", "a glob character"),
    "|": "the separator of multi-dimensional keys",
    ",": "the separator of key lists",
}
_DAY = re.compile(r"\d{4}([-_. ])\d{1,2}\1\d{1,2}", re.ASCII)
# Controls, formats, surrogates, line and paragraph separators.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
KEYS_PER_CALL = 10_000  # each adds three SQL variables; SQLite accepts about 32,000 in one statement

Check = Callable[[object], str]  # returns a key normalized, or raises InvalidKey


class InvalidKey(PipelineError, ValueError):
    """A partition key breaks the rules, or is a lookalike of another key."""


def checked_key(key: object) -> str:
    """Return the key, normalized to NFC, if it follows the rules.

    A key has 1 to 100 characters of any alphabet. It is a file name without its suffix, and it stands in
    Dagster's own range and list syntax, so it contains no character with a meaning there.

    Raises:
        InvalidKey: the key breaks a rule, which the message names.
    """
    if not isinstance(key, str):
        raise InvalidKey(f"A partition key is a string, not {key!r} ({type(key).__name__}).")
    normal = unicodedata.normalize("NFC", key)
    if fault := next(_find_faults(normal), None):
        shown = key if len(key) <= MAX_KEY_LENGTH else key[:MAX_KEY_LENGTH] + "..."
        raise InvalidKey(f"{shown!r} cannot be a partition key: it {fault}. Rename the file it stands for.")
    return normal


def _find_faults(key: str) -> Iterator[str]:
    """Yield the faults of a normalized key, each as the end of a sentence."""
    seen = remove_unseen(key)
    if not seen.strip():
        yield "is blank" if key else "is empty"
    if seen != seen.strip():
        yield "begins or ends with white space"
    if len(key) > MAX_KEY_LENGTH:
        yield f"has {len(key)} characters, more than {MAX_KEY_LENGTH}"
    if (size := len((key + SUFFIX).encode(errors="replace"))) > _MAX_NAME_BYTES:
        yield f"makes a file name of {size} bytes, and no disk takes more than {_MAX_NAME_BYTES}"
    if key.startswith("."):
        yield "begins with a dot, as hidden files do"
    for part, meaning in _FORBIDDEN.items():
        if part in key:
            yield f"contains {part!r}, {meaning}"
    for character in key:
        if unicodedata.category(character) in _INVISIBLE and character not in JOINERS:
            yield f"contains the invisible character U+{ord(character):04X}"


def check_customer_key(key: object) -> str:
    """Return the key as `checked_key` does, or raise InvalidKey if it is spelled like a day."""
    normal = checked_key(key)
    if is_spelled_like_a_day(normal):
        raise InvalidKey(
            f"{normal!r} is spelled like a day, and days belong to the exchange. Rename the file if it is a "
            "customer's; otherwise load it with the daily assets."
        )
    return normal


def is_spelled_like_a_day(key: str) -> bool:
    """Return whether a key is written as the exchange's are, such as `2018-01-22` or `2018-02-30`."""
    return _DAY.fullmatch(fold(key)) is not None


def require_usable(key: str, check: Check = check_customer_key) -> str:
    """Return a registered key, or raise InvalidKey if it breaks a rule or is not normalized."""
    if check(key) != key:
        raise InvalidKey(f"{key!r} is not normalized. Delete it, and add it again through register_keys.")
    return key


def judge_keys(
    registered: Iterable[str], keys: Iterable[object], check: Check = checked_key
) -> Iterator[str | InvalidKey]:
    """Yield each key normalized, or InvalidKey if `check` raises it or the key is a lookalike of another."""
    known = dict.fromkeys(registered)
    index = LookalikeIndex(known)
    for candidate in keys:
        try:
            key = check(candidate)
        except InvalidKey as error:
            yield error
            continue
        if key not in known:
            if (other := index.find(key)) is not None:
                yield InvalidKey(
                    f"{key!r} is a lookalike of {other!r}: the two differ only in upper or lower case, in "
                    "blanks or dashes, or in characters that look the same or show nothing. Disks and "
                    "readers mix them up. Rename one of the two files."
                )
                continue
            known[key] = None
            index.add(key)
        yield key


def list_keys(keys: object, function: str) -> list[object]:
    """Return the items of a list of keys that was passed to the function of this name.

    Raise InvalidKey if it is a single string, or if iterating over it does not yield keys.
    """
    if isinstance(keys, str):
        raise InvalidKey(f"{function} takes a list of keys: write [{keys!r}].")
    kind = type(keys).__name__
    if isinstance(keys, bytes | bytearray | memoryview):
        raise InvalidKey(f"{function} takes a list of strings, not {kind}. Decode it first, and split it.")
    if isinstance(keys, Mapping):
        raise InvalidKey(
            f"{function} takes a list of keys. A {kind} would yield only the names of its entries: pass "
            "list(...) of its names, or of its values(), whichever are the keys."
        )
    if hasattr(keys, "columns"):  # of pandas, polars, dask and pyarrow
        raise InvalidKey(
            f"{function} takes a list of keys. A {kind} would yield its columns: pass the one that holds the "
            "keys, such as table['customer']."
        )
    if isinstance(keys, dg.PartitionKeyRange):
        raise InvalidKey(f"{function} takes a list of keys: a range only names registered ones.")
    try:
        return [*keys]  # type: ignore[misc] # if it cannot be iterated, this says so
    except TypeError:
        raise InvalidKey(f"{function} takes a list of keys, not {keys!r} ({kind}).") from None


def find_new_keys(registered: Iterable[str], keys: Iterable[object], check: Check = checked_key) -> list[str]:
    """Return new keys normalized, each once, in the order given; or raise InvalidKey as `judge_keys` does."""
    known = dict.fromkeys(registered)
    new: dict[str, None] = {}
    for key in judge_keys(known, keys, check):
        if isinstance(key, InvalidKey):
            raise key
        new[key] = None
    return [key for key in new if key not in known]


def register_keys(instance: dg.DagsterInstance, keys: Iterable[str]) -> list[str]:
    """Add new keys to the set `s3` of this instance, in the order given, and return those that were new.

    All keys are checked before the first one is added; registered keys keep their place.

    Raises:
        InvalidKey: a key breaks the rules, or is a lookalike of another one; nothing was added.
        InstanceUnavailable: the instance could not store the keys; what it had stored was removed again.
    """
    known = instance.get_dynamic_partitions(KEY_SET)
    new = find_new_keys(known, list_keys(keys, "register_keys"), check_customer_key)
    added = 0
    try:
        for added in range(0, len(new), KEYS_PER_CALL):
            instance.add_dynamic_partitions(KEY_SET, new[added : added + KEYS_PER_CALL])
    except Exception as error:
        raise InstanceUnavailable(_undo(instance, new[:added], error)) from error
    return new


def _undo(instance: dg.DagsterInstance, added: Sequence[str], error: Exception) -> str:
    """Remove the keys that were added before the error, and return a message that reports what is left."""
    left = len(added)
    with suppress(Exception):  # the storage that could not add keys may be unable to delete them
        for key in reversed(added):
            instance.delete_dynamic_partition(KEY_SET, key)
            left -= 1
    outcome = f"Only the first {left:,} keys are registered" if left else "No key was registered"
    return (
        f"{outcome}: the instance could not store them {explain_instance_error(error)} "
        "Then call register_keys again with the same keys."
    )


def suggest_key(key: object, registered: Sequence[str]) -> str:
    """Return a question that names the most similar registered key, or "" if none is similar."""
    near = difflib.get_close_matches(str(key), registered, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""
