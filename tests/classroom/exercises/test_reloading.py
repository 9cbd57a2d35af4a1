"""The scenarios of a reload, for a source with other columns, and the Monday of exercise 2.6."""

from collections.abc import Callable
from itertools import product
from typing import Any

import duckdb
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Miss
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.monday import records_of_monday

READINGS = reload.Source(
    table="readings",
    key="roof",
    file="hour,degrees,note\n1,20.5,dry\n2,21.5,\n3,19.0,wet\n",
    corrected="hour,degrees,note\n1,20.5,dry\n2,22.5,\n",
    broken="hour,degrees,note\n1,20.5,dry\n2,n/a,\n3,19.0,wet\n",
    other_key="cellar",
    other_file="hour,degrees,note\n1,12.0,damp\n4,12.5,damp\n",
)
DELETE = "delete from readings where partition_key = ?"
INSERT = "insert into readings select *, ? from read_csv(?)"

Connection = duckdb.DuckDBPyConnection
Answer = Callable[[Connection, str, str], object]


def load_key(sandbox: Sandbox, answer: Answer, key: str) -> None:
    """Let the answer load a key into a table, which is created first."""
    is_new = not sandbox.lab.database.exists()
    with duckdb.connect(sandbox.lab.database) as con:
        if is_new:
            con.execute("create table readings (hour int, degrees double, note text, partition_key text)")
        answer(con, key, str(sandbox.lab.source / f"{key}.csv"))


def judge(happening: reload.Happening, answer: Answer) -> Miss | None:
    """Return the fault that the scenario finds in a load."""
    return reload.scenario(happening, READINGS, load_key)(answer)


def load_correctly(con: Connection, key: str, path: str) -> None:
    """Load as the notebook does in its last section."""
    con.begin()
    con.execute(DELETE, [key])
    con.execute(INSERT, [key, path])
    con.commit()


@pytest.mark.parametrize(
    "happening",
    [
        reload.loaded_three_times,
        reload.corrected,
        reload.beside_another,
        reload.beside_lookalikes,
        reload.with_an_apostrophe,
        reload.with_sql_in_the_key,
        reload.broken_after_good,
    ],
)
def test_a_good_load_passes_all_scenarios(happening: reload.Happening) -> None:
    """Columns and table may have any names, and an empty value equals itself."""
    assert judge(happening, load_correctly) is None


def test_the_name_of_a_scenario_contains_the_keys() -> None:
    """They are in the sentence that the learner reads."""
    named = reload.scenario(reload.beside_another, READINGS, load_key)
    assert named.__doc__ == "roof is loaded after cellar."


def test_rows_without_a_key_are_reported() -> None:
    """They are not reported as missing rows."""

    def insert_without_key(con: Connection, _key: str, path: str) -> None:
        con.execute("insert into readings by name from read_csv(?)", [path])

    miss = judge(reload.loaded_three_times, insert_without_key)
    assert miss == Miss(seen="9 rows whose partition_key is NULL", expected="3 rows of roof")


def test_a_missing_table_or_column_is_reported() -> None:
    """The verdict says so instead of raising DuckDB's error."""

    def drop_table(con: Connection, _key: str, _path: str) -> None:
        con.execute("drop table if exists readings")

    expected = "readings, with the rows of each key"
    gone = judge(reload.broken_after_good, drop_table)
    assert gone == Miss(seen="no table readings", expected=expected)

    def replace_table(con: Connection, _key: str, path: str) -> None:
        con.execute("create or replace table readings as from read_csv(?)", [path])

    miss = judge(reload.loaded_three_times, replace_table)
    assert miss is not None
    assert miss.seen.startswith("readings cannot be read: Binder Error")
    assert miss.expected == expected


def test_a_transaction_left_open_stores_nothing() -> None:
    """Rows that only its own connection sees do not count."""

    def leave_transaction_open(con: Connection, key: str, path: str) -> None:
        con.begin()
        con.execute(INSERT, [key, path])

    assert judge(reload.loaded_three_times, leave_transaction_open) == Miss(
        seen="0 rows of roof", expected="3 rows of roof, inserted after the delete and committed"
    )


def test_rows_of_an_earlier_version_are_counted() -> None:
    """They are not rows of the corrected file."""

    def upsert(con: Connection, key: str, path: str) -> None:
        con.execute(f"{DELETE} and hour in (select hour from read_csv(?))", [key, path])
        con.execute(INSERT, [key, path])

    assert judge(reload.corrected, upsert) == Miss(
        "loading-what-is-new-is-enough",
        seen="3 rows of roof, 1 of them not as in its file",
        expected="2 rows of roof",
    )


def test_a_changed_or_fixed_key_is_wrong() -> None:
    """A key without its apostrophe is another key, and a key in the code deletes no other key."""

    def strip_apostrophe(con: Connection, key: str, path: str) -> None:
        load_correctly(con, key.replace("'", ""), path)

    def delete_fixed_key(con: Connection, key: str, path: str) -> None:
        con.execute(DELETE, ["roof"])
        con.execute(INSERT, [key, path])

    awkward = reload.with_an_apostrophe
    assert judge(awkward, strip_apostrophe) == Miss(
        "quotes-make-a-key-safe", "0 rows of o'hare", "2 rows of o'hare"
    )
    assert judge(awkward, delete_fixed_key) == Miss(
        "loading-twice-is-harmless", "4 rows of o'hare", "2 rows of o'hare"
    )


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ("partition_key like ?", "0 rows of blue-bird"),
        ("lower(partition_key) = lower(?)", "0 rows of BLUE_BIRD"),
        ("contains(?, partition_key)", "0 rows of blue"),
    ],
)
def test_a_loose_comparison_deletes_rows_of_lookalikes(condition: str, seen: str) -> None:
    """Each loose comparison finds another lookalike key."""

    def compare_loosely(con: Connection, key: str, path: str) -> None:
        con.execute(f"delete from readings where {condition}", [key])
        con.execute(INSERT, [key, path])

    miss = judge(reload.beside_lookalikes, compare_loosely)
    assert miss == Miss(
        "any-comparison-finds-a-key", seen, expected=f"2 rows of {seen.removeprefix('0 rows of ')}"
    )


