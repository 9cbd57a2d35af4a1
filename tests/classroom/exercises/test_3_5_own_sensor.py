"""Verdicts on sensors of exercise 3.5 that show no belief, and on values that are not sensors."""

import os
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.simulator.tick_simulator import simulate
from lesson_lib.pipeline import SourceFolder, Warehouse

DECORATOR = "@dg.sensor(target=customers)"
READ = 'seen = json.loads(context.cursor or "{}")'
EMPTY = "known, runs = {}, {}"
VERSION = "[facts.st_size, facts.st_mtime_ns]"
IS_CHANGED = "seen.get(path.name) != version"
KEY = "checked_key(path.stem)"
RUN = "runs[key] = dg.RunRequest(partition_key=key)"
RUN_KEY = RUN[:-1] + ', run_key=f"{key} {version}")'
KEY_REQUESTS = "dynamic_partitions_requests=[s3_partitions_def.build_add_request(list(runs))]"
CURSOR = "cursor=json.dumps(known),"

# The scenarios, as a learner reads them.
NEW = "A new file arrives in source.path: ada.csv."
NOTHING_NEW = "Three files arrive, and then nothing for four ticks."
UNUSUAL = "Four files have unusual names and good keys: Ada.csv, O'Brien.csv, café.csv, a.csv.csv."
ONLY_ADA = "Only ada.csv is a data file. The others are hidden, unfinished, of another kind, or elsewhere."
BAD_KEYS = "Four files have names like 'a .csv', whose keys break the rules, and others arrive with them."
RESTARTED = "The sensor's process is restarted, and again on another machine. The cursor and the folder stay."
MANY_FILES = "There are 300 files, 100 with bad keys. Then one is corrected, and then 150, with 50 new ones."
BY_HAND = "Three keys were registered by hand, two of them have files, and the sensor has no cursor yet."
GONE = "A file goes away, and comes back corrected."
CHANGED = "A long file changes several times: two of its lines, or its size, and back to what it was."

NEVER_REQUESTED = (
    "after 2 ticks, never requested: 'customer 001', 'customer 002', 'customer 003', 'customer 004', "
    "'customer 005', … 'customer 200' (200 in all)"
)
EACH_REQUESTED = "a run for each of the 200 good ones, once; the cursor holds only those"
GOOD = "runs queued: 'Ada', \"O'Brien\", 'café', 'a.csv'"
ADA = "runs queued: 'ada'"
RESTORED = "tick 3: ada.csv is again what it was at first; runs queued: none"
NO_CURSOR = (
    "after three ticks and two restarts, there is no cursor",
    "a cursor that remembers what was requested",
)
IN_THE_LAB = (
    "tick 1: runs queued: '2018-01-22', '2018-01-23', '2018-01-24', '2018-01-25', '2018-01-26', … 'zenith' "
    "(11 in all)"
)
UNKNOWN = "tick 1 failed. DagsterUnknownPartitionError: Could not find a partition with key `ada`."


def change_solution(*changes: tuple[str, str]) -> str:
    """Return the solution with some of its parts replaced."""
    cell = EXERCISES["3.5"].solution
    for old, new in changes:
        assert old in cell
        cell = cell.replace(old, new)
    return cell


@pytest.mark.parametrize(
    "decorator",
    [
        "@dg.sensor(target=customers[1])",
        '@dg.sensor(target=dg.define_asset_job("load", selection=dg.AssetSelection.groups("static_etl")))',
    ],
)
def test_a_sensor_may_name_what_it_runs_in_any_way(decorator: str, run_cell: Callable[[str], Any]) -> None:
    """It names assets or a job here; the answers in `right/` use the other ways."""
    verdict = run_cell(change_solution((DECORATOR, decorator)))
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


