"""What the three records show, and what differs between two moments."""

from collections.abc import Sequence

import pytest

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.lab.record_view import describe_changes, describe_records
from lesson_lib.classroom.lab.records import Changes, ThreeRecords
from lesson_lib.pipeline.audit import KeyRecords
from tests.classroom.display.hostile import HOSTILE_NAMES, injected

ASSETS = ("import_dynamic_partition_file", "duckdb_dynamic_partition_table")
BOTH, ONE, NONE = (1, 2), (1, None), (None, None)
FINE, FAILED = (False, False), (False, True)


def of(
    *keys: KeyRecords, assets: Sequence[str] = ASSETS, has_table: bool = True, unassigned_rows: int = 0
) -> ThreeRecords:
    """Return the three records of these keys."""
    return ThreeRecords(
        tuple(assets),
        "raw_partition_data",
        keys,
        has_database=True,
        has_table=has_table,
        unassigned_rows=unassigned_rows,
    )


def key(
    name: str | None,
    materialized: tuple[int | None, ...],
    rows: int | None,
    *,
    registered: bool = True,
    failed: tuple[bool, ...] = FINE,
) -> KeyRecords:
    """Return what is recorded of a key."""
    return KeyRecords(name, registered, materialized, failed, rows)


def agreeing(name: str) -> KeyRecords:
    """Return a key that is registered, materialized, and has eight rows."""
    return key(name, BOTH, 8)


def announced(name: str) -> KeyRecords:
    """Return a key that is registered and nothing more."""
    return key(name, NONE, 0)


ONE_OF_EACH = of(
    agreeing("acme"),
    key("bluebird", BOTH, 0),
    announced("zenith"),
    key("café-lumière", ONE, 0),
    key("globex.eu", NONE, 0, failed=FAILED),
    key("quickstart", NONE, 12_345),
    key("initech", BOTH, 8, failed=FAILED),
    key("hooli", BOTH, 0, registered=False),
    key("o'hare", BOTH, 6, registered=False),
    key(None, NONE, 2, registered=False),
)


def text(records: ThreeRecords) -> str:
    """Return the board as text."""
    return render_text(describe_records(records))


def changed(before: ThreeRecords, after: ThreeRecords) -> str:
    """Return what differs, as text."""
    return render_text(describe_changes(Changes(before, after)))


def test_nothing_yet() -> None:
    """An instance without keys, and a database without the table."""
    assert text(of(has_table=False)) == (
        "○ The three records are empty: no key, no materialization, no rows\n"
        "  ○ There are no rows: the database has no table raw_partition_data."
    )


def test_one_key_that_agrees() -> None:
    """Where nothing needs explaining, nothing is explained."""
    assert text(of(agreeing("acme"))) == (
        "✓ The three records of 1 key agree\n"
        "    key   registered  materialized  rows  verdict\n"
        "    acme  yes         yes           8     ✓ agree"
    )


def test_each_state_has_its_words() -> None:
    """The keys in their order, each state explained once below them."""
    assert (
        text(ONE_OF_EACH)
        == """\
✗ The three records of 10 keys: 4 disagree
    key           registered  materialized                        rows    verdict
    acme          yes         yes                                 8       ✓ agree
    bluebird      yes         yes                                 0       ✗ rows missing
    zenith        yes         no                                  0       ○ announced
    café-lumière  yes         import_dynamic_partition_file only  0       ○ begun
    globex.eu     yes         ! failed                            0       ! failed
    quickstart    yes         no                                  12,345  ! not recorded
    initech       yes         ! yes, the last run failed          8       ✓ agree
    hooli         no          yes                                 0       ○ history
    o'hare        no          yes                                 6       ! left behind
    (NULL)        no          no                                  2       ! no key
  ○ announced: registered, and nothing has run yet. That is no disagreement.
  ○ begun: some of the assets are materialized, not all. Materialize the others.
  ! failed: its run failed before a load was recorded. Mend the cause, and materialize it again.
  ✗ rows missing: materialized once, and the table has no rows of it. Materialize it again.
  ! not recorded: there are rows, and not every asset has a record of a run here. Materialize it.
  ! left behind: rows of a key that is not registered. Delete them, or register the key.
  ! no key: in these rows partition_key is NULL. Delete them, or store whose they are.
  ○ history: materialized once, and not registered now. Deleting a key keeps its materializations.
  ! initech: the last run failed, and the rows are those of an earlier run."""
    )


def test_a_failure_without_a_disagreement_is_told_in_the_title() -> None:
    """All records say the same, and still somebody has work to do."""
    failed = key("zenith", NONE, 0, failed=FAILED)
    title = text(of(agreeing("acme"), failed)).splitlines()[0]
    assert title == "! The three records of 2 keys do not contradict each other; the last run failed for 1"


def test_some_of_three_assets_are_counted() -> None:
    """Their names would fill the page."""
    some = key("acme", (1, 2, None), 0, failed=(False,) * 3)
    assert "2 of 3 assets" in text(of(some, assets=("one", "two", "three")))


def test_rows_that_nothing_tells_apart() -> None:
    """As in notebook 01, whose table has no column for the key."""
    untold = key("acme", BOTH, None)
    waiting = key("zenith", NONE, None)
    assert (
        text(of(untold, waiting, unassigned_rows=45))
        == """\
○ The three records of 2 keys: nothing says whose the rows are
    key     registered  materialized  rows  verdict
    acme    yes         yes           ?     ○ rows unknown
    zenith  yes         no            ?     ○ announced
  ○ announced: registered, and nothing has run yet. That is no disagreement.
  ○ raw_partition_data has 45 rows and no column partition_key, so nothing says whose they are."""
    )


