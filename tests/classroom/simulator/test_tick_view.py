"""What a tick shows, and the history of several."""

import json
from collections.abc import Sequence

import pytest

from lesson_lib.classroom.display.board import Board, Line, Table
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text
from lesson_lib.classroom.simulator.tick import FolderChange, RequestedKeys, RequestedRun, RunOutcome, Tick
from lesson_lib.classroom.simulator.tick_view import describe_history
from lesson_lib.pipeline.sensor.cursor import Cursor
from tests.classroom.display.hostile import HOSTILE_NAMES, find_injected

JOB = "__anonymous_asset_job_arrivals"
SUCCEEDED, FAILED, QUEUED, DROPPED = RunOutcome


def make_run(
    key: str | None, became: RunOutcome = SUCCEEDED, run_key: str | None = None, why: str = ""
) -> RequestedRun:
    """Return a run of this key."""
    return RequestedRun(key, run_key, JOB, became, why)


def add_keys(*keys: str, done: Sequence[str] | None = None, refused: bool = False) -> RequestedKeys:
    """Return a request to add keys, all of them new unless `done` is given."""
    return RequestedKeys("add", "s3", keys, keys if done is None else tuple(done), refused=refused)


FIRST = Tick(
    1,
    FolderChange(new=("acme.csv", "bad.csv")),
    None,
    '["acme.csv", "bad.csv"]',
    keys=(add_keys("acme", "bad"),),
    runs=(make_run("acme"), make_run("bad", FAILED, why="UnreadableFile: bad.csv: line 2")),
)
IDLE = Tick(
    2,
    FolderChange(same=("acme.csv", "bad.csv")),
    '["acme.csv", "bad.csv"]',
    '["acme.csv", "bad.csv"]',
    skip_reason="Nothing new.",
    log=(("INFO", "Nothing new."), ("INFO", "2 files"), ("WARNING", "bad.csv is bad")),
)
THIRD = Tick(
    3,
    FolderChange(changed=("bad.csv",), gone=("acme.csv",)),
    '["acme.csv", "bad.csv"]',
    '["bad.csv"]',
    keys=(RequestedKeys("delete", "s3", ("acme", "other"), ("acme",)), add_keys("bad", done=())),
    runs=(make_run("bad", DROPPED, "bad.csv@283-1700000000123456789"),),
)
REFUSED = Tick(
    4,
    FolderChange(new=("acme.eu.csv", "acme.us.csv"), same=("bad.csv",)),
    '["bad.csv"]',
    '["bad.csv"]',
    keys=(add_keys("acme", "acme", done=(), refused=True),),
    not_begun=2,
    error=ValueError("a key twice"),
)


def test_a_tick_that_did_something() -> None:
    """A tick shows files, requests, results, the cause of a failed run, and the cursor."""
    assert repr(FIRST) == (
        "! Tick 1: 2 keys and 2 runs requested\n"
        "  folder: 2 new → ✓ sensor: 2 keys and 2 runs → ✓ keys: 2 added → ✗ runs: 1 succeeded, 1 failed →\n"
        "      ✓ cursor: changed\n"
        "  in the folder: new: acme.csv, bad.csv\n"
        "  cursor before: none\n"
        '  to add to "s3": 2 keys; added: acme, bad\n'
        "    run of  outcome\n"
        "    acme    ✓ succeeded\n"
        "    bad     ✗ failed\n"
        "  bad failed: UnreadableFile: bad.csv: line 2\n"
        '  cursor after: ["acme.csv", "bad.csv"]'
    )


def test_a_tick_that_had_nothing_to_do() -> None:
    """A tick without requests shows the reason once, and other log lines."""
    assert repr(IDLE) == (
        "○ Tick 2: nothing requested\n"
        "  folder: 2 unchanged → ○ sensor: nothing → ○ keys: none → ○ runs: none → ○ cursor: unchanged\n"
        "  in the folder: 2 unchanged\n"
        '  cursor before: ["acme.csv", "bad.csv"]\n'
        "  why no run: Nothing new.\n"
        "  logged: 2 files\n"
        "  logged: bad.csv is bad\n"
        "  cursor after: unchanged"
    )


