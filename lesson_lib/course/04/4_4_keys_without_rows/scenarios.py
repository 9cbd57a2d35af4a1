"""Exercise 4.4: which of the registered keys have no rows in the table?"""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import duckdb

from lesson_lib.classroom.display.safe_text import format_list, make_plain
from lesson_lib.classroom.exercises.exercise import Evidence, Miss, NoAnswer
from lesson_lib.course.lookalikes import DOTTED_KEY, LOOKALIKES
from lesson_lib.pipeline import InvalidKey, checked_key
from lesson_lib.pipeline.database_errors import summarize_error
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE

# DuckDB raises these if a value has become a part of the statement.
_SQL_ERRORS = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)

# Texts in the table are not always keys: here, patterns, numbers, and lists of keys.
_LOOKALIKES = {
    **LOOKALIKES,
    DOTTED_KEY: (
        *LOOKALIKES[DOTTED_KEY],
        "globex?eu",
        f"acme,{DOTTED_KEY},zenith",
        f"acme {DOTTED_KEY} zenith",
        f"acme\n{DOTTED_KEY}\nzenith",
        f"'{DOTTED_KEY}'",
        f'"{DOTTED_KEY}"',
    ),
    "1001": ("01001", "1001.0"),
    "50%": ("50%off", "50 %"),
}
_OTHER_KEYS = {f"customer {number:02}" for number in range(1, 11)}  # like none of the others

# The columns of the table in notebook 02; the library's own table allows no NULL.
_COLUMNS = (
    "date date, share_price double, amount double, spend double, shift double, spread double, "
    "partition_key varchar"
)

# Each row has another day, and every other row has no amount.
_ROWS = """
    select date '2017-09-11' - number::int, 10, if(number % 2 = 0, 1101, null), 11010, 0.25, 0.01, key
    from (select key, row_number() over () as number from (select unnest(?::varchar[]) as key))
"""


