"""What the three records of a key say together, and where they come from."""

import pytest

from lesson_lib.pipeline import register_keys, s3_partitions_def
from lesson_lib.pipeline.audit import (
    KeyRecords,
    State,
    failed_keys,
    keys_by_state,
    latest_materializations,
    records_by_key,
)
from tests.pipeline.world import IMPORT, LOAD, Asset, World

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
    """Each combination of the three records has its name."""
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
def test_a_failed_run_explains_only_what_is_not_there(
    materialized: tuple[int | None, ...], rows: int | None, state: State
) -> None:
    """Where the records say something by themselves, a failure after that takes nothing back."""
    records = KeyRecords("acme", registered=True, materialized=materialized, failed=(False, True), rows=rows)
    assert records.state is state


def test_rows_without_a_key_are_nobodys() -> None:
    """They are neither registered nor retired."""
    (records,) = records_by_key([], [{}], [()], {None: 2})
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
    """Also those that only one record knows, each once, and rows without a key last."""
    records = records_by_key(
        ["zenith", "acme"], [{"o'hare": 1}, {"acme": 2}], [(), ()], {None: 1, "globex": 5}
    )
    assert [record.key for record in records] == ["zenith", "acme", "globex", "o'hare", None]
    assert [record.materialized for record in records] == [NONE, (None, 2), NONE, (1, None), NONE]
    assert [record.rows for record in records] == [0, 0, 5, 0, 1]


def test_keys_are_grouped_by_state() -> None:
    """Every state is there, most without a key."""
    groups = keys_by_state(records_by_key(["acme", "zenith"], [{"acme": 1}], [()], {"acme": 8}))
    found = {state: [record.key for record in records] for state, records in groups.items() if records}
    assert found == {State.AGREE: ["acme"], State.ANNOUNCED: ["zenith"]}
    assert set(groups) == set(State)


def test_materialized_again_has_a_new_number(loaded: World) -> None:
    """A key that is deleted keeps its number: the event log forgets nothing."""
    before = latest_materializations(loaded.instance, LOAD.key)
    loaded.instance.delete_dynamic_partition("s3", "globex")
    loaded.load("acme")
    after = latest_materializations(loaded.instance, LOAD.key)
    assert set(before) == set(after) == {"acme", "globex"}
    assert after["acme"] > before["acme"]
    assert after["globex"] == before["globex"]


def test_a_key_has_failed_until_it_is_materialized(loaded: World) -> None:
    """The last attempt counts, for each asset; a key that was never tried has not failed."""

    def failed(asset: Asset) -> set[str]:
        known = latest_materializations(loaded.instance, asset.key)
        return failed_keys(loaded.instance, asset.key, s3_partitions_def, known)

    register_keys(loaded.instance, ["zenith"])
    assert failed(IMPORT) == failed(LOAD) == set()
    loaded.write("acme", "nonsense")
    loaded.load("acme", raise_on_error=False)
    assert failed(IMPORT) == failed(LOAD) == {"acme"}
    loaded.add("acme", 1.5)
    loaded.load("acme", assets=[IMPORT])
    assert (failed(IMPORT), failed(LOAD)) == (set(), {"acme"})
    loaded.load("acme")
    assert failed(LOAD) == set()