def test_a_tick_that_gives_no_reason() -> None:
    """A tick without a reason shows a plain sentence instead of Dagster's message."""
    dagster_says = "Sensor function returned an empty result"
    tick = Tick(2, FolderChange(changed=("acme.csv",)), "1", "1", skip_reason=dagster_says)
    assert repr(tick) == (
        "○ Tick 2: nothing requested\n"
        "  folder: 1 changed → ○ sensor: nothing → ○ keys: none → ○ runs: none → ○ cursor: unchanged\n"
        "  in the folder: changed: acme.csv\n"
        "  cursor before: 1\n"
        "  why no run: the sensor gave no reason\n"
        "  cursor after: unchanged"
    )


def test_a_run_of_the_empty_key() -> None:
    """A run of the empty key shows that Dagster ran it without a partition."""
    tick = Tick(1, FolderChange(), None, None, runs=(make_run("", FAILED, why="InvalidKey: Pass one"),))
    assert repr(tick).splitlines()[4:6] == [
        '    ""      ✗ failed',
        '  "" failed: the partition key is empty, so Dagster made a run without a partition',
    ]


def test_existing_keys_and_dropped_runs() -> None:
    """A tick shows existing keys and dropped runs, and hides times in run keys."""
    assert repr(THIRD) == (
        "! Tick 3: 3 keys and 1 run requested\n"
        "  folder: 1 changed, 1 gone → ✓ sensor: 3 keys and 1 run → ✓ keys: 1 deleted → ! runs: 1 dropped →\n"
        "      ✓ cursor: changed\n"
        "  in the folder: changed: bad.csv; gone: acme.csv\n"
        '  cursor before: ["acme.csv", "bad.csv"]\n'
        '  to delete from "s3": 2 keys; deleted: acme; not there: other\n'
        '  to add to "s3": 1 key; already there: bad\n'
        "    run of  run key             outcome\n"
        "    bad     bad.csv@283-(time)  ! dropped: this run key was used before\n"
        '  cursor after: ["bad.csv"]'
    )


def test_a_tick_that_failed() -> None:
    """A failed tick shows refused keys, runs that did not begin, and the explained error."""
    assert repr(REFUSED) == (
        "✗ Tick 4: failed\n"
        "  folder: 2 new, 1 unchanged → ✓ sensor: 2 keys and 2 runs → ✗ keys: failed: ValueError →\n"
        "      ○ runs: not reached → ○ cursor: unchanged\n"
        "  in the folder: new: acme.eu.csv, acme.us.csv; 1 unchanged\n"
        '  cursor before: ["bad.csv"]\n'
        '  to add to "s3": 2 keys; refused: acme, acme\n'
        "  not started: 2 runs, because the tick failed\n"
        "  raised: ValueError: a key twice\n"
        "  cursor after: unchanged, because the tick failed"
    )


def test_a_tick_that_resumes_the_one_before() -> None:
    """A resumed tick shows that the sensor was not evaluated."""
    tick = Tick(5, FolderChange(), None, "1", runs=(make_run("acme", QUEUED),), resumed=True)
    assert repr(tick) == (
        "✓ Tick 5: 1 run requested\n"
        "  folder: empty → ○ sensor: not evaluated → ○ keys: none → ○ runs: 1 queued → ✓ cursor: changed\n"
        "  cursor before: none\n"
        "  not evaluated: the previous tick could not start these runs, so they come first\n"
        "    run of  outcome\n"
        "    acme    ○ queued\n"
        "  cursor after: 1"
    )


def test_events_alone() -> None:
    """Asset events are shown as recorded without a run."""
    tick = Tick(1, FolderChange(), None, None, events=2)
    assert repr(tick) == (
        "○ Tick 1: nothing requested\n"
        "  folder: empty → ○ sensor: nothing → ○ keys: none → ○ runs: none → ○ cursor: unchanged\n"
        "  cursor before: none\n"
        "  recorded: 2 events of assets, without a run\n"
        "  cursor after: none"
    )


def test_runs_of_several_jobs_and_without_a_partition() -> None:
    """Jobs are named if there are several, and the empty key is visible."""
    several = (
        RequestedRun("acme", None, "customers", SUCCEEDED),
        RequestedRun(None, "1", "reporting", FAILED, "Gone: x"),
    )
    assert repr(Tick(1, FolderChange(), None, None, runs=several)).splitlines()[4:8] == [
        "    run of     run key  job        outcome",
        "    acme       none     customers  ✓ succeeded",
        "    reporting  1        reporting  ✗ failed",
        "  reporting failed: Gone: x",
    ]
    empty = Tick(1, FolderChange(), None, None, keys=(add_keys(""),), runs=(make_run(""), make_run(None)))
    assert repr(empty).splitlines()[4:8] == [
        '  to add to "s3": 1 key; added: ""',
        "    run of        outcome",
        '    ""            ✓ succeeded',
        "    no partition  ✓ succeeded",
    ]


