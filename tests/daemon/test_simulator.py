"""The tick simulator and Dagster's own daemon do the same in each tick of several scripts."""

import json
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lesson_lib.classroom.simulator.tick import RunOutcome, Tick
from lesson_lib.classroom.simulator.tick_simulator import simulate
from lesson_lib.pipeline.sensor.cursor import Cursor
from tests.daemon import scripted_sensors
from tests.daemon.daemon import Daemon, create_daemon
from tests.daemon.scripted_sensors import FINISHED, SCRIPTS, WAITING, Stage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

# Runs are executed in the daemon's process, because a process for each run would take most of a minute.
SETTINGS = """\
telemetry: {enabled: false}
run_queue: {dequeue_interval_seconds: 1}
run_launcher: {module: dagster._core.launcher.sync_in_memory_run_launcher, class: SyncInMemoryRunLauncher}
"""
WITHOUT_LOGS = {"python_logs": {"python_log_level": "CRITICAL"}}

KeyChange = tuple[str, str, tuple[str, ...], tuple[str, ...]]  # add or delete, set, changed keys, other keys
Run = tuple[str | None, str | None, str]  # partition, run key, status


@dataclass(frozen=True)
class ComparedTick:
    """What the simulator and the daemon's instance both record of a tick."""

    status: str
    error: str  # the type and the message of the innermost cause
    skip_reason: str
    keys: tuple[KeyChange, ...]
    runs: tuple[Run, ...]
    dropped: tuple[str | None, ...]  # run keys
    resumed: bool


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Start a daemon that runs all scripts at the same time."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "daemon").mkdir()
    with create_daemon(folder / "home", Path(scripted_sensors.__file__), SETTINGS) as daemon:
        daemon.start()
        yield daemon


# Dagster itself causes this warning for every sensor whose job consists of ops.
@pytest.mark.filterwarnings("ignore:Parameter `owners`")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_simulator_does_what_the_daemon_does(
    daemon: Daemon, tmp_path: Path, script: Callable[[Stage], list[object]]
) -> None:
    """All that is recorded of each tick is the same, and so are the keys at the end."""
    name, daemon_folder = script.__name__, daemon.home.parent / "daemon"
    stage, set_name = Stage(name, tmp_path), "s3" if script is scripted_sensors.library else name
    with dg.DagsterInstance.ephemeral(settings=WITHOUT_LOGS) as instance:
        simulator = simulate(
            scripted_sensors.make_sensor(stage, script(stage)),
            scripted_sensors.list_assets(stage),
            instance,
            resources=scripted_sensors.make_resources(tmp_path),
        )
        while simulator.tick().skip_reason != FINISHED:
            assert len(simulator.ticks) < 100
        *ticks, _ = simulator.ticks
        simulated = [convert_simulated_tick(tick) for tick in ticks]
        keys = instance.get_dynamic_partitions(set_name)
    expected = read_arguments(tmp_path, name)
    # The last evaluation begins after all earlier ticks and runs have ended.
    daemon.wait_for(f"the end of {name}", lambda: len(read_arguments(daemon_folder, name)) >= len(expected))
    assert read_daemon_ticks(daemon, name) == simulated
    assert read_arguments(daemon_folder, name)[: len(expected)] == expected
    assert daemon.list_keys(set_name) == keys
    # The simulator's own record of the cursor is the cursor that the sensor got.
    cursors = [simplify_cursor(tick.cursor_before) for tick in simulator.ticks if not tick.resumed]
    assert cursors == [cursor for cursor, *_ in expected]
    assert [tick.cursor_after for tick in ticks] == [tick.cursor_before for tick in simulator.ticks[1:]]