# For each fault of a sensor, its cell, and the scenario, the value seen and the expected one.
FACTS = {
    "the whole name is the key": (
        change_solution((KEY, "checked_key(path.name)")),
        (NEW, "tick 1: runs queued: 'ada.csv'", ADA),
    ),
    "a file is put away": (
        change_solution((RUN, "path.rename(path.with_suffix('.done')); " + RUN)),
        (NEW, "no longer in the folder: 'ada.csv'", "every file stays where it is"),
    ),
    "the folder is that of the notebook": (
        change_solution(("Path(source.path)", "lab.source")),
        (NEW, IN_THE_LAB, ADA),
    ),
    "no cursor": (
        change_solution((CURSOR, "")),
        (
            NOTHING_NEW,
            "tick 2: the cursor before it is empty; runs queued: 'ada', 'edsger', 'grace'",
            "runs queued: none",
        ),
    ),
    "another version in the cursor": (
        change_solution(("] = version", "] = facts.st_mtime_ns")),
        (
            NOTHING_NEW,
            (
                'tick 2: the cursor before it is {"ada.csv": …, "edsger.csv": …, "grace.csv": …}; '
                "runs queued: 'ada', 'edsger', 'grace'"
            ),
            "runs queued: none",
        ),
    ),
    "the key is not as it was returned": (
        change_solution((RUN, "runs[path.stem] = dg.RunRequest(partition_key=path.stem)")),
        (
            UNUSUAL,
            (
                "tick 1: 'café' is not as checked_key returns it; "
                "runs queued: 'Ada', \"O'Brien\", 'a.csv', 'cafe\u0301'"
            ),
            GOOD,
        ),
    ),
    "no apostrophe in a key": (
        change_solution((RUN, f'if "\'" in key: continue\n            {RUN}')),
        (UNUSUAL, "tick 1: runs queued: 'Ada', 'a.csv', 'café'", GOOD),
    ),
    "some of the rules": (
        change_solution(
            (KEY, "path.stem"),
            (
                "            " + RUN,
                "            if ',' in key or '..' in key or ' ' in key: continue\n            " + RUN,
            ),
        ),
        (BAD_KEYS, "registered or requested: 'a[b]'", "no key that breaks the rules"),
    ),
    "files with bad keys are removed": (
        change_solution(("context.log.warning(str(refusal))", "path.unlink()")),
        (
            BAD_KEYS,
            "no longer in the folder: 'a .csv', 'a,b.csv', 'a..b.csv', 'a[b].csv'",
            "every file stays where it is",
        ),
    ),
    "run keys, and no cursor": (change_solution((CURSOR, ""), (RUN, RUN_KEY)), (RESTARTED, *NO_CURSOR)),
    "a database in memory": (
        change_solution(
            (
                DECORATOR,
                "noted = duckdb.connect()\nnoted.execute('create table t (j text)')\n\n\n" + DECORATOR,
            ),
            (READ, "seen = json.loads(noted.execute('select max(j) from t').fetchone()[0] or '{}')"),
            ("return dg", "noted.execute('delete from t')\n    return dg"),
            ("return dg", "noted.execute('insert into t values (?)', [json.dumps(known)])\n    return dg"),
            (CURSOR, ""),
        ),
        (RESTARTED, *NO_CURSOR),
    ),
    "a hidden file": (
        change_solution(
            (READ, "noted = Path(source.path, '.noted')\n    " + READ),
            ("context.cursor or ", "noted.read_text() if noted.exists() else "),
            ("return dg", "noted.write_text(json.dumps(known))\n    return dg"),
            (CURSOR, ""),
        ),
        (
            NEW,
            "written into the folder: '.noted'",
            "only the files that arrived; everything to remember goes into the cursor",
        ),
    ),
    "only the first hundred": (
        change_solution(('glob("[!.]*.csv"))', 'glob("[!.]*.csv"))[:100]'), ("len(runs) == 100", "False")),
        (MANY_FILES, NEVER_REQUESTED, EACH_REQUESTED),
    ),
    "keys that it does not know are deleted": (
        change_solution(
            (READ, READ + "\n    keys = context.instance.get_dynamic_partitions('s3')"),
            ("return dg", "strays = [key for key in keys if f'{key}.csv' not in known]\n    return dg"),
            (KEY_REQUESTS, KEY_REQUESTS[:-1] + ", s3_partitions_def.build_delete_request(strays)]"),
        ),
        (BY_HAND, "no longer registered: 'edsger'", "every key stays registered"),
    ),
    "a key goes with its file": (
        change_solution(
            (READ, READ + "\n    gone = [name for name in seen if not Path(source.path, name).exists()]"),
            (
                KEY_REQUESTS,
                KEY_REQUESTS[:-1] + ", s3_partitions_def.build_delete_request([name[:-4] for name in gone])]",
            ),
        ),
        (GONE, "grace.csv is gone, and s3 holds 'ada'", "grace stays registered: its rows are still there"),
    ),
    "a note in another folder": (
        change_solution(
            (READ, "noted = Path.home() / 'noted'\n    " + READ),
            ("context.cursor or ", "noted.read_text() if noted.exists() else "),
            ("return dg", "noted.write_text(json.dumps(known))\n    return dg"),
            (CURSOR, "cursor='see the note',"),
        ),
        (
            RESTARTED,
            (
                "tick 3: after the restart, only the folder is the same, hash() of a text is not, "
                "and the cursor is see the note; runs queued: 'ada', 'grace'"
            ),
            "runs queued: none",
        ),
    ),
    "only the time": (
        change_solution((VERSION, "facts.st_mtime_ns")),
        (CHANGED, "tick 5: only the size has changed; runs queued: none", ADA),
    ),
    "all versions that ever were": (
        change_solution(
            (VERSION, 'f"{path.name} {facts.st_size} {facts.st_mtime_ns}"'),
            (EMPTY, "known, runs = seen, {}"),
            (IS_CHANGED, "version not in seen"),
            ("known[path.name]", "known[version]"),
        ),
        (CHANGED, RESTORED, ADA),
    ),
    "the version is the run key": (
        change_solution((RUN, RUN_KEY)),
        (CHANGED, RESTORED + "; dropped, with known run keys: 'ada'", ADA),
    ),
}


