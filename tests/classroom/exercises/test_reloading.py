"""The scenarios of a reload, for a source with other columns, and the Monday of exercise 2.6."""

import unicodedata
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Miss
from lesson_lib.classroom.exercises.sandbox import Sandbox
from lesson_lib.course import reloading as reload
from lesson_lib.course.csv_source import Source
from lesson_lib.course.lookalikes import ACCENTED_KEY
from lesson_lib.course.monday import records_of_monday

READINGS = Source(
    table="readings",
    key="roof",
    file="hour,degrees,note\n1,20.5,dry\n2,21.5,\n3,19.0,wet\n",
    corrected="hour,degrees,note\n1,20.5,dry\n2,22.5,\n",
    swapped="hour,degrees,note\n1,20.5,dry\n2,19.0,\n3,21.5,wet\n",
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


def judge(check: reload.Check, answer: Answer) -> Miss | None:
    """Return the fault that the scenario finds in a load."""
    return reload.scenario(check, READINGS, load_key)(answer)


def load_correctly(con: Connection, key: str, path: str) -> None:
    """Load as the notebook does in its last section."""
    con.begin()
    con.execute(DELETE, [key])
    con.execute(INSERT, [key, path])
    con.commit()


@pytest.mark.parametrize(
    "check",
    [
        reload.check_three_loads,
        reload.check_correction,
        reload.check_swapped_values,
        reload.check_other_key,
        reload.check_lookalikes,
        reload.check_apostrophe,
        reload.check_sql_in_key,
        reload.check_failures,
    ],
)
def test_a_good_load_passes_all_scenarios(check: reload.Check) -> None:
    """Columns and table may have any names, and an empty value equals itself."""
    assert judge(check, load_correctly) is None


def test_the_name_of_a_scenario_contains_the_keys() -> None:
    """They are in the sentence that the learner reads."""
    named = reload.scenario(reload.check_other_key, READINGS, load_key)
    assert named.__doc__ == "roof is loaded after cellar."


def test_rows_without_a_key_are_reported() -> None:
    """They are not reported as missing rows."""

    def insert_without_key(con: Connection, _key: str, path: str) -> None:
        con.execute("insert into readings by name from read_csv(?)", [path])

    miss = judge(reload.check_three_loads, insert_without_key)
    expected = "3 rows of roof, those of its file"
    assert miss == Miss(seen="3 rows whose partition_key is NULL", expected=expected)


def test_a_missing_table_or_column_is_reported() -> None:
    """The verdict says so instead of raising DuckDB's error."""

    def drop_table(con: Connection, _key: str, _path: str) -> None:
        con.execute("drop table if exists readings")

    expected = "readings, with the rows of each key"
    gone = judge(reload.check_failures, drop_table)
    assert gone == Miss(seen="no table readings", expected=expected)

    def replace_table(con: Connection, _key: str, path: str) -> None:
        con.execute("create or replace table readings as from read_csv(?)", [path])

    miss = judge(reload.check_three_loads, replace_table)
    assert miss is not None
    assert miss.seen.startswith("readings cannot be read: Binder Error")
    assert miss.expected == expected


def test_a_transaction_left_open_stores_nothing() -> None:
    """Rows that only its own connection sees do not count."""

    def leave_transaction_open(con: Connection, key: str, path: str) -> None:
        con.begin()
        con.execute(INSERT, [key, path])

    assert judge(reload.check_three_loads, leave_transaction_open) == Miss(
        seen="0 rows of roof", expected="3 rows of roof, those of its file"
    )


def test_rows_of_an_earlier_version_are_counted() -> None:
    """They are not rows of the corrected file."""

    def upsert(con: Connection, key: str, path: str) -> None:
        con.execute(f"{DELETE} and hour in (select hour from read_csv(?))", [key, path])
        con.execute(INSERT, [key, path])

    assert judge(reload.check_correction, upsert) == Miss(
        "loading-what-is-new-is-enough",
        seen="3 rows of roof, 1 of them from the first file",
        expected="2 rows of roof, those of its file",
    )


def test_a_changed_or_fixed_key_is_wrong() -> None:
    """A key without its apostrophe is another key, and a key in the code deletes no other key."""

    def strip_apostrophe(con: Connection, key: str, path: str) -> None:
        load_correctly(con, key.replace("'", ""), path)

    def delete_fixed_key(con: Connection, key: str, path: str) -> None:
        con.execute(DELETE, ["roof"])
        con.execute(INSERT, [key, path])

    awkward = reload.check_apostrophe
    expected = "2 rows of o'hare, those of its file"
    assert judge(awkward, strip_apostrophe) == Miss(seen="0 rows of o'hare", expected=expected)
    assert judge(awkward, delete_fixed_key) == Miss(
        seen="4 rows of o'hare, 2 of them repeated, such as hour 1, degrees 12, note 'damp'",
        expected=expected,
    )


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ("partition_key like $key", "'Café-Müller-Söhne-2018.eu'"),
        ("$key like partition_key", "'globex_eu'"),
        ("partition_key ilike $key", "'GLOBEX.EU'"),
        ("partition_key glob $key || '*'", "'globex.eu.old'"),
        ("lower(partition_key) = $key", "'GLOBEX.EU'"),
        ("partition_key in ($key, lower($key))", "'café_müller_söhne_2018.eu'"),
        ("partition_key in ($key, trim($key) || ' ')", "'globex.eu '"),
        ("trim(partition_key) = $key", "' globex.eu'"),
        ("strip_accents(partition_key) = $key or partition_key = $key", "'globex.eú'"),
        ("partition_key in ($key, strip_accents($key))", "'Cafe_Muller_Sohne_2018.eu'"),
        ("nfc_normalize(partition_key) = $key", f"'{unicodedata.normalize('NFD', ACCENTED_KEY)}'"),
        ("regexp_matches(partition_key, $key)", "'globex.eu.old'"),
        ("regexp_full_match($key, partition_key)", "'Café.Müller.Söhne.2018.eu'"),
        ("starts_with(partition_key, $key)", "'globex.eu.old'"),
        ("starts_with($key, partition_key)", "'globex'"),
        ("ends_with(partition_key, $key)", "'old.globex.eu'"),
        ("ends_with($key, partition_key)", "'eu'"),
        ("contains($key, partition_key)", "'globex'"),
        ("split_part(partition_key, '.', 1) = split_part($key, '.', 1)", "'globex'"),
        ("split_part(partition_key, '.', -1) = split_part($key, '.', -1)", "'old.globex.eu'"),
        ("left(partition_key, 20) = left($key, 20)", "'Café_Müller_Söhne_2018_eu'"),
        ("right(partition_key, 20) = right($key, 20)", "'Kafé_Müller_Söhne_2018.eu'"),
        ("length(partition_key) = length($key)", "'globex.us'"),
        ("levenshtein(partition_key, $key) < 2", "'Globex.eu'"),
    ],
)
def test_a_loose_comparison_deletes_rows_of_lookalikes(condition: str, seen: str) -> None:
    """Whichever side is loosened, the shorter or the longer one of two keys loses rows."""

    def compare_loosely(con: Connection, key: str, path: str) -> None:
        con.execute(f"delete from readings where {condition}", {"key": key})
        con.execute(INSERT, [key, path])

    miss = judge(reload.check_lookalikes, compare_loosely)
    assert miss is not None
    assert (miss.misconception, miss.seen) == ("any-comparison-finds-a-key", f"0 rows of {seen}")
    assert miss.expected == f"2 rows of {seen}, those of its file"


