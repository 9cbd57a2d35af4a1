"""Verdicts on assets of exercise 4.3 that show no belief, and on uncommon right ones.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import dagster as dg
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.verdict import Verdict
from lesson_lib.pipeline import SourceFolder, Warehouse, s3_partitions_def

THREE_KEYS = "Three keys are loaded in one run: acme, bluebird and zenith.eu."
BESIDE_OTHERS = (
    "The three keys are loaded in one run; abacus and globex, two other customers, were loaded before."
)
BROKEN = "The three keys were loaded. Then bluebird's file is broken three times, and finally good again."
REFUSED = "The three keys were loaded. A CHECK constraint rejects a price in bluebird's new file."
LATE_FAULT = "bluebird's file has a word for a number in its row 21,900: "
MISSING = "The three keys were loaded. Now acme and bluebird have new files, and zenith.eu's is missing."
REVERSED = "The ends of the range are swapped: the run is for zenith.eu to acme."
DELETE = "delete from raw_partition_data where partition_key = ?"
INSERT = "insert into raw_partition_data select *, ? from read_csv(?)"

# People use these beta features at work.
BETA = pytest.mark.filterwarnings("ignore:Parameter `(backfill_policy|io_manager_def)` of function `asset`")

Keys = Callable[[dg.AssetExecutionContext], Sequence[str]]


def require_keys(context: dg.AssetExecutionContext) -> list[str]:
    """Return the keys of the run, and raise an error if there are none."""
    if not context.partition_keys:
        raise ValueError("no key")
    return list(context.partition_keys)


def make_asset(keys: Keys = require_keys, insert: str = INSERT, **options: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of dg.asset
    """Make an asset that loads the files of these keys, all or nothing."""

    @dg.asset(partitions_def=s3_partitions_def, **options)
    def my_table(context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse) -> None:
        with database.get_connection() as con:
            con.begin()
            for key in keys(context):
                con.execute(DELETE, [key])
                con.execute(insert, [key, f"{source.path}/{key}.csv"])
            con.commit()

    return my_table


def judge_answer(answer: object) -> Verdict:
    """Judge an asset as `check` does, and record nothing."""
    return judge(EXERCISES["4.3"], (answer,))


@BETA
def test_a_backfill_policy_is_right_as_well() -> None:
    """It asks a backfill for the one run that the tags ask for here."""
    verdict = judge_answer(make_asset(backfill_policy=dg.BackfillPolicy.single_run()))
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


@BETA
def test_a_returned_value_is_right_if_the_io_manager_takes_it() -> None:
    """Only the default IO manager rejects one value for several keys."""

    @dg.asset(partitions_def=s3_partitions_def, io_manager_def=dg.mem_io_manager)
    def my_table(
        context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
    ) -> dict[str, str]:
        files = {key: f"{source.path}/{key}.csv" for key in require_keys(context)}
        with database.get_connection() as con:
            con.begin()
            con.executemany(DELETE, [[key] for key in files])
            con.executemany(INSERT, list(files.items()))
            con.commit()
        return files

    verdict = judge_answer(my_table)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


def list_registered(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Return more keys than those of the run."""
    return context.instance.get_dynamic_partitions("s3")


@pytest.mark.parametrize(
    ("keys", "scenario", "seen", "expected"),
    [
        (
            lambda context: require_keys(context)[:1],
            THREE_KEYS,
            "0 rows of bluebird",
            "5 rows of bluebird, those of its file",
        ),
        (
            lambda context: require_keys(context)[-1:],
            THREE_KEYS,
            "0 rows of acme",
            "5 rows of acme, those of its file",
        ),
        (
            list_registered,
            BESIDE_OTHERS,
            "1 row of abacus, from its new file",
            "2 rows of abacus, those of its earlier load",
        ),
    ],
)
def test_too_few_or_too_many_keys_show_no_belief(keys: Keys, scenario: str, seen: str, expected: str) -> None:
    """The verdict shows the rows of the first key that is wrong."""
    verdict = judge_answer(make_asset(keys))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts == (("Scenario", scenario), ("Seen", seen), ("Expected", expected))


