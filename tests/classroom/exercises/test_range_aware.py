"""What is said of assets that no proof of exercise 4.3 lists.

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

THREE_KEYS = "Three keys are loaded in one run, acme, bluebird and zenith.eu; abacus and globex were before."
REVERSED = "The ends of the range are swapped: the run is for zenith.eu to acme."
DELETE = "delete from raw_partition_data where partition_key = ?"
INSERT = "insert into raw_partition_data select *, ? from read_csv(?)"

# What is in beta is used at work all the same.
BETA = pytest.mark.filterwarnings("ignore:Parameter `(backfill_policy|io_manager_def)` of function `asset`")

Keys = Callable[[dg.AssetExecutionContext], Sequence[str]]


def given(context: dg.AssetExecutionContext) -> list[str]:
    """Return the keys of the run; none is an error."""
    if not context.partition_keys:
        raise ValueError("no key")
    return list(context.partition_keys)


def loading(keys: Keys = given, insert: str = INSERT, **options: Any) -> dg.AssetsDefinition:  # noqa: ANN401 - of dg.asset
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


def verdict_on(answer: object) -> Verdict:
    """Judge an asset as `check` does, and record nothing."""
    return judge(EXERCISES["4.3"], (answer,))


@BETA
def test_a_backfill_policy_is_right_as_well() -> None:
    """It says of a backfill what the tags say of this run."""
    verdict = verdict_on(loading(backfill_policy=dg.BackfillPolicy.single_run()))
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


@BETA
def test_a_value_is_right_where_the_io_manager_takes_it() -> None:
    """It is the default one that takes no value for several keys."""

    @dg.asset(partitions_def=s3_partitions_def, io_manager_def=dg.mem_io_manager)
    def my_table(
        context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
    ) -> dict[str, str]:
        files = {key: f"{source.path}/{key}.csv" for key in given(context)}
        with database.get_connection() as con:
            con.begin()
            con.executemany(DELETE, [[key] for key in files])
            con.executemany(INSERT, list(files.items()))
            con.commit()
        return files

    verdict = verdict_on(my_table)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


def everything_registered(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Return more keys than those of the run."""
    return context.instance.get_dynamic_partitions("s3")


@pytest.mark.parametrize(
    ("keys", "seen", "expected"),
    [
        (lambda context: given(context)[:1], "0 rows of bluebird", "3 rows of bluebird"),
        (lambda context: given(context)[-1:], "0 rows of acme", "4 rows of acme"),
        (everything_registered, "1 row of abacus, 1 of which should not be there", "2 rows of abacus"),
    ],
)
def test_other_keys_than_those_of_the_run_are_told_of(keys: Keys, seen: str, expected: str) -> None:
    """Too few as well as too many; no belief explains them."""
    verdict = verdict_on(loading(keys))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts == (("Scenario", THREE_KEYS), ("Seen", seen), ("Expected", expected))


def test_a_key_is_not_cut_at_its_dot() -> None:
    """As by who takes it from the name of the file."""
    cut = INSERT.replace("select *, ?", "select *, split_part(?, '.', 1)")
    verdict = verdict_on(loading(insert=cut))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "key-ends-at-the-first-dot")
    assert dict(verdict.facts)["Seen"] == "0 rows of zenith.eu"


def turned_round(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Return the keys between the two ends, whichever comes first."""
    keys, ends = context.instance.get_dynamic_partitions("s3"), context.partition_key_range
    first, last = sorted(map(keys.index, (ends.start, ends.end)))
    return keys[first : last + 1]


def test_rows_that_no_record_speaks_of_are_told_of() -> None:
    """Dagster records no key for a reversed range, whatever the asset has loaded."""
    verdict = verdict_on(loading(turned_round))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts[:2] == (
        ("Scenario", REVERSED),
        ("Seen", "a run that succeeded, recorded no key, and left 9 rows in the table"),
    )


def with_a_slip(context: dg.AssetExecutionContext) -> Sequence[str]:
    """Fail for a range without keys, and for another reason."""
    if not context.partition_keys:
        raise ValueErrer("no key")  # type: ignore[name-defined] # noqa: F821 - the slip
    return context.partition_keys


def test_a_slip_is_no_refusal() -> None:
    """A name that is misspelt is raised as such."""
    verdict = verdict_on(loading(with_a_slip))
    assert verdict.outcome is Outcome.RAISED
    assert dict(verdict.facts)["Raised"] == "NameError: name 'ValueErrer' is not defined"


def test_what_dagster_refuses_for_another_reason_is_raised() -> None:
    """A result for each key is one too many, and no value that the IO manager refuses."""

    @dg.asset(partitions_def=s3_partitions_def)
    def my_table(
        context: dg.AssetExecutionContext, source: SourceFolder, database: Warehouse
    ) -> Iterator[Any]:
        for key in given(context):
            with database.get_connection() as con:
                con.execute(INSERT, [key, f"{source.path}/{key}.csv"])
            yield dg.MaterializeResult()

    verdict = verdict_on(my_table)
    assert verdict.outcome is Outcome.RAISED
    assert 'returned an output "result" multiple times' in dict(verdict.facts)["Raised"]


def test_an_asset_without_a_table_is_no_answer() -> None:
    """Nor is a function."""
    verdict = verdict_on(given)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert "Put @dg.asset" in " ".join(verdict.lines)