@pytest.mark.parametrize(
    ("condition", "seen"),
    [
        ("partition_key is null", "0 rows whose partition_key is NULL"),
        ("true", "0 rows of 'globex'"),
        ("hour < 9", "0 rows of 'globex'"),
    ],
)
def test_not_every_lost_row_is_blamed_on_a_loose_comparison(condition: str, seen: str) -> None:
    """Keys were not compared loosely if all lookalikes lose rows, or only rows without a key are lost."""

    def delete_more(con: Connection, key: str, path: str) -> None:
        con.execute(f"delete from readings where partition_key = $key or {condition}", {"key": key})
        con.execute(INSERT, [key, path])

    miss = judge(reload.check_lookalikes, delete_more)
    assert miss is not None
    assert (miss.misconception, miss.seen) == ("", seen)


def test_columns_in_another_order_are_matched_by_name() -> None:
    """By position, DuckDB rejects a note as an hour, or stores it if the types allow that."""

    def skip_other_columns(con: Connection, key: str, path: str) -> None:
        if Path(path).read_text().startswith("hour"):
            load_correctly(con, key, path)

    def insert_by_name(con: Connection, key: str, path: str) -> None:
        con.execute("insert into readings by name select *, ? as partition_key from read_csv(?)", [key, path])

    def store_as_text(con: Connection, key: str, path: str) -> None:
        con.execute("create or replace table readings as select * replace (hour::text as hour) from readings")
        con.execute(INSERT, [key, path])

    reordered = reload.check_column_order
    assert judge(reordered, insert_by_name) is None
    rejected = judge(reordered, load_correctly)
    assert rejected is not None
    assert rejected.misconception == "columns-are-matched-by-name"
    assert rejected.seen.startswith("ConversionException: Conversion Error: Could not convert string 'damp'")
    assert judge(reordered, skip_other_columns) == Miss(
        seen="0 rows of cellar", expected="2 rows of cellar, those of its file"
    )
    assert judge(reordered, store_as_text) == Miss(
        "columns-are-matched-by-name",
        seen="2 rows of cellar, and in row 1, hour is 'damp' in the table, 1 in its file",
        expected="2 rows of cellar, those of its file",
    )


