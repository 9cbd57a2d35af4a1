"""The two partitions definitions, what a key may be, and how keys come and go."""

import datetime as dt
import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from .database_errors import InstanceUnavailable, cause_of, first_line
from .errors import Refused
from .lookalikes import JOINERS, LookalikeIndex, fold, visible
from .source_files import SUFFIX
from .warehouse import CUSTOMER_TABLE, Warehouse, delete_rows, transaction

# All it takes is a name: the keys live in the instance, under this name.
s3_partitions_def = dg.DynamicPartitionsDefinition(name="s3")

# The exchange's days can be named in advance; Dagster counts up to, not including, the end date.
daily_partitions_def = dg.DailyPartitionsDefinition(
    start_date=dt.datetime(2018, 1, 22, tzinfo=dt.UTC),
    end_date=dt.datetime(2018, 1, 27, tzinfo=dt.UTC),
)

LONGEST_KEY = 100  # characters

_LONGEST_NAME = 255  # bytes in UTF-8; disks take no longer file name

_FORBIDDEN = {
    "/": "a path separator",
    "\\": "a path separator",
    "..": "two dots in a row (a parent folder, or Dagster's range separator)",
    "*": "a glob character",
    "?": "a glob character",
    "[": "a glob character",
    "]": "a glob character",
    "|": "the separator of multi-dimensional keys",
    ",": "the separator of key lists",
}
_DAY = re.compile(r"\d{4}([-_. ])\d{1,2}\1\d{1,2}", re.ASCII)
# Controls, formats, surrogates, line and paragraph separators.
_INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
# Each adds three SQL variables; SQLite takes some 32,000 in one statement.
KEYS_PER_CALL = 10_000


Check = Callable[[object], str]  # returns a key normalized, or raises InvalidKey


class InvalidKey(Refused, ValueError):
    """A partition key breaks the rules, or is a lookalike of another key."""


def checked_key(key: object) -> str:
    """Return the key, normalised to NFC, if it follows the rules.

    A key is 1 to 100 characters of any alphabet. It is a file name without its suffix, a value in SQL and
    a word in Dagster's own range and list syntax, so it holds nothing that means something to one of these.

    Raises:
        InvalidKey: naming the key and the rule it breaks.
    """
    if not isinstance(key, str):
        raise InvalidKey(f"A partition key is a string, not {key!r} ({type(key).__name__}).")
    normal = unicodedata.normalize("NFC", key)
    if fault := next(_faults(normal), None):
        shown = key if len(key) <= LONGEST_KEY else key[:LONGEST_KEY] + "..."
        raise InvalidKey(f"{shown!r} cannot be a partition key: it {fault}. Rename the file it stands for.")
    return normal


def _faults(key: str) -> Iterator[str]:
    """Say which rules a normalised key breaks, each as the end of a sentence."""
    seen = visible(key)
    if not seen.strip():
        yield "is blank" if key else "is empty"
    if seen != seen.strip():
        yield "begins or ends with white space"
    if len(key) > LONGEST_KEY:
        yield f"has {len(key)} characters, more than {LONGEST_KEY}"
    if (size := len((key + SUFFIX).encode(errors="replace"))) > _LONGEST_NAME:
        yield f"makes a file name of {size} bytes, and no disk takes more than {_LONGEST_NAME}"
    if key.startswith("."):
        yield "begins with a dot, as hidden files do"
    for part, meaning in _FORBIDDEN.items():
        if part in key:
            yield f"contains {part!r}, {meaning}"
    for character in key:
        if unicodedata.category(character) in _INVISIBLE and character not in JOINERS:
            yield f"contains the invisible character U+{ord(character):04X}"


def check_customer_key(key: object) -> str:
    """Return the key as `checked_key` does, if it is not spelled like a day.

    Raises:
        InvalidKey: it breaks a rule, or is one of the exchange's keys.
    """
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


def judge_keys(
    registered: Iterable[str], keys: Iterable[object], check: Check = checked_key
) -> Iterator[str | InvalidKey]:
    """Yield each key normalized, or the reason why it cannot be registered.

    Args:
        registered: the keys that count as having come before all of `keys`.
        keys: the keys to judge, in the order in which they count.
        check: returns a key normalized, or raises InvalidKey.
    """
    known = dict.fromkeys(registered)
    index = LookalikeIndex(known)
    for candidate in keys:
        try:
            key = check(candidate)
        except InvalidKey as error:
            yield error
            continue
        other = None if key in known else index.find(key)
        if other is None:
            known[key] = None
            index.add(key)
        yield key if other is None else _lookalike(key, other)