@cache
def _make_database(keys: tuple[str | None, ...]) -> bytes:
    """Return the file of a database with a row for each of these keys; making it takes as long as a call."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "warehouse.duckdb")
        with duckdb.connect(path) as con:
            con.execute(f"create table {CUSTOMER_TABLE} ({_COLUMNS})")
            con.execute(f"insert into {CUSTOMER_TABLE} {_ROWS}", [list(keys)])
        return path.read_bytes()


def _call(answer: object, registered: Sequence[str], rows: Sequence[str | None]) -> list[object] | str:
    """Call the learner's function with a database that has a row for each of these keys.

    Returns:
        The returned keys as a list, or the text of another value, such as None.
    """
    if not callable(answer):
        raise NoAnswer(
            'Pass your function by its name, without parentheses: check("4.4", keys_without_rows).'
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "warehouse.duckdb")
        path.write_bytes(_make_database(tuple(rows)))
        with duckdb.connect(path, read_only=True) as con:
            returned = answer(con, list(registered))
            if type(returned).__name__ == "DataFrame":  # iterating over it yields the names of its columns
                names = format_list([repr(name) for name in returned.columns], max_items=6)
                return make_plain(f"a DataFrame with the columns {names}")
            if isinstance(returned, Iterable) and not isinstance(returned, str | bytes | Mapping):
                return list(returned)  # here, because a generator runs its query now
            return _format_value(returned)  # here, because a relation runs its query now


def _compare(
    answer: object,
    registered: Sequence[str],
    rows: Sequence[str | None],
    belief: str = "",
    shows_belief: Callable[[set[str], set[str]], bool] = lambda _found, _expected: False,
) -> Miss | None:
    """Compare the returned keys with the keys that have no rows.

    Args:
        answer: the function.
        registered: the keys.
        rows: the partition_key of each row.
        belief: the misconception behind a wrong answer.
        shows_belief: returns whether the returned keys and the expected ones show this misconception.
    """
    expected = [key for key in registered if key not in {*rows}]
    found = _call(answer, registered, rows)
    if not isinstance(found, list):
        return Miss(seen=found, expected=f"a list of keys: {_format_keys(expected)}")
    keys = [key for key in found if isinstance(key, str)]
    if len(keys) < len(found):
        other = next(value for value in found if not isinstance(value, str))
        seen = f"a list with {_format_value(other)} in it, which is not text"
        return Miss(seen=seen, expected=f"a list of keys: {_format_keys(expected)}")
    if sorted(keys) == sorted(expected):
        return None
    is_shown = len({*keys}) == len(keys) and shows_belief({*keys}, {*expected})
    return Miss(belief if is_shown else "", _format_keys(keys), _format_keys(expected))


def _format_value(value: object) -> str:
    return make_plain(repr(value), max_length=80)


def _format_keys(keys: Sequence[str]) -> str:
    return format_list([repr(key) for key in keys], max_items=6) or "no key"


def _some_missing(answer: object) -> Miss | None:
    """Of four registered keys, bluebird and zenith have no rows."""
    return _compare(answer, ["acme", "bluebird", "globex", "zenith"], ["globex", "acme", "acme", "acme"])


def _none_missing(answer: object) -> Miss | None:
    """All 203 registered keys have rows, and acme has 2,000."""
    keys = ["acme", "bluebird", "zenith", *(f"customer {number:03}" for number in range(200))]
    return _compare(answer, keys, ["acme"] * 2000 + keys[1:])


def _no_rows(answer: object) -> Miss | None:
    """The table is there, and empty."""
    return _compare(answer, ["acme", "bluebird", "zenith"], [])


def _apostrophes(answer: object) -> Miss | None:
    """Two keys have an apostrophe: o'hare, with rows, and o'neill, without."""
    try:
        return _compare(answer, ["acme", "o'hare", "o'neill"], ["acme", "o'hare"])
    except _SQL_ERRORS as error:
        # Other keys worked, so the special characters are the reason.
        seen = make_plain(f"{type(error).__name__}: {summarize_error(error)}")
        return Miss("quotes-make-a-key-safe", seen, _format_keys(["o'neill"]))


def _retired(answer: object) -> Miss | None:
    """There are rows of initech, a key that is no longer registered."""
    keys, rows = ["acme", "bluebird", "zenith"], ["acme", "initech", "initech"]
    return _compare(
        answer, keys, rows, "three-records-are-one", lambda found, expected: found == expected | {"initech"}
    )


def _unusual_keys(answer: object) -> Miss | None:
    """Four keys are unusual, globex.eu, Café_Müller_Söhne_2018.eu, 1001 and 50%; only acme has rows."""
    return _compare(answer, ["acme", *_LOOKALIKES], ["acme"])


def _is_loose(found: set[str], expected: set[str]) -> bool:
    """Return whether nothing is wrong but that keys like one with rows are missing."""
    return found < expected and not expected & _OTHER_KEYS - found


def _lookalikes_stored(answer: object) -> Miss | None:
    """The same four keys have no rows, but many texts like them have, such as globex.us and GLOBEX.EU."""
    stored = [key for keys in _LOOKALIKES.values() for key in keys]
    return _compare(answer, [*_LOOKALIKES], ["acme", *stored], "any-comparison-finds-a-key", _is_loose)


def _lookalikes_registered(answer: object) -> Miss | None:
    """The same four keys have rows, and the keys that look like them have none, nor have ten other keys."""
    keys = [key for keys in _LOOKALIKES.values() for key in keys if _is_good(key)]
    registered = [*keys, *_LOOKALIKES, *sorted(_OTHER_KEYS)]
    return _compare(answer, registered, [*_LOOKALIKES, "acme"], "any-comparison-finds-a-key", _is_loose)


def _is_good(key: str) -> bool:
    """Return whether the course would register a key, unchanged."""
    try:
        return checked_key(key) == key
    except InvalidKey:
        return False


def _row_of_no_key(answer: object) -> Miss | None:
    """There is a row whose partition_key is NULL, and a key with the name None."""
    keys, rows = ["acme", "bluebird", "zenith", "None"], ["acme", None, "acme"]
    return _compare(answer, keys, rows, "not-in-survives-null", lambda found, _expected: not found)


SCENARIOS = (
    _some_missing,
    _none_missing,
    _no_rows,
    _apostrophes,
    _retired,
    _unusual_keys,
    _lookalikes_stored,
    _lookalikes_registered,
    _row_of_no_key,
)

EVIDENCE: dict[str, Evidence] = {
    "quotes-make-a-key-safe": _some_missing,
    "any-comparison-finds-a-key": _unusual_keys,
    "three-records-are-one": _some_missing,
    "not-in-survives-null": _some_missing,
}