@pytest.mark.parametrize("values", ["[path]", "[None]"])
def test_a_delete_that_finds_nothing_shows_no_belief(values: str, run_cell: Callable[[str], Any]) -> None:
    """It is not the same fault as a load without a delete."""
    verdict = run_cell(EXERCISES["2.3"].solution.replace('?", [key])', f'?", {values})'))
    assert verdict.misconception == ""
    assert dict(verdict.facts)["Seen"].startswith("21 rows of 2018-01-22, 14 of them repeated")
    assert dict(verdict.facts)["Seen"].endswith(": the delete has found none of the key's rows")


def test_sql_in_a_key_that_is_run_is_found() -> None:
    """It is found even if the load doubles the only apostrophe of o'hare."""

    def paste_key(con: Connection, key: str, path: str) -> None:
        quoted = key.replace("'h", "''h")
        con.execute(f"delete from readings where partition_key = '{quoted}'")
        con.execute(INSERT, [key, path])

    assert judge(reload.check_apostrophe, paste_key) is None
    miss = judge(reload.check_sql_in_key, paste_key)
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

    def store_null(con: Connection, key: str, path: str) -> None:
        con.execute(DELETE, [key])
        con.execute(
            "insert into readings select hour, try_cast(degrees as double), note, ? from read_csv(?)",
            [key, path],
        )

    def skip_quietly(con: Connection, key: str, path: str) -> None:
        con.begin()
        with suppress(duckdb.ConversionException):
            load_correctly(con.cursor(), key, path)

    expected = "a run that fails and leaves 3 rows of roof, those of the good file"
    for answer, belief, seen in (
        (omit_bad_lines, "", "2 rows of roof, without row 2: hour 2, degrees 21.5, note NULL"),
        (
            store_null,
            "null-stands-for-a-bad-value",
            "3 rows of roof, and in row 2, degrees is NULL in the table, 21.5 in the good file",
        ),
        (skip_quietly, "caught-errors-are-handled", "3 rows of roof, those of the good file"),
        (ignore_error, "delete-then-insert-is-safe", "0 rows of roof"),
    ):
        assert judge(reload.check_failures, answer) == Miss(
            belief, f"for the broken file, a run that succeeded and left {seen}", expected
        )


