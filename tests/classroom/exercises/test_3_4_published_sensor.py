"""The published sensor of exercises 3.2 and 3.4 runs as printed, and has the symptoms in their texts."""

import ast
import json
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.sandbox import open_sandbox
from lesson_lib.classroom.simulator.tick import RunOutcome
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
    s3_partitions_def,
)

CUSTOMERS = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
PUBLISHED_SENSOR: str = import_module("lesson_lib.course.03.3_4_published_sensor.scenarios").PUBLISHED_SENSOR
LINES = PUBLISHED_SENSOR.splitlines()
VERSION = 'f"{path.name} {path.stat().st_size}"'
WITH_RUN_KEY = 'dg.RunRequest(partition_key=key, run_key=f"{name} {(inbox / name).stat().st_size}")'
# For each symptom, a line that 3.4 names, and the line that fixes it.
FIXES = [
    ("a", 10, "        cursor=json.dumps(seen + new),"),
    ("b", 4, f"    names = [{VERSION} for path in sorted(inbox.iterdir())]"),
    ("b", 5, f"    new = [now for path in sorted(inbox.iterdir()) if (now := {VERSION}) not in seen]"),
    ("c", 6, "    keys = [Path(name).stem for name in new]"),
    ("d", 9, f"        run_requests=[{WITH_RUN_KEY} for key, name in zip(keys, new)],"),
]

Start = Callable[..., tuple[Path, TickSimulator]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Return a function that starts a daemon for the text of a sensor, and an inbox of copies of a file."""
    with open_sandbox() as sandbox:
        inbox = sandbox.lab.folder / "inbox"
        inbox.mkdir()

        def start_daemon(sensor: str, *names: str) -> tuple[Path, TickSimulator]:
            for name in names:
                (inbox / name).write_bytes((sandbox.lab.source / "acme.csv").read_bytes())
            given: dict[str, Any] = {"customers": CUSTOMERS, "inbox": inbox}
            given |= {"Path": Path, "dg": dg, "json": json, "s3_partitions_def": s3_partitions_def}
            exec(sensor, given)  # noqa: S102 - the course's own code
            resources = {
                "source": SourceFolder(path=str(inbox)),
                "database": Warehouse(database=str(sandbox.lab.database)),
            }
            return inbox, simulate(given["first_sensor"], CUSTOMERS, sandbox.instance, resources=resources)

        yield start_daemon


def replace_line(line: int, text: str) -> str:
    """Return the published sensor with this line replaced."""
    return "\n".join([*LINES[: line - 1], text, *LINES[line:]])


def run_ticks(daemon: TickSimulator, ticks: int) -> list[list[str | None]]:
    """Return the keys of the runs that each of a number of ticks requests."""
    return [[run.partition for run in daemon.tick(run=False).runs] for _ in range(ticks)]


def test_the_task_shows_the_sensor_with_line_numbers() -> None:
    """The answer refers to these numbers."""
    numbered = [f"{number:2}  {line}" for number, line in enumerate(LINES, 1)]
    assert "\n".join(numbered) in EXERCISES["3.4"].task


def test_the_fixed_lines_are_those_of_the_solution() -> None:
    """Each symptom has one line, and b has two."""
    named: set[tuple[str, int]] = set()
    for cell in (EXERCISES["3.4"].solution, *EXERCISES["3.4"].also_right):
        call: Any = ast.parse(cell).body[-1]
        given: dict[str, Any] = ast.literal_eval(call.value.args[1])
        named |= {(symptom.lower(), int(str(line).split()[-1])) for symptom, line in given.items()}
    assert named == {(symptom, line) for symptom, line, _ in FIXES}


def has_repeated_requests(start: Start, sensor: str) -> bool:
    """Return whether it has symptom a: every second tick requests everything."""
    keys = ["acme", "bluebird", "zenith"]
    _, daemon = start(sensor, *(f"{key}.csv" for key in keys))
    found = run_ticks(daemon, 4)
    assert found in ([keys, [], keys, []], [keys, [], [], []])
    return bool(found[2])


def has_missed_correction(start: Start, sensor: str) -> bool:
    """Return whether it has symptom b: a tick does not request a file that was corrected."""
    inbox, daemon = start(sensor, "acme.csv")
    assert run_ticks(daemon, 1) == [["acme"]]
    (inbox / "acme.csv").write_text("another,header\n", encoding="utf-8")
    found = run_ticks(daemon, 1)
    assert found in ([[]], [["acme"]])
    return not found[0]


def has_wrong_office(start: Start, sensor: str) -> bool:
    """Return whether it has symptom c: when acme.eu.csv arrives, acme.csv is loaded again instead."""
    inbox, daemon = start(sensor, "acme.csv")
    daemon.tick()
    (inbox / "acme.eu.csv").write_bytes((inbox / "acme.csv").read_bytes())
    found = [(run.partition, run.became) for run in daemon.tick().runs]
    assert found in ([("acme", RunOutcome.SUCCEEDED)], [("acme.eu", RunOutcome.SUCCEEDED)])
    return found[0][0] == "acme"


def has_reload_after_reset(start: Start, sensor: str) -> bool:
    """Return whether it has symptom d: without its cursor, the sensor loads every file again."""
    names = ["acme.csv", "bluebird.csv"]
    _, before = start(sensor, *names)
    assert [run.became for run in before.tick().runs] == [RunOutcome.SUCCEEDED] * 2
    _, after = start(sensor, *names)  # on the same instance, and with no cursor
    assert after.cursor is None
    [became] = {run.became for run in after.tick().runs}
    assert became in (RunOutcome.SUCCEEDED, RunOutcome.DROPPED)
    return became is RunOutcome.SUCCEEDED


SYMPTOMS = {
    "a": has_repeated_requests,
    "b": has_missed_correction,
    "c": has_wrong_office,
    "d": has_reload_after_reset,
}


@pytest.mark.parametrize("symptom", SYMPTOMS)
def test_the_published_sensor_shows_each_symptom(symptom: str, start: Start) -> None:
    """The task lists the symptom, and the sensor has it."""
    assert f"- **{symptom}** " in EXERCISES["3.4"].task
    assert SYMPTOMS[symptom](start, PUBLISHED_SENSOR)


@pytest.mark.parametrize("symptom", SYMPTOMS)
@pytest.mark.parametrize(("fixed", "line", "text"), FIXES)
def test_each_fix_removes_its_own_symptom(
    fixed: str, line: int, text: str, symptom: str, start: Start
) -> None:
    """The other symptoms stay, so each symptom has its own line."""
    assert SYMPTOMS[symptom](start, replace_line(line, text)) is (symptom != fixed)


def test_the_guesses_of_3_2_are_about_the_first_symptom(start: Start) -> None:
    """The solution of the prediction is what the sensor does."""
    _, daemon = start(PUBLISHED_SENSOR, "acme.csv", "bluebird.csv", "zenith.csv")
    found = ", ".join(str(len(runs)) for runs in run_ticks(daemon, 4))
    assert EXERCISES["3.2"].solution == f'predict("3.2", {found})'