# For a wrong answer, the scenario that finds it, and what the verdict shows.
FACTS = {
    "not-yet.distinct.py": (
        "One key is loaded: acme, whose file has two equal rows, and two rows for the same day.",
        "4 rows of acme, without row 2: date 2017-09-01, share_price 10.0925, amount 1101",
        "5 rows of acme, those of its file",
    ),
    "loading-what-is-new-is-enough.number_of_rows.py": (
        "Three keys are loaded, again without bluebird's rows, and again after all files are corrected.",
        "5 rows of acme, 2 of them from its old file",
        "5 rows of acme, those of its new file",
    ),
    "delete-then-insert-is-safe.py": (
        BROKEN,
        LATE_FAULT + "the run failed, and left 0 rows of bluebird",
        "5 rows of bluebird, those of its earlier load, as before",
    ),
    "not-yet.first_rows_of_a_file.py": (
        BROKEN,
        LATE_FAULT + "a run that succeeded, so that Dagster shows all three as materialized, "
        "and 20,000 rows of bluebird",
        "a run that fails, and the rows of all three as they were",
    ),
    "delete-then-insert-is-safe.staged_and_checked.py": (
        REFUSED,
        "the run failed, and left 0 rows of acme",
        "5 rows of acme, those of its earlier load",
    ),
    "not-yet.missing_file_is_skipped.py": (
        MISSING,
        "a run that succeeded, so that Dagster shows all three as materialized",
        "a run that fails, because zenith.eu.csv is missing",
    ),
}


@pytest.mark.parametrize("name", FACTS)
def test_the_verdict_shows_what_differs(name: str, run_cell: Callable[[str], Any]) -> None:
    """It names the scenario, and one row or value, or whose rows the wrong ones are."""
    [wrong] = [wrong for wrong in EXERCISES["4.3"].wrong if wrong.name == name]
    verdict = run_cell(wrong.cell)
    assert verdict.facts == tuple(zip(("Scenario", "Seen", "Expected"), FACTS[name], strict=True))


def test_a_key_that_is_cut_at_its_dot_shows_its_belief() -> None:
    """This happens to answers that take the key from the name of the file."""
    cut = INSERT.replace("select *, ?", "select *, split_part(?, '.', 1)")
    verdict = judge_answer(make_asset(insert=cut))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "key-ends-at-the-first-dot")
    assert dict(verdict.facts)["Seen"] == "0 rows of zenith.eu"


def list_either_way(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Return the keys between the two ends, whichever comes first."""
    keys, ends = context.instance.get_dynamic_partitions("s3"), context.partition_key_range
    first, last = sorted(map(keys.index, (ends.start, ends.end)))
    return keys[first : last + 1]


def test_rows_of_a_run_without_keys_are_reported() -> None:
    """Dagster records no key for a reversed range, even if the asset loads some."""
    verdict = judge_answer(make_asset(list_either_way))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts[:2] == (
        ("Scenario", REVERSED),
        ("Seen", "a run that succeeded, recorded no key, and left 12 rows in the table"),
    )


def raise_name_error(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Fail for a range without keys, and for another reason."""
    if not context.partition_keys:
        raise ValueErrer("no key")  # type: ignore[name-defined] # noqa: F821 - the slip
    return context.partition_keys


def test_a_misspelt_exception_is_not_a_rejection() -> None:
    """The verdict shows the NameError."""
    verdict = judge_answer(make_asset(raise_name_error))
    assert verdict.outcome is Outcome.RAISED
    assert dict(verdict.facts)["Raised"] == "NameError: name 'ValueErrer' is not defined"


def test_another_error_of_dagster_is_raised() -> None:
    """Several results of one asset are not a matter of the IO manager."""

    @dg.asset(partitions_def=s3_partitions_def)
    def my_table(
        context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
    ) -> Iterator[Any]:
        for key in require_keys(context):
            with database.get_connection() as con:
                con.execute(INSERT, [key, f"{source.path}/{key}.csv"])
            yield dg.MaterializeResult()

    verdict = judge_answer(my_table)
    assert verdict.outcome is Outcome.RAISED
    assert 'returned an output "result" multiple times' in dict(verdict.facts)["Raised"]


def test_a_function_is_not_an_answer() -> None:
    """The message asks for an asset."""
    verdict = judge_answer(require_keys)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "Put @dg.asset" in " ".join(verdict.lines)