def test_a_good_file_is_loaded_after_a_broken_one() -> None:
    """Whatever the failed load leaves behind, the next one succeeds, and other keys keep their rows."""

    def leave_staging_table(con: Connection, key: str, path: str) -> None:
        con.execute("create table staging as from readings limit 0")
        con.execute("insert into staging select *, ? from read_csv(?)", [key, path])
        con.begin()
        con.execute(DELETE, [key])
        con.execute("insert into readings from staging")
        con.execute("drop table staging")
        con.commit()

    def delete_others_on_error(con: Connection, key: str, path: str) -> None:
        try:
            load_correctly(con, key, path)
        except duckdb.Error:
            con.rollback()
            con.execute("delete from readings where partition_key <> ?", [key])
            raise

    assert judge(reload.check_failures, leave_staging_table) == Miss(
        seen="the good file after the broken one is rejected: CatalogException: Catalog Error: "
        'Table with name "staging" already exists',
        expected="2 rows of roof, those of its file",
    )
    assert judge(reload.check_failures, delete_others_on_error) == Miss(
        seen="0 rows of (nobody)", expected="3 rows of (nobody), those of its file"
    )


def test_a_connection_left_open_by_a_failure_is_no_fault() -> None:
    """The failed load's own connection holds its transaction until Python removes it."""

    def open_own_connection(con: Connection, key: str, path: str) -> None:
        own = con.cursor()
        keep = [own]
        keep.append(keep)  # only the garbage collector finds it
        load_correctly(own, key, path)

    assert judge(reload.check_failures, open_own_connection) is None


def test_a_missing_file_must_fail_the_run() -> None:
    """It is not skipped, and the rows of the key stay."""

    def skip_missing_file(con: Connection, key: str, path: str) -> None:
        if Path(path).exists():
            load_correctly(con, key, path)

    def delete_first(con: Connection, key: str, path: str) -> None:
        if not Path(path).exists():
            con.execute(DELETE, [key])
        load_correctly(con, key, path)

    expected = "a run that fails and leaves 3 rows of roof, those of the good file"
    assert judge(reload.check_failures, skip_missing_file) == Miss(
        seen="without a file, a run that succeeded and left 3 rows of roof, those of the good file",
        expected=expected,
    )
    assert judge(reload.check_failures, delete_first) == Miss(
        seen="without a file, a run that failed and left 0 rows of roof", expected=expected
    )


def test_an_unchanged_sum_is_no_unchanged_file() -> None:
    """Two values of a column are swapped, and the verdict shows one of them."""

    def compare_sums(con: Connection, key: str, path: str) -> None:
        sums = "select count(*), sum(degrees) from "
        stored = con.execute(f"{sums} readings where partition_key = ?", [key]).fetchall()
        if stored != con.execute(f"{sums} read_csv(?)", [path]).fetchall():
            load_correctly(con, key, path)

    assert judge(reload.check_swapped_values, compare_sums) == Miss(
        seen="3 rows of roof, and in row 2, degrees is 21.5 in the table, 19 in its file",
        expected="3 rows of roof, those of its file",
    )


def test_another_error_than_duckdbs_is_raised() -> None:
    """Only an error of DuckDB is blamed on the characters of the key."""

    def raise_other_error(con: Connection, key: str, path: str) -> None:
        load_correctly(con, key, path)
        assert key == "roof", "only one customer"

    with pytest.raises(AssertionError, match="only one customer"):
        judge(reload.check_apostrophe, raise_other_error)


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
