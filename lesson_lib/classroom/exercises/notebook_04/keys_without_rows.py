"""Exercise 4.4: which of the registered keys have no rows in the table?"""

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from textwrap import indent

import duckdb

from lesson_lib.classroom.display.safe_text import listed, plain
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer
from lesson_lib.pipeline.database_errors import summarize_error
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE

# As notebook 02 made it by hand; the library's own takes no NULL.
_COLUMNS = (
    "date date, share_price double, amount double, spend double, shift double, spread double, "
    "partition_key varchar"
)


def _returned(answer: object, registered: Sequence[str], rows: Sequence[str | None]) -> list[object] | str:
    """Call the learner's function with a database that holds a row of each of these keys.

    Returns:
        What it returned as a list; of a value that holds no others, such as None, how it looks.
    """
    if not callable(answer):
        raise NoAnswer(
            'Give check your function, by its name and without brackets: check("4.4", keys_without_rows).'
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "warehouse.duckdb")
        with duckdb.connect(path) as con:
            con.execute(f"create table {CUSTOMER_TABLE} ({_COLUMNS})")
            values = "'2017-09-11', 10, 1101, 11010, 0.25, 0.01, unnest(?::varchar[])"
            con.execute(f"insert into {CUSTOMER_TABLE} select {values}", [rows])
        with duckdb.connect(path, read_only=True) as con:
            returned = answer(con, list(registered))
            if isinstance(returned, Iterable) and not isinstance(returned, str | bytes | Mapping):
                return list(returned)  # here, since a generator asks now
            return _shown(returned)  # here, since a relation asks now, too


def _missed(
    answer: object,
    registered: Sequence[str],
    rows: Sequence[str | None],
    belief: str = "",
    shows: Callable[[list[str]], bool] = lambda _: True,
) -> Miss | None:
    """Compare what the learner's function returns with the keys that have no rows.

    Args:
        answer: the function.
        registered: the keys.
        rows: the partition_key of each row.
        belief: the misconception behind a wrong answer.
        shows: tells whether the keys that were returned show it.
    """
    expected = [key for key in registered if key not in {*rows}]
    found = _returned(answer, registered, rows)
    if not isinstance(found, list):
        return Miss(seen=found, expected=f"a list of keys: {_listed(expected)}")
    keys = [one for one in found if isinstance(one, str)]
    if len(keys) < len(found):
        other = next(one for one in found if not isinstance(one, str))
        seen = f"a list with {_shown(other)} in it, which is no text"
        return Miss(seen=seen, expected=f"a list of keys: {_listed(expected)}")
    if sorted(keys) == sorted(expected):
        return None
    return Miss(belief if shows(keys) else "", _listed(keys), _listed(expected))


def _shown(value: object) -> str:
    return plain(repr(value), longest=80)


def _listed(keys: Sequence[str]) -> str:
    return listed([repr(key) for key in keys], many=6) or "no key"


def _some_missing(answer: object) -> Miss | None:
    """Of four registered keys, bluebird and zenith have no rows."""
    return _missed(answer, ["acme", "bluebird", "globex", "zenith"], ["globex", "acme", "acme", "acme"])


def _none_missing(answer: object) -> Miss | None:
    """All three registered keys have rows."""
    return _missed(answer, ["acme", "bluebird", "zenith"], ["zenith", "bluebird", "acme", "acme"])


def _no_rows(answer: object) -> Miss | None:
    """The table is there, and empty."""
    return _missed(answer, ["acme", "bluebird", "zenith"], [])


def _apostrophes(answer: object) -> Miss | None:
    """Two keys have an apostrophe: o'hare, with rows, and o'neill, without."""
    belief = "quotes-make-a-key-safe"
    try:
        return _missed(answer, ["acme", "o'hare", "o'neill"], ["acme", "o'hare"], belief)
    except duckdb.Error as error:
        # Other keys were no trouble, so it is for these characters.
        return Miss(belief, plain(f"{type(error).__name__}: {summarize_error(error)}"), _listed(["o'neill"]))


def _lookalikes(answer: object) -> Miss | None:
    """Only blue-bird has rows; blue_bird, BLUE-BIRD and blue, which look like it, have none."""
    keys = ["blue-bird", "blue_bird", "BLUE-BIRD", "blue"]
    return _missed(answer, keys, ["blue-bird"], "any-comparison-finds-a-key")


def _retired(answer: object) -> Miss | None:
    """There are rows of initech, a key that is no longer registered."""
    keys, rows = ["acme", "bluebird", "zenith"], ["acme", "initech", "initech"]
    return _missed(answer, keys, rows, "three-records-are-one", lambda found: "initech" in found)


