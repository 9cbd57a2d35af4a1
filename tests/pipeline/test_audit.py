"""What the three records of a key say together, and the check that they agree."""

import dagster as dg
import pytest

from lesson_lib.pipeline import Warehouse, register_keys, retire_key, three_records_agree
from lesson_lib.pipeline.audit import KeyRecords, State, group_by_state, join_records
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE
from tests.pipeline.test_warehouse import hold_database
from tests.pipeline.workspace import LOAD, Workspace

BOTH, ONE, NONE = (7, 8), (7, None), (None, None)


@pytest.mark.parametrize(
    ("registered", "materialized", "rows", "state"),
    [
        (True, BOTH, 3, State.AGREE),
        (True, BOTH, 0, State.ROWS_MISSING),
        (True, BOTH, None, State.ROWS_UNKNOWN),
        (True, ONE, 3, State.NOT_RECORDED),
        (True, ONE, 0, State.BEGUN),
        (True, ONE, None, State.BEGUN),
        (True, NONE, 3, State.NOT_RECORDED),
        (True, NONE, 0, State.ANNOUNCED),
        (True, NONE, None, State.ANNOUNCED),
        (False, BOTH, 3, State.LEFT_BEHIND),
        (False, NONE, 3, State.LEFT_BEHIND),
        (False, BOTH, 0, State.HISTORY),
        (False, ONE, 0, State.HISTORY),
        (False, BOTH, None, State.HISTORY),
    ],
)
def test_a_key_is_in_one_state(
    registered: bool,  # noqa: FBT001 - a column of the table above
    materialized: tuple[int | None, ...],
    rows: int | None,
    state: State,
) -> None:
    """Each combination of the three records has its state."""
    assert KeyRecords("acme", registered, materialized, (False, False), rows).state is state


@pytest.mark.parametrize(
    ("materialized", "rows", "state"),
    [
        (NONE, 0, State.FAILED),
        (ONE, 0, State.FAILED),
        (NONE, None, State.FAILED),
        (BOTH, 3, State.AGREE),
        (BOTH, 0, State.ROWS_MISSING),
        (NONE, 3, State.NOT_RECORDED),
    ],
)
def test_a_failed_run_explains_only_missing_records(
    materialized: tuple[int | None, ...], rows: int | None, state: State
) -> None:
    """If the records are conclusive without it, a later failure does not change the state."""
    records = KeyRecords("acme", registered=True, materialized=materialized, failed=(False, True), rows=rows)
    assert records.state is state


def test_rows_without_a_key_belong_to_no_key() -> None:
    """They are neither registered nor retired."""
    (records,) = join_records([], [{}], [()], {None: 2})
    assert (records.key, records.rows, records.state) == (None, 2, State.NO_KEY)


def test_only_contradictions_disagree() -> None:
    """A key that waits for its first run, or one that is gone with its rows, contradicts nothing."""
    assert {state for state in State if state.disagrees} == {
        State.ROWS_MISSING,
        State.NOT_RECORDED,
        State.LEFT_BEHIND,
        State.NO_KEY,
    }


def test_keys_stand_in_order_of_registration_then_the_others_sorted() -> None:
    """Keys that only one record has are included, each once, and rows without a key come last."""
    records = join_records(["zenith", "acme"], [{"o'hare": 1}, {"acme": 2}], [(), ()], {None: 1, "globex": 5})
    assert [record.key for record in records] == ["zenith", "acme", "globex", "o'hare", None]
    assert [record.materialized for record in records] == [NONE, (None, 2), NONE, (1, None), NONE]
    assert [record.rows for record in records] == [0, 0, 5, 0, 1]


def test_keys_are_grouped_by_state() -> None:
    """Every state is included, most of them without a key."""
    groups = group_by_state(join_records(["acme", "zenith"], [{"acme": 1}], [()], {"acme": 8}))
    found = {state: [record.key for record in records] for state, records in groups.items() if records}
    assert found == {State.AGREE: ["acme"], State.ANNOUNCED: ["zenith"]}
    assert set(groups) == set(State)


def run_check(workspace: Workspace) -> tuple[bool, dg.AssetCheckSeverity, str | None]:
    """Run the check on its own, and return its outcome."""
    done = dg.materialize(
        [LOAD, three_records_agree],
        selection=dg.AssetSelection.checks(three_records_agree),
        instance=workspace.instance,
        resources={**workspace.resources()},
    )
    (evaluation,) = done.get_asset_check_evaluations()
    return evaluation.passed, evaluation.severity, evaluation.description


def test_three_records_that_agree_pass(loaded: Workspace) -> None:
    """A key that is registered and not yet materialized is no disagreement."""
    register_keys(loaded.instance, ["zenith"])
    assert run_check(loaded) == (
        True,
        dg.AssetCheckSeverity.WARN,
        "2 of 3 keys are loaded, and all records agree.",
    )