def test_columns_in_another_order_are_matched_by_name() -> None:
    """By position, DuckDB rejects a note as an hour, or stores it if the types allow that."""

    def insert_by_name(con: Connection, key: str, path: str) -> None:
        con.execute("insert into readings by name select *, ? as partition_key from read_csv(?)", [key, path])

    def store_as_text(con: Connection, key: str, path: str) -> None:
        con.execute("create or replace table readings as select * replace (hour::text as hour) from readings")
        con.execute(INSERT, [key, path])

    reordered = reload.with_columns_in_another_order
    assert judge(reordered, insert_by_name) is None
    rejected = judge(reordered, load_correctly)
    assert rejected is not None
    assert rejected.misconception == "columns-are-matched-by-name"
    assert rejected.seen.startswith("ConversionException: Conversion Error: Could not convert string 'damp'")
    assert judge(reordered, store_as_text) == Miss(
        "columns-are-matched-by-name",
        seen="2 rows of cellar, 2 of them not as in its file",
        expected="2 rows of cellar",
    )


@pytest.mark.parametrize("values", ["[path]", "[None]"])
def test_a_delete_that_finds_nothing_shows_no_belief(values: str, run_cell: Callable[[str], Any]) -> None:
    """It is not the same fault as a load without a delete."""
    verdict = run_cell(EXERCISES["2.3"].solution.replace('?", [key])', f'?", {values})'))
    assert verdict.misconception == ""
    assert dict(verdict.facts)["Seen"] == "24 rows of acme: the delete has left some, or found none"


def test_sql_in_a_key_that_is_run_is_found() -> None:
    """It is found even if the load doubles the only apostrophe of o'hare."""

    def paste_key(con: Connection, key: str, path: str) -> None:
        quoted = key.replace("'h", "''h")
        con.execute(f"delete from readings where partition_key = '{quoted}'")
        con.execute(INSERT, [key, path])

    assert judge(reload.with_an_apostrophe, paste_key) is None
    miss = judge(reload.with_sql_in_the_key, paste_key)
    assert miss is not None
    assert miss.misconception == "quotes-make-a-key-safe"
    assert miss.seen.startswith("CatalogException: Catalog Error: Table with name readings does not exist")


def test_a_broken_file_must_be_rejected() -> None:
    """Its good lines may not replace the rows of the key, and the rows may not be lost silently."""

    def omit_bad_lines(con: Connection, key: str, path: str) -> None:
        con.execute(DELETE, [key])
        con.execute(
            "insert into readings select hour, try_cast(degrees as double), note, ? from read_csv(?) "
            "where try_cast(degrees as double) is not null",
            [key, path],
        )

    def ignore_error(con: Connection, key: str, path: str) -> None:
        con.execute(DELETE, [key])
        try:
            con.execute(INSERT, [key, path])
        except duckdb.Error:
            return

    assert judge(reload.broken_after_good, omit_bad_lines) == Miss(
        "caught-errors-are-handled",
        seen="2 rows of roof, and a run that succeeded",
        expected="the 3 rows of the good file, and a run that fails",
    )
    assert judge(reload.broken_after_good, ignore_error) == Miss(
        "delete-then-insert-is-safe", "0 rows of roof", "3 rows of roof"
    )


def test_another_error_than_duckdbs_is_raised() -> None:
    """Only an error of DuckDB is blamed on the characters of the key."""

    def raise_other_error(con: Connection, key: str, path: str) -> None:
        load_correctly(con, key, path)
        assert key == "roof", "only one customer"

    with pytest.raises(AssertionError, match="only one customer"):
        judge(reload.with_an_apostrophe, raise_other_error)


def test_the_records_of_monday_are_real() -> None:
    """Each key's records show what happened to it, and are the same each time."""
    found = records_of_monday()
    lines = {
        record.key: (record.registered, record.materialized != (None,), record.failed, record.rows)
        for record in found.keys
    }
    assert lines == {
        "acme": (True, True, (False,), 8),
        "bluebird": (True, True, (False,), 0),
        "o'hare": (False, True, (False,), 6),
        "zenith": (True, True, (True,), 0),
    }
    assert repr(found) == repr(records_of_monday())


def test_a_wrong_letter_is_contradicted_by_a_record() -> None:
    """The verdict shows a record that the letter would have changed, and a belief if one explains it."""
    [scenario] = EXERCISES["2.6"].scenarios
    right = {"bluebird": "d", "o'hare": "b", "zenith": "c"}
    assert scenario(right) is None
    assert scenario(right | {"bluebird": "c"}) == Miss(
        seen="bluebird has no failed run",
        expected="after c, as you say, it has a failed last run",
    )
    assert scenario(right | {"o'hare": "e"}) == Miss(
        "three-records-are-one",
        seen="o'hare has rows",
        expected="after e, as you say, it has no rows",
    )
    for key, letter in product(right, "abcde"):
        miss = scenario(right | {key: letter})
        assert (miss is None) == (letter == right[key])
