"""What the scenarios of a reload say of loads that no exercise lists, on a source of other columns."""

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

Answer = Callable[[Any, str, str], object]


def call(sandbox: Sandbox, answer: Answer, key: str) -> None:
    """Let the answer load a key, into a table that is there at first."""
    is_new = not sandbox.lab.database.exists()
    with duckdb.connect(sandbox.lab.database) as con:
        if is_new:
            con.execute("create table readings (hour int, degrees double, note text, partition_key text)")
        answer(con, key, str(sandbox.lab.source / f"{key}.csv"))


def judge(happening: reload.Happening, answer: Answer) -> Miss | None:
    """Say what the scenario finds wrong with a load."""
    return reload.scenario(happening, READINGS, call)(answer)


def good(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
    """Load as the notebook does in the end."""
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
def test_a_good_load_has_nothing_to_fear(happening: reload.Happening) -> None:
    """Also one of other columns, in another table; an empty value is equal to itself."""
    assert judge(happening, good) is None


def test_a_scenario_is_named_by_its_source() -> None:
    """The keys stand in the sentence that the learner reads."""
    named = reload.scenario(reload.beside_another, READINGS, call)
    assert named.__doc__ == "roof is loaded after cellar."


def test_rows_of_nobody_are_told_of() -> None:
    """Not as a table without rows."""

    def without_key(con: Any, _key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute("insert into readings by name from read_csv(?)", [path])

    miss = judge(reload.loaded_three_times, without_key)
    assert miss == Miss(seen="9 rows whose partition_key is NULL", expected="3 rows of roof")


def test_a_table_that_is_gone_is_told_of() -> None:
    """Whatever the scenario looks for in it."""

    def dropping(con: Any, _key: str, _path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute("drop table if exists readings")

    expected = "readings, with the rows of each key"
    gone = judge(reload.broken_after_good, dropping)
    assert gone == Miss(seen="no table readings", expected=expected)

    def without_column(con: Any, _key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute("create or replace table readings as from read_csv(?)", [path])

    miss = judge(reload.loaded_three_times, without_column)
    assert miss is not None
    assert miss.seen.startswith("readings cannot be read: Binder Error")
    assert miss.expected == expected


def test_a_transaction_left_open_stores_nothing() -> None:
    """The rows that only its own connection sees are none."""

    def uncommitted(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.begin()
        con.execute(INSERT, [key, path])

    assert judge(reload.loaded_three_times, uncommitted) == Miss(
        seen="0 rows of roof", expected="3 rows of roof, inserted after the delete and committed"
    )


def test_rows_that_have_changed_are_counted() -> None:
    """An old version of a row is no row of the corrected file."""

    def upsert(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute(f"{DELETE} and hour in (select hour from read_csv(?))", [key, path])
        con.execute(INSERT, [key, path])

    assert judge(reload.corrected, upsert) == Miss(
        "loading-what-is-new-is-enough",
        seen="3 rows of roof, 1 of them not as in its file",
        expected="2 rows of roof",
    )


def test_a_key_that_is_changed_to_be_safe_is_another_key() -> None:
    """As one without its apostrophe; and a key that stands in the code is not deleted at all."""

    def stripped(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        good(con, key.replace("'", ""), path)

    def fixed(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute(DELETE, ["roof"])
        con.execute(INSERT, [key, path])

    awkward = reload.with_an_apostrophe
    assert judge(awkward, stripped) == Miss("quotes-make-a-key-safe", "0 rows of o'hare", "2 rows of o'hare")
    assert judge(awkward, fixed) == Miss("loading-twice-is-harmless", "4 rows of o'hare", "2 rows of o'hare")


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ("partition_key like ?", "0 rows of blue-bird"),
        ("lower(partition_key) = lower(?)", "0 rows of BLUE_BIRD"),
        ("contains(?, partition_key)", "0 rows of blue"),
    ],
)
def test_a_comparison_that_finds_other_keys_takes_their_rows(condition: str, seen: str) -> None:
    """Each loose comparison finds another one of those that are alike."""

    def loose(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute(f"delete from readings where {condition}", [key])
        con.execute(INSERT, [key, path])

    miss = judge(reload.beside_lookalikes, loose)
    assert miss == Miss(
        "any-comparison-finds-a-key", seen, expected=f"2 rows of {seen.removeprefix('0 rows of ')}"
    )


def test_columns_in_another_order_are_matched_by_name() -> None:
    """By position, a note is refused as an hour; where the types allow it, it is stored as one."""

    def by_name(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute("insert into readings by name select *, ? as partition_key from read_csv(?)", [key, path])

    def as_text(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute("create or replace table readings as select * replace (hour::text as hour) from readings")
        con.execute(INSERT, [key, path])

    turned = reload.with_columns_in_another_order
    assert judge(turned, by_name) is None
    refused = judge(turned, good)
    assert refused is not None
    assert refused.misconception == "columns-are-matched-by-name"
    assert refused.seen.startswith("ConversionException: Conversion Error: Could not convert string 'damp'")
    assert judge(turned, as_text) == Miss(
        "columns-are-matched-by-name",
        seen="2 rows of cellar, 2 of them not as in its file",
        expected="2 rows of cellar",
    )


@pytest.mark.parametrize("values", ["[path]", "[None]"])
def test_a_delete_that_finds_nothing_is_told_of_as_one(values: str, run_cell: Callable[[str], Any]) -> None:
    """Not as a load that has none."""
    verdict = run_cell(EXERCISES["2.3"].solution.replace('?", [key])', f'?", {values})'))
    assert verdict.misconception == ""
    assert dict(verdict.facts)["Seen"] == "24 rows of acme: the delete has left some, or found none"


def test_sql_in_a_key_that_is_run_is_found() -> None:
    """Also by a load that knows how to double the one apostrophe of o'hare."""

    def pasted(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        quoted = key.replace("'h", "''h")
        con.execute(f"delete from readings where partition_key = '{quoted}'")
        con.execute(INSERT, [key, path])

    assert judge(reload.with_an_apostrophe, pasted) is None
    miss = judge(reload.with_sql_in_the_key, pasted)
    assert miss is not None
    assert miss.misconception == "quotes-make-a-key-safe"
    assert miss.seen.startswith("CatalogException: Catalog Error: Table with name readings does not exist")


def test_a_broken_file_has_to_be_refused() -> None:
    """Neither may its good lines take the place of the rows, nor may its rows be lost without a word."""

    def lenient(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute(DELETE, [key])
        con.execute(
            "insert into readings select hour, try_cast(degrees as double), note, ? from read_csv(?) "
            "where try_cast(degrees as double) is not null",
            [key, path],
        )

    def silent(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        con.execute(DELETE, [key])
        try:
            con.execute(INSERT, [key, path])
        except duckdb.Error:
            return

    assert judge(reload.broken_after_good, lenient) == Miss(
        "caught-errors-are-handled",
        seen="2 rows of roof, and a run that succeeded",
        expected="the 3 rows of the good file, and a run that fails",
    )
    assert judge(reload.broken_after_good, silent) == Miss(
        "delete-then-insert-is-safe", "0 rows of roof", "3 rows of roof"
    )


def test_what_is_not_duckdbs_is_raised() -> None:
    """Only what the key's own characters bring about is told of as such."""

    def divided(con: Any, key: str, path: str) -> None:  # noqa: ANN401 - DuckDB's connection
        good(con, key, path)
        assert key == "roof", "only one customer"

    with pytest.raises(AssertionError, match="only one customer"):
        judge(reload.with_an_apostrophe, divided)


def test_the_records_of_monday_are_those_that_are_asked_about() -> None:
    """What has happened to each key is real, and shows in its line; and twice it is the same."""
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


def test_a_letter_that_does_not_fit_is_told_what_contradicts_it() -> None:
    """One record that the letter would have left otherwise; a belief only where one explains the letter."""
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