@pytest.mark.parametrize("fault", FACTS)
def test_a_fault_without_a_belief_is_described(fault: str, run_cell: Callable[[str], Any]) -> None:
    """The verdict has the scenario, what was seen, and what was expected."""
    cell, facts = FACTS[fault]
    verdict = run_cell(cell)
    assert verdict.facts == tuple(zip(("Scenario", "Seen", "Expected"), facts, strict=True))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")


@pytest.mark.skipif(os.name != "posix", reason="patterns ignore case on other systems")
def test_a_suffix_in_capitals_is_another_suffix(run_cell: Callable[[str], Any]) -> None:
    """This is a rule of the course, so breaking it shows no belief."""
    verdict = run_cell(
        change_solution(
            ('.glob("[!.]*.csv")', ".iterdir()"),
            (
                "not path.is_file()",
                'path.name[0] == "." or path.suffix.lower() != ".csv" or not path.is_file()',
            ),
        )
    )
    assert verdict.misconception == ""
    assert verdict.facts == (
        ("Scenario", ONLY_ADA),
        ("Seen", "tick 1: runs queued: 'GRACE', 'ada'"),
        ("Expected", ADA),
    )


def test_a_tick_that_dagster_fails_is_explained(run_cell: Callable[[str], Any]) -> None:
    """The verdict has Dagster's error and its cause: here, keys and runs are spelt differently."""
    verdict = run_cell(change_solution(("(list(runs))", "([key.upper() for key in runs])")))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    facts = dict(verdict.facts)
    raised, why = facts["Seen"][: len(UNKNOWN)], facts["Seen"][len(UNKNOWN) :]
    assert raised == UNKNOWN
    assert "'s3'" in why
    assert facts["Expected"] == "a tick that does not fail"


