"""The tick simulator beside Dagster's own daemon: the same scripts, tick by tick."""

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
from tests.daemon import scripted
from tests.daemon.daemon import Daemon, new_daemon
from tests.daemon.scripted import OVER, SCRIPTS, WAITING, Stage

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no process groups to clean up by"
)

# Runs are done in the daemon's process: a process for each of them would take most of a minute.
SETTINGS = """\
telemetry: {enabled: false}
run_queue: {dequeue_interval_seconds: 1}
run_launcher: {module: dagster._core.launcher.sync_in_memory_run_launcher, class: SyncInMemoryRunLauncher}
"""
QUIET = {"python_logs": {"python_log_level": "CRITICAL"}}

Keys = tuple[str, str, tuple[str, ...], tuple[str, ...]]  # add or delete, the set, those done, those left
Run = tuple[str | None, str | None, str]  # its partition, its run key, and what became of it


@dataclass(frozen=True)
class Seen:
    """What can be seen of a tick, in the daemon's instance and in the simulator."""

    status: str
    error: str  # its type and message, of the one that caused all others
    skip_reason: str
    keys: tuple[Keys, ...]
    runs: tuple[Run, ...]
    dropped: tuple[str | None, ...]  # run keys
    resumed: bool


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """A daemon that plays all scripts, one beside the other."""
    world = tmp_path_factory.mktemp("scripts")
    (world / "daemon").mkdir()
    with new_daemon(world / "home", Path(scripted.__file__), SETTINGS) as daemon:
        daemon.start()
        yield daemon


# Dagster's own doing, wherever a sensor has a job that is made of ops.
@pytest.mark.filterwarnings("ignore:Parameter `owners`")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_the_simulator_does_what_the_daemon_does(
    daemon: Daemon, tmp_path: Path, script: Callable[[Stage], list[object]]
) -> None:
    """All that can be seen of every tick is the same, and so are the keys at the end."""
    name, (world, home) = script.__name__, (tmp_path, daemon.home.parent / "daemon")
    stage, set_name = Stage(name, world), "s3" if script is scripted.library else name
    with dg.DagsterInstance.ephemeral(settings=QUIET) as instance:
        simulator = simulate(
            scripted.sensor_of(stage, script(stage)),
            scripted.assets_of(stage),
            instance,
            resources=scripted.resources_of(world),
        )
        while simulator.tick().skip_reason != OVER:
            assert len(simulator.ticks) < 100
        *ticks, _ = simulator.ticks
        simulated = [of_simulator(tick) for tick in ticks]
        left = instance.get_dynamic_partitions(set_name)
    expected = given(world, name)
    # The last evaluation begins when all ticks and runs before it are over.
    daemon.wait_for(f"the end of {name}", lambda: len(given(home, name)) >= len(expected))
    assert of_daemon(daemon, name) == simulated
    assert given(home, name)[: len(expected)] == expected
    assert daemon.keys(set_name) == left
    # What the simulator shows of the cursor is what the sensor was given.
    shown = [remembered(tick.cursor_before) for tick in simulator.ticks if not tick.resumed]
    assert shown == [cursor for cursor, *_ in expected]
    assert [tick.cursor_after for tick in ticks] == [tick.cursor_before for tick in simulator.ticks[1:]]


def of_simulator(tick: Tick) -> Seen:
    """Return what the simulator shows of a tick."""
    launched = [run for run in tick.runs if run.became is not RunOutcome.DROPPED]
    became = {RunOutcome.SUCCEEDED: "SUCCESS", RunOutcome.FAILED: "FAILURE"}
    status = "FAILURE" if tick.error else "SUCCESS" if launched else "SKIPPED"
    error: BaseException | None = tick.error
    while error and error.__cause__:
        error = error.__cause__
    return Seen(
        status=status,
        error=first_line(f"{type(error).__name__}: {error}") if error else "",
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
            (run.partition or None, timeless(run.run_key or None), became[run.became]) for run in launched
        ),
        dropped=()
        if tick.error
        else tuple(timeless(run.run_key) for run in tick.find_runs(RunOutcome.DROPPED)),
        resumed=tick.resumed,
    )


def of_daemon(daemon: Daemon, sensor: str) -> list[Seen]:
    """Return what the daemon recorded of a script's ticks, without those that waited."""
    found = []
    earlier: Any = None
    for tick in daemon.recorded_ticks(sensor):
        if tick.skip_reason == OVER or tick.status.value == "STARTED":
            break
        if tick.skip_reason != WAITING:
            found.append(of_record(daemon.instance, tick, earlier))
        earlier = tick
    return found


def of_record(instance: dg.DagsterInstance, tick: Any, earlier: Any) -> Seen:  # noqa: ANN401 - Dagster's, without a public name
    """Return what the daemon recorded of a tick; one that goes on with the earlier one repeats its record."""
    requests = list(tick.reserved_run_ids_with_requests)
    resumed = bool(requests) and requests == list(earlier.reserved_run_ids_with_requests if earlier else ())
    before = set(earlier.run_ids) if resumed else set()
    launched = [instance.get_run_by_id(run_id) for run_id in tick.run_ids if run_id not in before]
    error = tick.error
    while error and error.cause:
        error = error.cause
    return Seen(
        status=tick.status.value,
        error=first_line(error.message) if error else "",
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
                timeless(run.tags.get("dagster/run_key")),
                run.status.value,
            )
            for run in launched
        ),
        dropped=()
        if tick.error
        else tuple(timeless(request.run_key) for run_id, request in requests if run_id not in tick.run_ids),
        resumed=resumed,
    )


def first_line(message: str) -> str:
    """Keep the first line of a message, without the error's module."""
    return re.sub(r"^[\w.]+\.(?=\w+:)", "", message.strip()).splitlines()[0]


def given(world: Path, name: str) -> list[tuple[object, ...]]:
    """Return what each of a script's evaluations was given."""
    journal = Stage(name, world).journal
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    return [
        (remembered(cursor), timeless(run_key), is_first)
        for cursor, run_key, is_first in map(json.loads, lines)
    ]


def remembered(cursor: str | None) -> object:
    """Return a cursor; of the library's own only the lengths, as its words stand for times."""
    try:
        words = Cursor.from_json(cursor or "")
    except ValueError:
        return cursor
    return len(words.done), len(words.seen), len(words.retired)


def timeless(text: str | None) -> str | None:
    """Leave out by which number an instance knows an import: the daemon's has those of all scripts."""
    return text and re.sub(r"(?<= after )\d+$", "…", text)
