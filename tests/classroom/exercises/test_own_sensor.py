"""What is said of sensors that no proof of exercise 3.5 lists."""

from collections.abc import Callable
from typing import Any

import pytest

from lesson_lib.classroom.exercises.notebook_03.own_sensor import OWN_SENSOR
from lesson_lib.classroom.progress_store import Outcome

DECORATOR = "@dg.sensor(target=customers)"
RUN_KEY = ', run_key=f"{key} {version}"'
LOADED = 'seen = json.loads(context.cursor or "{}")'
TWICE = "A file is corrected twice: first only its time of change differs, and then only its size."
FIRST_DAY = (
    "after 3 ticks, never asked for: 'customer 101', 'customer 102', 'customer 103', 'customer 104', "
    "'customer 105', … 'customer 300' (200 in all)"
)
IN_THE_LAB = (
    "tick 1: runs queued: '2018-01-22', '2018-01-23', '2018-01-24', '2018-01-25', '2018-01-26', … 'zenith' "
    "(11 in all)"
)
UNKNOWN = (
    "tick 1 failed. DagsterUnknownPartitionError: Could not find a partition with key `ada`. The set 's3' of "
    "this instance does not hold 'ada'. Neither a file nor the definition makes a key: somebody has to "
    "register it."
)
NO_SENSOR = "That is a plain function. Put @dg.sensor(target=customers) above it."
ADDED = "dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)]"


def but(*changes: tuple[str, str]) -> str:
    """Return the solution with parts of it in another way."""
    cell = OWN_SENSOR.solution
    for old, new in changes:
        assert old in cell
        cell = cell.replace(old, new)
    return cell


@pytest.mark.parametrize(
    "decorator",
    [
        "@dg.sensor(target=customers[1])",
        '@dg.sensor(job=dg.define_asset_job("load", selection=customers))',
        '@dg.sensor(target=dg.define_asset_job("load", selection=dg.AssetSelection.groups("static_etl")))',
        '@dg.sensor(name="arrivals", target="*", minimum_interval_seconds=60)',
    ],
)
def test_what_it_runs_may_be_said_in_any_way(decorator: str, run_cell: Callable[[str], Any]) -> None:
    """As assets, as a job, or as a selection."""
    verdict = run_cell(but((DECORATOR, decorator)))
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)