def format_cells(board: Board) -> list[list[str]]:
    """Return the cells of a board's table, with their marks."""
    [table] = [block for block in board.blocks if isinstance(block, Table)]
    rows = [
        [f"{cell.mark.value} {cell.text}" if cell.mark else cell.text for cell in row] for row in table.rows
    ]
    return [list(table.columns), *rows]


def test_a_history() -> None:
    """The history has a line for each tick, with files, requests, results and cursor."""
    board = describe_history([FIRST, IDLE, THIRD, REFUSED])
    assert board.title == "4 ticks, 5 runs requested"
    assert format_cells(board) == [
        ["tick", "in the folder", "requested", "outcome", "cursor after"],
        [
            "! 1",
            "new: acme.csv, bad.csv",
            "2 keys with runs: acme, bad",
            "2 keys added, 1 run succeeded, 1 run failed",
            '["acme.csv", "bad.csv"]',
        ],
        ["○ 2", "2 unchanged", "none", "nothing", "unchanged"],
        [
            "! 3",
            "changed: bad.csv; gone: acme.csv",
            "3 keys: acme, other, bad; 1 run: bad",
            "1 key deleted, 1 run dropped",
            '["bad.csv"]',
        ],
        [
            "✗ 4",
            "new: acme.eu.csv, acme.us.csv; 1 unchanged",
            "2 keys: acme, acme; 2 runs not started",
            "tick failed: ValueError",
            "unchanged, because the tick failed",
        ],
    ]


def test_a_history_has_no_empty_column() -> None:
    """Empty columns are omitted, while a column with the same text in each row stays."""
    ticks = [Tick(number, FolderChange(), None, None, runs=(make_run("acme"),)) for number in (1, 2)]
    assert render_text(describe_history(ticks)) == (
        "2 ticks, 2 runs requested\n"
        "    tick  requested    outcome\n"
        "    ✓ 1   1 run: acme  1 run succeeded\n"
        "    ✓ 2   1 run: acme  1 run succeeded"
    )


def test_an_empty_folder_and_a_customer_called_none() -> None:
    """No cell is blank, and a customer called none is not mistaken for an empty cell."""
    none = Tick(1, FolderChange(), None, None, runs=(make_run("none"),))
    new = Tick(2, FolderChange(new=("none",)), None, None, runs=(make_run("none", run_key="none"),))
    assert format_cells(describe_history([none, new])) == [
        ["tick", "in the folder", "requested", "outcome"],
        ["✓ 1", "none", "1 run: none", "1 run succeeded"],
        ["✓ 2", "new: none", "1 run: none", "1 run succeeded"],
    ]
    assert format_cells(none.board()) == [["run of", "outcome"], ["none", "✓ succeeded"]]
    assert format_cells(new.board()) == [
        ["run of", "run key", "outcome"],
        ["none", "none", "✓ succeeded"],
    ]


def test_no_history_yet() -> None:
    """An empty history shows what a tick does, and how to begin."""
    assert render_text(describe_history([])) == (
        "○ No tick so far\n"
        "  folder: the sensor looks at it → sensor: requests keys and runs → keys: the daemon adds them →\n"
        "      runs: the daemon starts them → cursor: kept if all went well\n"
        "  Each call of tick() goes through this loop once."
    )


def test_many_ticks_keys_and_names() -> None:
    """The history shows the latest ticks, at most three names each, and the count of the others."""
    keys = tuple(f"customer-{number:03}" for number in range(500))
    ticks = [
        Tick(
            number,
            FolderChange(new=keys),
            None,
            None,
            keys=(add_keys(*keys),),
            runs=tuple(map(make_run, keys)),
        )
        for number in range(1, 501)
    ]
    board = describe_history(ticks)
    assert board.title == "500 ticks, 250,000 runs requested"
    assert board.blocks[0] == Line("460 earlier ticks not shown.")
    rows = format_cells(board)[1:]
    assert len(rows) == 40
    assert rows[0] == [
        "✓ 461",
        "500 new",
        "500 keys with runs: customer-000, customer-001, …, customer-499",
        "500 keys added, 500 runs succeeded",
    ]