def test_an_error_in_the_learners_code_is_shown_with_its_line(run_cell: Callable[[str], Any]) -> None:
    """The verdict also names the scenario in which it was raised."""
    verdict = run_cell(change_solution(("path.stat()", "path.stats()")))
    assert verdict.outcome is Outcome.RAISED
    facts = dict(verdict.facts)
    assert facts["Scenario"] == "A new file arrives in source.path: ada.csv."
    assert facts["Raised"].startswith("AttributeError: 'PosixPath' object has no attribute 'stats'")
    assert facts["Where"].startswith("my_sensor, line ")
    assert facts["Where"].endswith(": facts = path.stats()")


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        (
            'def f(context): return None\ncheck("3.5", f)',
            "That is a plain function. Put @dg.sensor(target=customers) above it.",
        ),
        (
            'check("3.5", "sensor")',
            "Pass your sensor to check, by the name of its function and without parentheses.",
        ),
        (
            '@dg.sensor()\ndef f(context): return None\ncheck("3.5", f)',
            "Your sensor does not say what to run. Write @dg.sensor(target=customers).",
        ),
        (
            '@dg.run_failure_sensor\ndef f(context): return None\ncheck("3.5", f)',
            "That is a sensor of another kind. Write a function with @dg.sensor above it.",
        ),
    ],
)
def test_another_value_is_not_attempted(cell: str, line: str, run_cell: Callable[[str], Any]) -> None:
    """The message says what would be an answer."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert verdict.lines == (line,)


def test_what_a_sensor_writes_elsewhere_is_removed(run_cell: Callable[[str], Any]) -> None:
    """Its working, home and temporary folder are the check's own, and so is its environment."""
    write = (
        "import os, tempfile\n    os.environ['STRAY'] = 'stray'\n    "
        "for place in (Path.cwd(), Path.home(), Path(tempfile.gettempdir())): (place / 'stray').touch()\n    "
    )
    before = Path.cwd(), dict(os.environ), tempfile.gettempdir()
    verdict = run_cell(change_solution((READ, write + READ)))
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert (Path.cwd(), dict(os.environ), tempfile.gettempdir()) == before
    assert not any((Path(place) / "stray").exists() for place in (before[0], Path.home(), before[2]))


def test_the_learners_own_objects_are_restored(run_cell: Callable[[str], Any]) -> None:
    """Neither a variable nor the notebook's instance changes, whatever the sensor does to them."""
    cell = change_solution(
        (DECORATOR, "memory = []\n\n\n" + DECORATOR),
        (READ, READ + '\n    memory.append(1); instance.add_dynamic_partitions("s3", ["stray"])'),
    )
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert run_cell('memory, instance.get_dynamic_partitions("s3")') == ([], [])


def test_a_sensor_that_adds_its_own_keys_shows_the_same_belief(run_cell: Callable[[str], Any]) -> None:
    """The database raises the error in the sensor's own line, where the two names give one key."""
    cell = change_solution(
        ("path.stem", 'path.name.split(".")[0]'),
        ("known, runs = {}, {}", "known, keys, runs = {}, [], {}"),
        ("            runs[key]", "            keys.append(key)\n            runs[key]"),
        (KEY_REQUESTS + ",", ""),
        ("return dg", 'context.instance.add_dynamic_partitions("s3", keys)\n    return dg'),
    )
    verdict = run_cell(cell)
    assert verdict.misconception == "key-ends-at-the-first-dot"
    assert verdict.facts[1][1].startswith("the key of both is 'hooli', and tick 1 failed. IntegrityError: ")


def test_the_solution_handles_two_names_of_one_key(tmp_path: Path, run_cell: Callable[[str], Any]) -> None:
    """Both get one run, no tick fails, and a deleted file leaves the cursor."""
    run_cell(EXERCISES["3.5"].solution)
    names = [unicodedata.normalize(form, "café.csv") for form in ("NFC", "NFD")]
    for name in names:
        (tmp_path / name).touch()
    with dg.DagsterInstance.ephemeral() as instance:
        resources = {"source": SourceFolder(path=str(tmp_path)), "database": Warehouse(database="")}
        daemon = simulate(run_cell("my_sensor"), run_cell("customers"), instance, resources=resources)
        requested = [[run.partition for run in daemon.tick(run=False).runs] for _ in range(2)]
        for name in names:
            (tmp_path / name).unlink(missing_ok=True)  # on some disks, both are one file
        daemon.tick(run=False)
        assert instance.get_dynamic_partitions("s3") == ["café"]
    assert requested == [["café"], []]
    assert [tick.error for tick in daemon.ticks] == [None] * 3
    assert daemon.cursor == "{}"