def convert_simulated_tick(tick: Tick) -> ComparedTick:
    """Return what the simulator records of a tick."""
    launched = [run for run in tick.runs if run.became is not RunOutcome.DROPPED]
    statuses = {RunOutcome.SUCCEEDED: "SUCCESS", RunOutcome.FAILED: "FAILURE"}
    status = "FAILURE" if tick.error else "SUCCESS" if launched else "SKIPPED"
    error: BaseException | None = tick.error
    while error and error.__cause__:
        error = error.__cause__
    return ComparedTick(
        status=status,
        error=get_first_line(f"{type(error).__name__}: {error}") if error else "",
        skip_reason=tick.skip_reason,
        keys=tuple(
            (
                keys.action,
                keys.set_name,
                keys.done,
                tuple(dict.fromkeys(key for key in keys.keys if key not in keys.done)),
            )
            for keys in tick.keys
            if not keys.refused
        ),
        runs=tuple(
            (run.partition or None, remove_import_number(run.run_key or None), statuses[run.became])
            for run in launched
        ),
        dropped=()
        if tick.error
        else tuple(remove_import_number(run.run_key) for run in tick.find_runs(RunOutcome.DROPPED)),
        resumed=tick.resumed,
    )


def read_daemon_ticks(daemon: Daemon, sensor: str) -> list[ComparedTick]:
    """Return what the daemon recorded of a script's ticks, except for those that waited."""
    found = []
    earlier: Any = None
    for tick in daemon.read_tick_records(sensor):
        if tick.skip_reason == FINISHED or tick.status.value == "STARTED":
            break
        if tick.skip_reason != WAITING:
            found.append(convert_tick_record(daemon.instance, tick, earlier))
        earlier = tick
    return found


def convert_tick_record(instance: dg.DagsterInstance, tick: Any, earlier: Any) -> ComparedTick:  # noqa: ANN401 - Dagster's class is not public
    """Return what the daemon recorded of a tick; a tick that resumes the earlier one repeats its record."""
    requests = list(tick.reserved_run_ids_with_requests)
    resumed = bool(requests) and requests == list(earlier.reserved_run_ids_with_requests if earlier else ())
    before = set(earlier.run_ids) if resumed else set()
    launched = [instance.get_run_by_id(run_id) for run_id in tick.run_ids if run_id not in before]
    error = tick.error
    while error and error.cause:
        error = error.cause
    return ComparedTick(
        status=tick.status.value,
        error=get_first_line(error.message) if error else "",
        skip_reason=tick.skip_reason or "",
        keys=()
        if resumed
        else tuple(
            (
                "add" if keys.deleted_partitions is None else "delete",
                keys.partitions_def_name,
                tuple(dict.fromkeys(keys.added_partitions or keys.deleted_partitions or ())),
                tuple(dict.fromkeys(keys.skipped_partitions)),
            )
            for keys in tick.dynamic_partitions_request_results
        ),
        runs=tuple(
            (
                run.tags.get("dagster/partition"),
                remove_import_number(run.tags.get("dagster/run_key")),
                run.status.value,
            )
            for run in launched
        ),
        dropped=()
        if tick.error
        else tuple(
            remove_import_number(request.run_key)
            for run_id, request in requests
            if run_id not in tick.run_ids
        ),
        resumed=resumed,
    )


def get_first_line(message: str) -> str:
    """Return the first line of a message, without the module of the error."""
    return re.sub(r"^[\w.]+\.(?=\w+:)", "", message.strip()).splitlines()[0]


def read_arguments(folder: Path, name: str) -> list[tuple[object, ...]]:
    """Return each evaluation's cursor, last run key, and whether it is the first one."""
    journal = Stage(name, folder).journal
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    return [
        (simplify_cursor(cursor), remove_import_number(run_key), is_first)
        for cursor, run_key, is_first in map(json.loads, lines)
    ]


def simplify_cursor(cursor: str | None) -> object:
    """Return a cursor; of the library's own cursor only its lengths, because its entries depend on times."""
    try:
        parsed = Cursor.from_json(cursor or "")
    except ValueError:
        return cursor
    return len(parsed.done), len(parsed.seen), len(parsed.retired)


def remove_import_number(text: str | None) -> str | None:
    """Remove the number of an import, because the daemon's instance counts the imports of all scripts."""
    return text and re.sub(r"(?<= after )\d+$", "…", text)
