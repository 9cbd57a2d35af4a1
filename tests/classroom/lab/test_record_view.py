"""What the three records show, and what differs between two moments."""

from collections.abc import Sequence

import pytest

from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.lab.record_view import describe_changes, describe_records
from lesson_lib.classroom.lab.three_records import ThreeRecords
from lesson_lib.pipeline.audit import KeyRecords
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

ASSETS = ("import_dynamic_partition_file", "duckdb_dynamic_partition_table")
BOTH, ONE, NONE = (1, 2), (1, None), (None, None)
FINE, FAILED = (False, False), (False, True)


def make_records(
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


def make_key(
    name: str | None,
    materialized: tuple[int | None, ...],
    rows: int | None,
    *,
    registered: bool = True,
    failed: tuple[bool, ...] = FINE,
) -> KeyRecords:
    """Return the records of a key."""
    return KeyRecords(name, registered, materialized, failed, rows)


def make_agreeing(name: str) -> KeyRecords:
    """Return a key that is registered, materialized, and has eight rows."""
    return make_key(name, BOTH, 8)


def make_announced(name: str) -> KeyRecords:
    """Return a key that is registered and nothing more."""
    return make_key(name, NONE, 0)


ONE_OF_EACH = make_records(
    make_agreeing("acme"),
    make_key("bluebird", BOTH, 0),
    make_announced("zenith"),
    make_key("café-lumière", ONE, 0),
    make_key("globex.eu", NONE, 0, failed=FAILED),
    make_key("quickstart", NONE, 12_345),
    make_key("initech", BOTH, 8, failed=FAILED),
    make_key("hooli", BOTH, 0, registered=False),
    make_key("o'hare", BOTH, 6, registered=False),
    make_key(None, NONE, 2, registered=False),
)


def make_text(records: ThreeRecords) -> str:
    """Return the board as text."""
    return render_text(describe_records(records))


def format_changes(before: ThreeRecords, after: ThreeRecords) -> str:
    """Return what differs, as text."""
    return render_text(describe_changes(before, after))


def test_nothing_yet() -> None:
    """An instance without keys and a database without the table are described as empty."""
    assert make_text(make_records(has_table=False)) == (
        "○ The three records are empty: no keys, no materializations, no rows\n"
        "  ○ There are no rows: the database has no table raw_partition_data."
    )


def test_one_key_that_agrees() -> None:
    """Agreement is shown without an explanation."""
    assert make_text(make_records(make_agreeing("acme"))) == (
        "✓ The three records of 1 key agree\n"
        "    key   registered  materialized  rows  verdict\n"
        "    acme  yes         yes           8     ✓ agree"
    )


def test_each_state_has_its_words() -> None:
    """Keys are shown in their order, and each state is explained once below them."""
    assert (
        make_text(ONE_OF_EACH)
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
  ○ announced: registered, but nothing has run yet. That is not a disagreement.
  ○ begun: only some of the assets are materialized. Materialize the others.
  ! failed: its run failed before a load was recorded. Fix the cause and materialize it again.
  ✗ rows missing: it was materialized, but the table has no rows of it. Materialize it again.
  ! not recorded: the table has rows, but not every asset has a recorded run here. Materialize it.
  ! left behind: the table has rows of a key that is not registered. Delete them or register the key.
  ! no key: partition_key is NULL in these rows. Delete them, or store whose they are.
  ○ history: materialized before, but not registered now. Deleting a key keeps its materializations.
  ! initech: the last run failed, so the rows come from an earlier run."""
    )


def test_a_failure_without_a_disagreement_is_in_the_title() -> None:
    """The title mentions a failed run even if the records agree."""
    failed = make_key("zenith", NONE, 0, failed=FAILED)
    title = make_text(make_records(make_agreeing("acme"), failed)).splitlines()[0]
    assert title == "! The three records of 2 keys agree, but the last run failed for 1"


def test_some_of_three_assets_are_counted() -> None:
    """Of three assets, the materialized ones are counted instead of named."""
    some = make_key("acme", (1, 2, None), 0, failed=(False,) * 3)
    assert "2 of 3 assets" in make_text(make_records(some, assets=("one", "two", "three")))


def test_rows_without_keys() -> None:
    """The rows of a table without a column for the key, as in notebook 01, are unknown."""
    unknown = make_key("acme", BOTH, None)
    waiting = make_key("zenith", NONE, None)
    assert (
        make_text(make_records(unknown, waiting, unassigned_rows=45))
        == """\
○ The three records of 2 keys: the table does not say which keys its rows belong to
    key     registered  materialized  rows  verdict
    acme    yes         yes           ?     ○ rows unknown
    zenith  yes         no            ?     ○ announced
  ○ announced: registered, but nothing has run yet. That is not a disagreement.
  ○ raw_partition_data has 45 rows but no column partition_key, so it does not say whose they are."""
    )


def test_ten_thousand_keys_are_summarised() -> None:
    """Each state has a line with its first and last keys, and some disagreeing keys follow."""
    keys = [make_agreeing(f"k{number:04}") for number in range(9_000)]
    gone = [make_key(f"k{number}", BOTH, 0) for number in range(9_000, 9_997)]
    left = [make_key(name, BOTH, 6, registered=False) for name in ("a", "b", "c")]
    board = describe_records(make_records(*keys, *gone, *left))
    lines = render_text(board).splitlines()
    assert lines[:8] == [
        "✗ The three records of 10,000 keys: 1,000 disagree",
        "  Registered keys in order, then the others, k0000 to c: ✓ agree 9,000, ✗ rows missing 997, ! left",
        "      behind 3",
        "    verdict         keys   rows    which",
        "    ✓ agree         9,000  72,000  k0000, k0001, k0002, … k8999",
        "    ✗ rows missing  997    0       k9000, k9001, k9002, … k9996",
        "    ! left behind   3      18      a, b, c",
        "  The keys that disagree, the first 20 of 1,000:",
    ]
    assert lines[9] == "    k9000  yes         yes           0     ✗ rows missing"
    assert len(lines) == 8 + 1 + 20 + 2
    assert len(render_html(board).encode()) < 20_000


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_stays_a_name(name: str) -> None:
    """A hostile name stays text in every cell, one by one and in a summary."""
    one = make_key(name, ONE, 0)
    many = [make_key(f"{name}{number}", BOTH, 0) for number in range(31)]
    for keys in ([one], [one, *many]):
        records = ThreeRecords(
            (name, "other"), name, tuple(keys), has_database=True, has_table=False, unassigned_rows=1
        )
        nothing = ThreeRecords(
            (name, "other"), name, (), has_database=True, has_table=True, unassigned_rows=0
        )
        for board in (describe_records(records), describe_changes(nothing, records)):
            html, text = render_html(board), render_text(board)
            assert find_injected(html) == []
            assert len(html.encode()) < 30_000
            assert not any(character in text for character in "\u202e\x00\x1b\r")


def test_the_empty_key_is_visible() -> None:
    """The empty key, which Dagster accepts, is visible."""
    assert "(empty)" in make_text(make_records(make_announced("")))


def test_nothing_changed() -> None:
    """A single line says that nothing changed."""
    assert format_changes(ONE_OF_EACH, ONE_OF_EACH) == "This cell changed nothing in the three records"


def test_only_what_differs_is_shown() -> None:
    """The old value is shown where it differs, and new disagreements are explained."""
    before = make_records(
        make_announced("acme"),
        make_agreeing("bluebird"),
        make_agreeing("globex"),
        make_agreeing("o'hare"),
        make_announced("x"),
    )
    after = make_records(
        make_agreeing("acme"),
        make_key("bluebird", BOTH, 0),
        make_agreeing("globex"),
        make_announced("zenith"),
        make_key("o'hare", BOTH, 8, registered=False),
    )
    assert (
        format_changes(before, after)
        == """\
This cell changed the three records of 5 keys
    key       registered  materialized  rows   verdict now
    acme      yes         no → yes      0 → 8  ✓ agree
    bluebird  yes         yes           8 → 0  ✗ rows missing
    zenith    no → yes    no            0      ○ announced
    o'hare    yes → no    yes           8      ! left behind
    x         yes → no    no            0      gone
  ✗ rows missing: it was materialized, but the table has no rows of it. Materialize it again.
  ! left behind: the table has rows of a key that is not registered. Delete them or register the key."""
    )


def test_materialized_again_is_a_change() -> None:
    """A second materialization is a change, even with the same rows."""
    again = make_key("acme", (1, 9), 8)
    assert (
        format_changes(make_records(make_agreeing("acme")), make_records(again))
        == """\
This cell changed the three records of 1 key
    key   registered  materialized  rows  verdict now
    acme  yes         yes, again    8     ✓ agree"""
    )


def test_a_failure_is_a_change() -> None:
    """A failed run is a change, even though the old rows remain."""
    failed = make_key("acme", BOTH, 8, failed=FAILED)
    assert "yes → yes, the last run failed" in format_changes(
        make_records(make_agreeing("acme")), make_records(failed)
    )


def test_a_new_table_is_a_change() -> None:
    """A new table is a change even if it is empty, and so is a removed one."""
    text = format_changes(make_records(has_table=False), make_records())
    assert text == "This cell changed the table raw_partition_data\n  The table raw_partition_data is new."
    assert format_changes(make_records(), make_records(has_table=False)).endswith(
        "The table raw_partition_data is gone."
    )


def test_rows_without_keys_are_counted_together() -> None:
    """Rows without keys are counted together, and assigned to no key."""
    before, unknown = make_announced("acme"), make_key("acme", NONE, None)
    assert (
        format_changes(make_records(before), make_records(unknown, unassigned_rows=8))
        == """\
This cell changed the table raw_partition_data
  Rows in raw_partition_data, which does not say whose they are: 0 → 8."""
    )


def test_ten_thousand_changes_are_grouped() -> None:
    """Keys that changed in the same way share a line with the sum of their rows."""
    names = [f"k{number:04}" for number in range(10_000)]
    text = format_changes(
        make_records(*map(make_announced, names)),
        make_records(*map(make_agreeing, names[:-1]), make_announced(names[-1]), make_announced("new")),
    )
    assert (
        text
        == """\
This cell changed the three records of 10,000 keys
    key                                       registered  materialized  rows        verdict now
    9,999 keys: k0000, k0001, k0002, … k9998  yes         no → yes      0 → 79,992  ✓ agree
    new                                       no → yes    no            0           ○ announced"""
    )
