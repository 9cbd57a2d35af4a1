"""What is said of answers to exercise 4.4 that none of its proofs lists."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.verdict import Verdict

FOUR_KEYS = "Of four registered keys, bluebird and zenith have no rows."
TWO_OF_THEM = "a list of keys: 'bluebird', 'zenith'"
MISSING = (
    "select key from (select unnest(?) as key) "
    "where not exists (from raw_partition_data where partition_key = key) order by key"
)

Connection = duckdb.DuckDBPyConnection


def verdict_on(answer: object) -> Verdict:
    """Judge a function as `check` does, and record nothing."""
    return judge(EXERCISES["4.4"], (answer,))


def missing(con: Connection, registered: list[str]) -> list[str]:
    """Return the right answer."""
    return [key for (key,) in con.execute(MISSING, [registered]).fetchall()]


def as_set(con: Connection, registered: list[str]) -> set[str]:
    """Return them in no order."""
    return set(missing(con, registered))


def backwards(con: Connection, registered: list[str]) -> Iterator[str]:
    """Return what can be gone through once."""
    return reversed(missing(con, registered))


def in_place(con: Connection, registered: list[str]) -> list[str]:
    """Take the others out of the given list, and close the given connection."""
    stored = con.execute("select partition_key from raw_partition_data").fetchall()
    con.close()
    for key in list(registered):
        if (key,) in stored:
            registered.remove(key)
    return registered


def with_a_table_of_its_own(con: Connection, registered: list[str]) -> list[Any]:
    """Make a temporary table, which a connection for reading allows."""
    con.execute("create temp table keys as select unnest(?) as key", [registered])
    found = con.execute("select key from keys anti join raw_partition_data on partition_key = key")
    return list(found.fetchnumpy()["key"])


@pytest.mark.parametrize("answer", [missing, as_set, backwards, in_place, with_a_table_of_its_own])
def test_each_way_to_find_them_is_right(answer: object) -> None:
    """Whatever holds the keys, in any order."""
    verdict = verdict_on(answer)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


def rows_as_they_come(con: Connection, registered: list[str]) -> list[Any]:
    """Return tuples."""
    return con.execute(MISSING, [registered]).fetchall()


def one_text(con: Connection, registered: list[str]) -> str:
    """Return a text, which holds texts as well."""
    return ", ".join(missing(con, registered))


def counts(con: Connection, registered: list[str]) -> dict[str, int]:
    """Return a dict."""
    return dict.fromkeys(missing(con, registered), 0)


def nothing(con: Connection, registered: list[str]) -> None:
    """Return nothing."""
    con.execute(MISSING, [registered])


def unread(con: Connection, _registered: list[str]) -> object:
    """Return a relation, which could not be shown once the connection is closed."""
    return con.sql("select 'zenith' as key")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (rows_as_they_come, "a list with ('bluebird',) in it, which is no text"),
        (one_text, "'bluebird, zenith'"),
        (counts, "{'bluebird': 0, 'zenith': 0}"),
        (nothing, "None"),
    ],
)
def test_what_is_no_list_of_keys_is_told_as_it_is(answer: object, seen: str) -> None:
    """With no belief behind it."""
    verdict = verdict_on(answer)
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts == (("Scenario", FOUR_KEYS), ("Seen", seen), ("Expected", TWO_OF_THEM))


def test_a_relation_is_told_as_it_is() -> None:
    """And not as an error of a connection that the check has closed."""
    verdict = verdict_on(unread)
    assert verdict.outcome is Outcome.NOT_YET
    assert "zenith" in dict(verdict.facts)["Seen"]


def each_pair(con: Connection, registered: list[str]) -> list[Any]:
    """Compare each key with each row."""
    query = "select key from (select unnest(?) as key), raw_partition_data where key <> partition_key"
    return sorted(key for (key,) in con.execute(query, [registered]).fetchall())


def test_a_key_that_comes_twice_is_too_many() -> None:
    """All that was returned is told."""
    facts = dict(verdict_on(each_pair).facts)
    assert facts["Seen"] == "'acme', 'bluebird', 'bluebird', 'bluebird', 'bluebird', … 'zenith' (12 in all)"


def without_null(con: Connection, registered: list[str]) -> list[Any]:
    """Fail in another way than NOT IN does: the row of no key counts as one of the keys that are missing."""
    query = "select coalesce(partition_key, 'zenith') from raw_partition_data"
    stored = {key for (key,) in con.execute(query).fetchall()}
    return [key for key in registered if key not in stored]


def test_another_mistake_about_null_has_another_belief() -> None:
    """NOT IN returns no key at all; whoever returns one has not used it."""
    verdict = verdict_on(without_null)
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts[:2] == (
        ("Scenario", "There is a row whose partition_key is NULL."),
        ("Seen", "'bluebird'"),
    )


def writing(con: Connection, registered: list[str]) -> list[Any]:
    """Leave a table behind."""
    con.execute("create table keys as select unnest(?) as key", [registered])
    return []


def test_a_table_cannot_be_left_behind() -> None:
    """The connection is for reading only, and says so."""
    verdict = verdict_on(writing)
    assert verdict.outcome is Outcome.RAISED
    assert "read-only mode" in dict(verdict.facts)["Raised"]


def test_a_list_is_no_answer() -> None:
    """The function is asked for, not what it returns."""
    verdict = verdict_on(["bluebird", "zenith"])
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "Give check your function" in " ".join(verdict.lines)