def test_ten_thousand_keys_are_summarised() -> None:
    """A line a state with its first and last keys; the keys that disagree follow, as far as there is room."""
    keys = [agreeing(f"k{number:04}") for number in range(9_000)]
    gone = [key(f"k{number}", BOTH, 0) for number in range(9_000, 9_997)]
    left = [key(name, BOTH, 6, registered=False) for name in ("a", "b", "c")]
    board = describe_records(of(*keys, *gone, *left))
    shown = render_text(board).splitlines()
    assert shown[:6] == [
        "✗ The three records of 10,000 keys: 1,000 disagree",
        "    verdict         keys   rows    which",
        "    ✓ agree         9,000  72,000  k0000, k0001, k0002, … k8999",
        "    ✗ rows missing  997    0       k9000, k9001, k9002, … k9996",
        "    ! left behind   3      18      a, b, c",
        "  The keys that disagree, the first 20 of 1,000:",
    ]
    assert shown[7] == "    k9000  yes         yes           0     ✗ rows missing"
    assert len(shown) == 6 + 1 + 20 + 2
    assert len(render_html(board).encode()) < 20_000


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_a_name(name: str) -> None:
    """In every cell where a name stands: keys, assets and the table; one by one and in a summary."""
    one = key(name, ONE, 0)
    many = [key(f"{name}{number}", BOTH, 0) for number in range(31)]
    for keys in ([one], [one, *many]):
        records = ThreeRecords(
            (name, "other"), name, tuple(keys), has_database=True, has_table=False, unassigned_rows=1
        )
        nothing = ThreeRecords(
            (name, "other"), name, (), has_database=True, has_table=True, unassigned_rows=0
        )
        for board in (describe_records(records), describe_changes(Changes(nothing, records))):
            html, shown = render_html(board), render_text(board)
            assert injected(html) == []
            assert len(html.encode()) < 30_000
            assert not any(character in shown for character in "\u202e\x00\x1b\r")


def test_a_key_of_no_characters_is_seen() -> None:
    """Dagster takes it; a blank cell would hide it."""
    assert "(empty)" in text(of(announced("")))


def test_nothing_changed() -> None:
    """One line says so."""
    assert changed(ONE_OF_EACH, ONE_OF_EACH) == "This cell changed nothing in the three records"


def test_only_what_differs_is_shown() -> None:
    """What a record was is told where it differs; a disagreement that came about is explained."""
    before = of(
        announced("acme"), agreeing("bluebird"), agreeing("globex"), agreeing("o'hare"), announced("x")
    )
    after = of(
        agreeing("acme"),
        key("bluebird", BOTH, 0),
        agreeing("globex"),
        announced("zenith"),
        key("o'hare", BOTH, 8, registered=False),
    )
    assert (
        changed(before, after)
        == """\
This cell changed the three records of 5 keys
    key       registered  materialized  rows   verdict now
    acme      yes         no → yes      0 → 8  ✓ agree
    bluebird  yes         yes           8 → 0  ✗ rows missing
    zenith    no → yes    no            0      ○ announced
    o'hare    yes → no    yes           8      ! left behind
    x         yes → no    no            0      gone
  ✗ rows missing: materialized once, and the table has no rows of it. Materialize it again.
  ! left behind: rows of a key that is not registered. Delete them, or register the key."""
    )


def test_materialized_again_is_a_change() -> None:
    """The rows are as many as before, and still something has run."""
    again = key("acme", (1, 9), 8)
    assert (
        changed(of(agreeing("acme")), of(again))
        == """\
This cell changed the three records of 1 key
    key   registered  materialized  rows  verdict now
    acme  yes         yes, again    8     ✓ agree"""
    )


def test_a_failure_is_a_change() -> None:
    """The rows of before are still there."""
    failed = key("acme", BOTH, 8, failed=FAILED)
    assert "yes → yes, the last run failed" in changed(of(agreeing("acme")), of(failed))


def test_a_new_table_is_a_change() -> None:
    """Also while it is empty."""
    shown = changed(of(has_table=False), of())
    assert shown == "This cell changed the table raw_partition_data\n  The table raw_partition_data is new."
    assert changed(of(), of(has_table=False)).endswith("The table raw_partition_data is gone.")


def test_rows_of_nobody_are_counted_together() -> None:
    """Where nothing says whose the rows are, no key is said to have got any."""
    before, untold = announced("acme"), key("acme", NONE, None)
    assert (
        changed(of(before), of(untold, unassigned_rows=8))
        == """\
This cell changed the table raw_partition_data
  Rows in raw_partition_data, which does not say whose they are: 0 → 8."""
    )


def test_ten_thousand_changes_are_grouped() -> None:
    """Keys that changed in the same way share a line, with their rows added up."""
    names = [f"k{number:04}" for number in range(10_000)]
    shown = changed(
        of(*map(announced, names)), of(*map(agreeing, names[:-1]), announced(names[-1]), announced("new"))
    )
    assert (
        shown
        == """\
This cell changed the three records of 10,000 keys
    key                                       registered  materialized  rows        verdict now
    9,999 keys: k0000, k0001, k0002, … k9998  yes         no → yes      0 → 79,992  ✓ agree
    new                                       no → yes    no            0           ○ announced"""
    )