def _row_of_no_key(answer: object) -> Miss | None:
    """There is a row whose partition_key is NULL."""
    keys, rows = ["acme", "bluebird", "zenith"], ["acme", None, "acme"]
    return _missed(answer, keys, rows, "not-in-survives-null", lambda found: not found)


def _function(*body: str, before: str = "") -> str:
    """Write the cell with these lines as the function's body."""
    written = indent("\n".join(body), "    ")
    return f'{before}def keys_without_rows(con, registered):\n{written}\n\n\ncheck("4.4", keys_without_rows)'


def _where(condition: str) -> str:
    """Write the cell with this condition in the place of the blank."""
    return _function(
        'query = """',
        "    select key",
        "    from (select unnest(?) as key)",
        f"    where {condition}",
        '"""',
        "return [key for (key,) in con.execute(query, [registered]).fetchall()]",
    )


_STORED = 'stored = con.execute("select partition_key from raw_partition_data").fetchall()'

KEYS_WITHOUT_ROWS = Exercise(
    id="4.4",
    title="Find the keys without rows",
    objective="load",
    minutes=4,
    task="Complete the function: of the keys in the list `registered` it returns those that have no row in "
    "`raw_partition_data`, each once, in any order. `con` is a connection to the database, for reading "
    "only. The query makes rows of the list, with a column `key`; put a condition in the place of `____`, "
    "or replace the whole body, in SQL or in Python. The table is as you made it in notebook 02: nothing "
    "keeps out the rows of keys that are not registered, or rows without a key.",
    starter=_where("____"),
    solution=_where("not exists (from raw_partition_data where partition_key = key)"),
    takeaway="Registered and stored are two records, and only a comparison tells what is missing. NOT "
    "EXISTS, EXCEPT and LEFT JOIN are right whatever the table holds; NOT IN finds nothing once there is a "
    "NULL.",
    hints=(
        "For which keys is there no row in the table whose partition_key is equal to the key?",
        "SQL has words for it: where not exists (from ... where ...). NOT IN would do as well, but for NULL.",
        "not exists (from raw_partition_data where partition_key = key)",
    ),
    scenarios=(
        _some_missing,
        _none_missing,
        _no_rows,
        _apostrophes,
        _lookalikes,
        _retired,
        _row_of_no_key,
    ),
    also_right=(
        _function(_STORED, "return sorted(set(registered) - {key for (key,) in stored})"),
        _function(
            'query = "select unnest(?) except select partition_key from raw_partition_data"',
            "return [row[0] for row in con.execute(query, [registered]).fetchall()]",
        ),
        _function(
            'keys = pd.DataFrame({"key": registered})',
            "return con.execute(",
            '    "select key from keys left join raw_partition_data on partition_key = key "',
            '    "where partition_key is null"',
            ").df()['key']",
            before="import pandas as pd\n\n\n",
        ),
        _where("key not in (from raw_partition_data select partition_key where partition_key is not null)"),
        _function(
            'query = "select 1 from raw_partition_data where partition_key = ? limit 1"',
            "for key in registered:",
            "    if con.execute(query, [key]).fetchone() is None:",
            "        yield key",
        ),
    ),
    wrong=(
        (_where("key not in (select partition_key from raw_partition_data)"), "not-in-survives-null"),
        (_where("key <> all (select partition_key from raw_partition_data)"), "not-in-survives-null"),
        (
            _function(_STORED, "return list({key for (key,) in stored} ^ set(registered))"),
            "three-records-are-one",
        ),
        (
            _function(
                "found = con.execute(",
                '    "select coalesce(key, partition_key) from (select unnest(?) as key) "',
                '    "full join raw_partition_data on partition_key = key "',
                '    "where key is null or partition_key is null",',
                "    [registered],",
                ").fetchall()",
                "return [key for (key,) in set(found)]",
            ),
            "three-records-are-one",
        ),
        (
            _function(
                """keys = ", ".join(f"('{key}')" for key in registered)""",
                "found = con.execute(",
                '    f"select key from (values {keys}) as t(key) "',
                '    "where not exists (from raw_partition_data where partition_key = key)"',
                ").fetchall()",
                "return [key for (key,) in found]",
            ),
            "quotes-make-a-key-safe",
        ),
        (
            _where("not exists (from raw_partition_data where partition_key like key)"),
            "any-comparison-finds-a-key",
        ),
        (
            _where("not exists (from raw_partition_data where lower(partition_key) = lower(key))"),
            "any-comparison-finds-a-key",
        ),
    ),
)