@pytest.mark.parametrize(
    ("cell", "facts"),
    [
        pytest.param(
            but(("cursor=json.dumps(known),", ""), (RUN_KEY, "")),
            (
                ("Scenario", "Three files arrive, and then nothing for four ticks."),
                ("Seen", "tick 2: runs queued: 'ada', 'edsger', 'grace'"),
                ("Expected", "runs queued: none"),
            ),
            id="no cursor",
        ),
        pytest.param(
            but(("[facts.st_size, facts.st_mtime_ns]", "facts.st_mtime_ns")),
            (
                ("Scenario", TWICE),
                ("Seen", "tick 3: only the size has changed; runs queued: none"),
                ("Expected", "runs queued: 'ada'"),
            ),
            id="time only",
        ),
        pytest.param(
            but(("[facts.st_size, facts.st_mtime_ns]", "facts.st_size")),
            (
                ("Scenario", TWICE),
                ("Seen", "tick 2: only the time has changed; runs queued: none"),
                ("Expected", "runs queued: 'ada'"),
            ),
            id="size only",
        ),
        pytest.param(
            but(("path.stem", "path.name")),
            (
                ("Scenario", "A new file arrives in source.path: ada.csv."),
                ("Seen", "tick 1: runs queued: 'ada.csv'"),
                ("Expected", "runs queued: 'ada'"),
            ),
            id="the whole name",
        ),
        pytest.param(
            but(('glob("[!.]*.csv"))', 'glob("[!.]*.csv"))[:100]'), ("len(runs) == 100", "False")),
            (
                ("Scenario", "On the first day, 300 files are there."),
                ("Seen", FIRST_DAY),
                ("Expected", "a run for each of the 300, once"),
            ),
            id="only the first hundred",
        ),
        pytest.param(
            but(
                (ADDED, ADDED[:-1] + ", s3_partitions_def.build_delete_request([n[:-4] for n in gone])]"),
                (LOADED, LOADED + "\n    gone = [n for n in seen if not Path(source.path, n).exists()]"),
            ),
            (
                ("Scenario", "A file goes away, and comes back corrected."),
                ("Seen", "grace.csv is gone, and s3 holds 'ada'"),
                ("Expected", "grace stays registered: its rows are still there"),
            ),
            id="a key that goes with its file",
        ),
        pytest.param(
            but(("runs.append(dg", "path.rename(path.with_suffix('.done')); runs.append(dg")),
            (
                ("Scenario", "A new file arrives in source.path: ada.csv."),
                ("Seen", "ada.csv is gone"),
                ("Expected", "ada.csv stays where it is, for the run to load it"),
            ),
            id="a file that is put away",
        ),
        pytest.param(
            but(("Path(source.path)", "lab.source")),
            (
                ("Scenario", "A new file arrives in source.path: ada.csv."),
                ("Seen", IN_THE_LAB),
                ("Expected", "runs queued: 'ada'"),
            ),
            id="the folder of the notebook",
        ),
    ],
)
def test_what_was_seen_is_told_where_no_belief_is_known(
    cell: str, facts: tuple[tuple[str, str], ...], run_cell: Callable[[str], Any]
) -> None:
    """With the scenario, and what should have come about."""
    verdict = run_cell(cell)
    assert verdict.facts == facts
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")


def test_a_tick_that_dagster_lets_fail_is_told_with_its_cause(run_cell: Callable[[str], Any]) -> None:
    """As the daemon would say it, and why; here, keys and runs are not of the same spelling."""
    verdict = run_cell(but(("keys.append(key)", "keys.append(key.upper())")))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert verdict.facts[1:] == (("Seen", UNKNOWN), ("Expected", "a tick that does not fail"))


def test_an_error_of_the_learner_is_told_with_its_line(run_cell: Callable[[str], Any]) -> None:
    """And in the scenario in which it came up."""
    verdict = run_cell(but(("path.stat()", "path.stats()")))
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
            "Give check your sensor, by the name of its function and without brackets.",
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
def test_what_is_no_answer_is_told_how_to_become_one(
    cell: str, line: str, run_cell: Callable[[str], Any]
) -> None:
    """It does not count as an attempt."""
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert verdict.lines == (line,)


def test_nothing_of_the_learner_is_another_one_afterwards(run_cell: Callable[[str], Any]) -> None:
    """Neither a variable nor the instance of the notebook, whatever the sensor does to them."""
    cell = but(
        (DECORATOR, "noted = []\n\n\n" + DECORATOR),
        (LOADED, LOADED + '\n    noted.append(1); instance.add_dynamic_partitions("s3", ["stray"])'),
    )
    verdict = run_cell(cell)
    assert verdict.outcome is Outcome.RIGHT, repr(verdict)
    assert run_cell('noted, instance.get_dynamic_partitions("s3")') == ([], [])


def test_whoever_makes_a_key_in_the_sensor_is_told_of_the_two_files(run_cell: Callable[[str], Any]) -> None:
    """The error comes up in their own line, and shows the same belief."""
    cell = but(
        ("path.stem", 'path.name.split(".")[0]'),
        (ADDED + ",", ""),
        ("return dg", 'context.instance.add_dynamic_partitions("s3", keys)\n    return dg'),
    )
    verdict = run_cell(cell)
    assert verdict.misconception == "key-ends-at-the-first-dot"
    assert verdict.facts[1][1].startswith("the key of both is 'hooli', and tick 1 failed. IntegrityError: ")