def test_five_hundred_of_everything_is_bounded() -> None:
    """Of many runs, causes, requests, log lines and files, the first ones and the count are shown."""
    names = tuple(f"customer-{number:03}" for number in range(500))
    tick = Tick(
        1,
        FolderChange(new=names, same=names),
        None,
        "x" * 1_000_000,
        keys=tuple(map(add_keys, names)),
        runs=tuple(make_run(name, FAILED, name, "Broken: " + "y" * 10_000) for name in names),
        log=(("INFO", "z" * 10_000),) * 500,
    )
    text = render_text(tick.board())
    lines = text.splitlines()
    assert text.count('\n  to add to "s3": ') == 10
    assert "  and: 490 more requests for keys" in lines
    assert "    … 490 more" in lines
    assert lines[lines.index("    … 490 more") + 1].startswith("    customer-499  ")
    assert "  and: 497 more runs failed" in lines
    assert "  and: 480 more lines logged" in lines
    assert "(over 20,000 characters)" in text.replace("\n      ", " ")
    assert len(text) < 15_000
    assert len(render_html(tick.board()).encode()) < 30_000


def test_a_cursor_says_the_same_on_every_machine() -> None:
    """Times in a cursor are hidden before it is shortened, because half a time is not recognized."""
    files = {f"customer-{number:03}.csv": [283, 1_700_000_000_123_456_789 + number] for number in range(100)}
    later = {name: [size, time + 10**15] for name, (size, time) in files.items()}
    boards = [
        render_text(board)
        for cursor in (json.dumps(files), json.dumps(later))
        for ticks in [[Tick(1, FolderChange(), None, cursor)]]
        for board in (ticks[0].board(), describe_history(ticks))
    ]
    assert boards[:2] == boards[2:]
    assert '{"customer-000.csv": [283, (time)], ' in boards[0]
    assert '99.csv": [283, (time)]} (3,500 characters)' in boards[0].replace("\n      ", " ")
    assert '  {"customer-000.csv": [ … 9.csv": [283, (time)]}' in boards[1]


@pytest.mark.parametrize(
    ("cursor", "summary"),
    [
        (Cursor(), "0 files handled"),
        (Cursor(done=("a",)), "1 file handled"),
        (
            Cursor(done=tuple("abcdef"), seen=("g",), retired=("h",)),
            "6 files handled, 1 waiting, 1 key to be retired",
        ),
    ],
)
def test_the_cursor_of_the_courses_own_sensor_is_summarized(cursor: Cursor, summary: str) -> None:
    """The cursor of the library's sensor is summarized, since it is made from times."""
    tick = Tick(1, FolderChange(), None, cursor.to_json())
    assert repr(tick).splitlines()[-1] == f"  cursor after: {summary}"
    assert render_text(describe_history([tick])).endswith(f"  {summary}")


@pytest.mark.parametrize("cursor", ['{"format": 1, "done": []}', "[" * 5_000, '{"done": 1}', "2018-01-22"])
def test_other_cursors_are_shown_unchanged(cursor: str) -> None:
    """Other cursors are shown unchanged, even if they resemble the library's."""
    assert f"cursor after: {cursor[:20]}" in repr(Tick(1, FolderChange(), None, cursor))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_stay_names(name: str) -> None:
    """A hostile name adds no element or attribute to the page, and the page stays small."""
    tick = Tick(
        1,
        FolderChange(new=(name,) * 30, changed=(name,), gone=(name,), same=(name,)),
        name,
        name + "!",
        keys=(RequestedKeys("add", name, (name,) * 30, (name,)), RequestedKeys("delete", name, (name,), ())),
        runs=(RequestedRun(name, name, name, FAILED, name), RequestedRun(None, name, "other", DROPPED)) * 30,
        skip_reason=name,
        log=(("INFO", name + "?"), (name, name + "?")),
    )
    failed = Tick(2, FolderChange(), name, name, not_begun=1, error=ValueError(name))
    for board in (tick.board(), failed.board(), describe_history([tick, failed])):
        html = render_html(board)
        assert find_injected(html) == []
        assert len(html.encode()) < 25_000
        assert not {"\u202e", "\x00", "\x1b"} & set(html + render_text(board))