def _lookalike(key: str, other: str) -> InvalidKey:
    return InvalidKey(
        f"{key!r} is a lookalike of {other!r}: the two differ only in upper or lower case, in blanks or "
        "dashes, or in characters that look the same or show nothing. Disks and readers mix them up. "
        "Rename one of the two files."
    )


def list_keys(keys: object, function: str) -> list[object]:
    """Return the items of a list of keys.

    Args:
        keys: what a caller passed.
        function: the function that was called, for the message.

    Raises:
        InvalidKey: it is a single string, no collection, or one whose iteration does not yield its values (a
            mapping, a DataFrame, bytes).
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


def new_keys(registered: Iterable[str], keys: Iterable[object], check: Check = checked_key) -> list[str]:
    """Return those of `keys` that are not registered yet: normalised, each once, in the order given.

    Raises:
        InvalidKey: a key breaks the rules, or is a lookalike of another one.
    """
    known = dict.fromkeys(registered)
    new = []
    for key in judge_keys(known, keys, check):
        if isinstance(key, InvalidKey):
            raise key
        new.append(key)
    return [key for key in dict.fromkeys(new) if key not in known]


def register_keys(instance: dg.DagsterInstance, keys: Iterable[str]) -> list[str]:
    """Add the keys that are new to the set `s3` of this instance, in the order given.

    All keys are checked before the first one is added; those that are registered already keep their place.

    Returns:
        The keys that were added.

    Raises:
        InvalidKey: a key breaks the rules, or is a lookalike of another one; nothing was added.
        InstanceUnavailable: the instance could not store the keys; what it had stored was removed again.
    """
    known = instance.get_dynamic_partitions(_set_name())
    new = new_keys(known, list_keys(keys, "register_keys"), check_customer_key)
    added = 0
    try:
        for added in range(0, len(new), KEYS_PER_CALL):
            instance.add_dynamic_partitions(_set_name(), new[added : added + KEYS_PER_CALL])
    except Exception as error:
        raise InstanceUnavailable(_undo(instance, new[:added], error)) from error
    return new


def _undo(instance: dg.DagsterInstance, added: Sequence[str], error: Exception) -> str:
    """Remove the keys that were added before the error, and return a message that says what is left."""
    left = len(added)
    with suppress(Exception):  # the storage that could not add keys may be unable to delete them
        for key in reversed(added):
            instance.delete_dynamic_partition(_set_name(), key)
            left -= 1
    outcome = f"Only the first {left:,} keys are registered" if left else "No key was registered"
    return (
        f"{outcome}: the instance could not store them ({first_line(error)}). "
        f"{cause_of(error, 'the storage of the instance')} Then call register_keys again with the same keys."
    )


def retire_key(instance: dg.DagsterInstance, key: str, warehouse: Warehouse) -> int:
    """Remove a key and its rows; the materializations stay in the event log, as history.

    Rows go first: should the removal of the key fail, the check `three_records_agree` sees it, and calling
    this again finishes the work.

    Returns:
        How many rows were removed.

    Raises:
        InvalidKey: there is no such key, and there are no rows of it.
        WarehouseUnavailable: the database cannot be opened; the key stays.
        InstanceUnavailable: the rows are removed, and the instance could not delete the key.
    """
    registered = instance.get_dynamic_partitions(_set_name())
    if (
        key not in registered
    ):  # one that was registered by hand may be in another form, and is retired as it is
        key = unicodedata.normalize("NFC", key)
    with warehouse.get_connection() as con, transaction(con):
        removed = delete_rows(con, CUSTOMER_TABLE, key)
    if key not in registered and not removed:
        meant = did_you_mean(key, registered)
        raise InvalidKey(f"{key!r} is not registered in {_set_name()!r} and has no rows.{meant}")
    try:
        instance.delete_dynamic_partition(_set_name(), key)
    except SQLAlchemyError as error:
        raise InstanceUnavailable(
            f"The {removed:,} rows of {key!r} are removed, and the key is still registered: the instance "
            f"could not delete it ({first_line(error)}). {cause_of(error, 'the storage of the instance')} "
            "Then retire the key again."
        ) from error
    return removed


def did_you_mean(key: object, registered: Sequence[str]) -> str:
    """Return a question that names the registered key which is most like this one; or nothing."""
    near = difflib.get_close_matches(str(key), registered, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _set_name() -> str:
    name = s3_partitions_def.name
    assert name is not None  # noqa: S101 - for the type checker: only the deprecated function form has no name
    return name
