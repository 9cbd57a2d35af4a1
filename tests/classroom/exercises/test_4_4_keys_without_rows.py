"""Verdicts on answers to exercise 4.4 that show no belief."""

from typing import Any

import duckdb
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.verdict import Verdict

FOUR_KEYS = "Of four registered keys, bluebird and zenith have no rows."
TWO_OF_THEM = "a list of keys: 'bluebird', 'zenith'"
QUERY = (
    "select key from (select unnest(?) as key) "
    "where not exists (from raw_partition_data where partition_key = key) order by key"
)

Connection = duckdb.DuckDBPyConnection


def judge_answer(answer: object) -> Verdict:
    """Judge a function as `check` does, and record nothing."""
    return judge(EXERCISES["4.4"], (answer,))


def find_keys(con: Connection, registered: list[str]) -> list[str]:
    """Return the keys without rows."""
    return [key for (key,) in con.execute(QUERY, [registered]).fetchall()]


def return_tuples(con: Connection, registered: list[str]) -> list[Any]:
    """Return the rows as DuckDB returns them."""
    return con.execute(QUERY, [registered]).fetchall()


def return_text(con: Connection, registered: list[str]) -> str:
    """Return a text, which Python can iterate over as well."""
    return ", ".join(find_keys(con, registered))


def return_dict(con: Connection, registered: list[str]) -> dict[str, int]:
    """Return a dict."""
    return dict.fromkeys(find_keys(con, registered), 0)


def return_nothing(con: Connection, registered: list[str]) -> None:
    """Return nothing."""
    con.execute(QUERY, [registered])


def return_frame(con: Connection, registered: list[str]) -> object:
    """Return a DataFrame, over whose columns Python iterates."""
    return con.execute(QUERY, [registered]).df()


def return_relation(con: Connection, _registered: list[str]) -> object:
    """Return a relation, which cannot be formatted once the connection is closed."""
    return con.sql("select 'zenith' as key")


@pytest.mark.parametrize(
    ("answer", "seen"),
    [
        (return_tuples, "a list with ('bluebird',) in it, which is not text"),
        (return_text, "'bluebird, zenith'"),
        (return_dict, "{'bluebird': 0, 'zenith': 0}"),
        (return_nothing, "None"),
        (return_frame, "a DataFrame with the columns 'key'"),
    ],
)
def test_a_value_that_is_not_a_list_of_keys_is_shown(answer: object, seen: str) -> None:
    """The verdict shows it as it is, and names no belief."""
    verdict = judge_answer(answer)
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts == (("Scenario", FOUR_KEYS), ("Seen", seen), ("Expected", TWO_OF_THEM))


def test_a_relation_is_shown() -> None:
    """Its rows are read before the check closes the connection."""
    verdict = judge_answer(return_relation)
    assert verdict.outcome is Outcome.NOT_YET
    assert "zenith" in dict(verdict.facts)["Seen"]


def compare_each_pair(con: Connection, registered: list[str]) -> list[Any]:
    """Compare each key with each row."""
    query = "select key from (select unnest(?) as key), raw_partition_data where key <> partition_key"
    return sorted(key for (key,) in con.execute(query, [registered]).fetchall())


def test_a_key_that_is_returned_twice_is_wrong() -> None:
    """The verdict shows all keys that were returned."""
    facts = dict(judge_answer(compare_each_pair).facts)
    assert facts["Seen"] == "'acme', 'bluebird', 'bluebird', 'bluebird', 'bluebird', … 'zenith' (12 in all)"


def replace_null(con: Connection, registered: list[str]) -> list[Any]:
    """Read NULL as the name of a key, which is another mistake than NOT IN."""
    query = "select coalesce(partition_key, 'zenith') from raw_partition_data"
    stored = {key for (key,) in con.execute(query).fetchall()}
    return [key for key in registered if key not in stored]


def test_another_mistake_about_null_shows_no_belief() -> None:
    """NOT IN returns no keys at all, so an answer that returns one has not used it."""
    verdict = judge_answer(replace_null)
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts[:2] == (
        ("Scenario", "There is a row whose partition_key is NULL, and a key with the name None."),
        ("Seen", "'bluebird', 'None'"),
    )


def create_table(con: Connection, registered: list[str]) -> list[Any]:
    """Leave a table behind."""
    con.execute("create table keys as select unnest(?) as key", [registered])
    return []


def test_an_answer_cannot_create_a_table() -> None:
    """The connection is read-only, and the error says so."""
    verdict = judge_answer(create_table)
    assert verdict.outcome is Outcome.RAISED
    assert "read-only mode" in dict(verdict.facts)["Raised"]


def test_a_list_is_not_an_answer() -> None:
    """The verdict asks for the function, not for what it returns."""
    verdict = judge_answer(["bluebird", "zenith"])
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "Pass your function" in " ".join(verdict.lines)