def test_a_check_that_cannot_look_does_not_fail_the_run(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows are stored and recorded by then; the check reports why it compared nothing."""
    monkeypatch.setattr("lesson_lib.pipeline.warehouse.LOCK_TIMEOUT_SECONDS", 0)
    with hold_database(loaded.database) as other:
        passed, severity, description = run_check(loaded)
    assert (passed, severity) == (False, dg.AssetCheckSeverity.WARN)
    assert description
    assert description.startswith(
        f"The records were not compared. {loaded.database} is held by process {other.pid}"
    )


def test_nothing_at_all_passes(workspace: Workspace) -> None:
    """There is no key, no materialization and no table."""
    assert run_check(workspace) == (
        True,
        dg.AssetCheckSeverity.WARN,
        "0 of 0 keys are loaded, and all records agree.",
    )


@pytest.mark.parametrize(
    ("sql", "key", "severity", "message"),
    [
        pytest.param(
            f"DELETE FROM {CUSTOMER_TABLE} WHERE partition_key = 'acme'",
            "acme",
            dg.AssetCheckSeverity.ERROR,
            "materialized, but without rows: 'acme'. Materialize them again.",
            id="rows that are gone",
        ),
        pytest.param(
            f"INSERT INTO {CUSTOMER_TABLE} VALUES (DATE '2018-01-22', 1, 1, 1, 1, 1, 'zenith')",
            "zenith",
            dg.AssetCheckSeverity.WARN,
            "rows, but never materialized here: 'zenith'. Materialize them.",
            id="rows of a database that was moved here",
        ),
    ],
)
def test_a_run_settles_it(
    loaded: Workspace, sql: str, key: str, severity: dg.AssetCheckSeverity, message: str
) -> None:
    """The check names the key whose rows are missing, and passes once the key has run again."""
    loaded.add("zenith", 1.0)
    loaded.query(sql)
    assert run_check(loaded) == (False, severity, message)
    loaded.load(key)
    assert run_check(loaded)[0]


def test_a_table_that_is_gone_is_an_error(loaded: Workspace) -> None:
    """The check names every materialized key."""
    loaded.query(f"DROP TABLE {CUSTOMER_TABLE}")
    assert run_check(loaded) == (
        False,
        dg.AssetCheckSeverity.ERROR,
        "materialized, but without rows: 'acme', 'globex'. Materialize them again.",
    )


def test_rows_left_by_a_deleted_key_are_a_warning(loaded: Workspace) -> None:
    """Dagster's own delete leaves them; retiring the key clears them."""
    loaded.instance.delete_dynamic_partition("s3", "acme")
    assert run_check(loaded) == (
        False,
        dg.AssetCheckSeverity.WARN,
        "rows of keys that are not registered: 'acme'. Retire these keys.",
    )
    retire_key(loaded.instance, "acme", Warehouse(database=loaded.database))
    assert run_check(loaded) == (
        True,
        dg.AssetCheckSeverity.WARN,
        "1 of 1 keys are loaded, and all records agree.",
    )


def test_rows_without_a_key_are_a_warning(loaded: Workspace) -> None:
    """In a table made by hand a row may have no key, and retiring cannot remove it."""
    loaded.query(f"ALTER TABLE {CUSTOMER_TABLE} ALTER partition_key DROP NOT NULL")
    loaded.query(f"INSERT INTO {CUSTOMER_TABLE} VALUES (DATE '2018-01-22', 1, 1, 1, 1, 1, NULL)")
    assert run_check(loaded) == (
        False,
        dg.AssetCheckSeverity.WARN,
        "rows whose partition_key is NULL. Delete them, or store their key.",
    )


def test_both_disagreements_are_reported(loaded: Workspace) -> None:
    """The more serious one decides the severity."""
    loaded.instance.delete_dynamic_partition("s3", "acme")
    loaded.query(f"UPDATE {CUSTOMER_TABLE} SET partition_key = 'acme' WHERE partition_key = 'globex'")
    assert run_check(loaded) == (
        False,
        dg.AssetCheckSeverity.ERROR,
        (
            "materialized, but without rows: 'globex'. Materialize them again. "
            "rows of keys that are not registered: 'acme'. Retire these keys."
        ),
    )


def test_many_disagreements_are_counted_rather_than_listed(loaded: Workspace) -> None:
    """The first twenty keys are named."""
    values = ", ".join(f"(DATE '2018-01-22', 1, 1, 1, 1, 1, 'k{number:02}')" for number in range(25))
    loaded.query(f"INSERT INTO {CUSTOMER_TABLE} VALUES {values}")
    passed, _, description = run_check(loaded)
    assert not passed
    assert str(description).endswith("'k18', 'k19' and 5 more. Retire these keys.")
