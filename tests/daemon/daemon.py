"""Dagster's own daemon, as a process of a test: started, killed, started again, and never left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

import dagster as dg
import psutil
import pytest

T = TypeVar("T")

PATIENCE = 120.0  # seconds; a safety net, since nothing is expected to take this long
_PAUSE = 0.1  # seconds between two looks
_LOG_TAIL = 60  # lines

# One run at a time, since DuckDB lets one process at a time write. Dagster looks at the queue of runs every
# second at best.
SETTINGS = """\
telemetry: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
run_queue: {dequeue_interval_seconds: 1}
"""

# The daemon as `dagster dev` starts it, but for the pause between two looks at the sensors: five seconds, and
# no setting makes that less. The script `dagster-daemon` breaks on a path with an apostrophe.
_DAEMON = """\
import runpy
import dagster._daemon.sensor
dagster._daemon.sensor.MIN_INTERVAL_LOOP_TIME = 0.5
runpy.run_module("dagster._daemon", run_name="__main__", alter_sys=True)
"""

# Leads the group of all processes. Its input ends with the test, however that came to its end; then it ends
# the group.
_LEADER = """\
import os, signal, sys
sys.stdin.read()
os.killpg(0, signal.SIGKILL)
"""


class ProcessGroup:
    """Processes that end with the body of a `with`, and even if the process that waits for them is killed."""

    def __enter__(self) -> Self:
        """Start the leader, whom the others join."""
        leader = [sys.executable, "-c", _LEADER]
        self._leader = subprocess.Popen(leader, stdin=subprocess.PIPE, process_group=0)
        self._children: list[subprocess.Popen[bytes]] = []
        return self

    def start(self, command: list[str], home: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start a process in a folder; what it says is added to the file `daemon.log` there."""
        with (home / "daemon.log").open("ab") as log:
            child = subprocess.Popen(
                command,
                cwd=home,
                env=env,
                process_group=self._leader.pid,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._children.append(child)
        return child

    def __exit__(self, *_: object) -> None:
        """End them all."""
        self._leader.communicate()
        for child in self._children:
            child.wait(PATIENCE)


@dataclass(frozen=True)
class Tick:
    """What an instance keeps of one evaluation of a sensor."""

    id: int
    status: str  # STARTED, SKIPPED, SUCCESS or FAILURE
    skip_reason: str | None
    run_keys: tuple[str, ...]  # of all requests that were handled, also of those that were dropped
    cursor: str | None
    error: str | None


@dataclass(frozen=True)
class Run:
    """What an instance keeps of a run."""

    key: str | None
    run_key: str | None
    status: str  # QUEUED, STARTING, STARTED, SUCCESS, FAILURE and others

    @property
    def is_over(self) -> bool:
        """Whether it will never change again."""
        return self.status in {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass
class Daemon:
    """A daemon that can be started, stopped and killed, and the instance that outlives it.

    Attributes:
        instance: the daemon's, opened by the test as well.
    """

    home: Path
    definitions: Path
    instance: dg.DagsterInstance
    _group: ProcessGroup
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the daemon, on whatever an earlier one left in the instance."""
        self._process = self._popen("-c", _DAEMON, "run", "--python-file", str(self.definitions))

    def turn_on_sensors(self) -> None:
        """Turn all sensors on, for this daemon and for those that come after it."""
        command = ("-m", "dagster", "sensor", "start", "--start-all", "--python-file", str(self.definitions))
        if self._popen(*command).wait(PATIENCE):
            self._fail("The sensors could not be turned on.")

    def stop(self) -> int:
        """Ask the daemon to end, as a service's supervisor does, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._ended(self._process)

    def kill(self) -> int:
        """End the daemon where it stands; the processes that it started are left to themselves."""
        assert self._process is not None
        self._process.kill()
        return self._ended(self._process)

    def ticks(self, sensor: str = "arrivals_sensor") -> list[Tick]:
        """Return the ticks of a sensor that was turned on, oldest first."""
        return [
            Tick(
                id=int(tick.tick_id),
                status=tick.status.value,
                skip_reason=tick.skip_reason,
                run_keys=tuple(tick.run_keys),
                cursor=tick.cursor,
                error=tick.error.message if tick.error else None,
            )
            for tick in self.recorded_ticks(sensor)
        ]

    def recorded_ticks(self, sensor: str) -> list[Any]:
        """Return the ticks of a sensor as Dagster keeps them, oldest first; their type has no public name."""
        return [
            tick
            for state in self.instance.all_instigator_state()
            if state.name == sensor
            for tick in reversed(self.instance.get_ticks(state.instigator_origin_id, state.selector_id))
        ]

    def keys(self, name: str = "s3") -> list[str]:
        """Return the keys that are registered under this name, in order."""
        return list(self.instance.get_dynamic_partitions(name))

    def runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        return [
            Run(run.tags.get("dagster/partition"), run.tags.get("dagster/run_key"), run.status.value)
            for run in reversed(self.instance.get_runs())
        ]

    def wait_for(self, what: str, condition: Callable[[], T]) -> T:
        """Return what the condition gives as soon as that is true, or fail with the daemon's log."""
        deadline = time.monotonic() + PATIENCE
        while not (found := condition()):
            if self._process is None or self._process.poll() is not None:
                self._fail(f"The daemon ended while the test waited for {what}.")
            if time.monotonic() > deadline:
                self._fail(f"After {PATIENCE:.0f} s the test still waited for {what}.")
            time.sleep(_PAUSE)
        return found

    def wait_for_runs(self, count: int) -> list[Run]:
        """Wait until there are this many runs and all of them are over; return them, oldest first."""

        def all_over() -> list[Run]:
            runs = self.runs()
            return runs if len(runs) >= count and all(run.is_over for run in runs) else []

        return self.wait_for(f"{count} runs that are over", all_over)

    def wait_for_skip(self, reason: str, sensor: str = "arrivals_sensor") -> Tick:
        """Wait until a tick has given this reason for asking for no run; return the first that did."""

        def find_tick() -> Tick | None:
            return next((tick for tick in self.ticks(sensor) if tick.skip_reason == reason), None)

        return self.wait_for(f"a tick with the reason {reason!r}", find_tick)

    def next_tick(self, sensor: str = "arrivals_sensor") -> Tick:
        """Wait for the first tick that begins after this call; return it when it is over."""
        last = max((tick.id for tick in self.ticks(sensor)), default=0)

        def over() -> Tick | None:
            later = (tick for tick in self.ticks(sensor) if tick.id > last and tick.status != "STARTED")
            return next(later, None)

        return self.wait_for("the next tick", over)

    def log(self) -> str:
        """Return the end of what all processes logged."""
        lines = (self.home / "daemon.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_LOG_TAIL:])

    def _popen(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, *arguments]
        others = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
        return self._group.start(command, self.home, {**others, "DAGSTER_HOME": str(self.home)})

    def _ended(self, process: subprocess.Popen[bytes]) -> int:
        code = process.wait(PATIENCE)
        self._process = None
        return code

    def _fail(self, reason: str) -> NoReturn:
        states = self.instance.all_instigator_state()
        ticks = [tick for state in states for tick in self.ticks(state.name)[-5:]]
        pytest.fail(
            "\n".join(map(str, (reason, *ticks, *self.runs(), self.keys(), self.log()))), pytrace=False
        )


@contextmanager
def new_daemon(home: Path, definitions: Path, settings: str = SETTINGS) -> Iterator[Daemon]:
    """Make an instance in the folder `home`, and a daemon for it that is not started yet.

    Its `dagster.yaml` consists of these settings.

    Nothing is left running afterwards, however the test goes: not even when it is killed.
    """
    home.mkdir()
    (home / "dagster.yaml").write_text(settings, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(home)) as instance, ProcessGroup() as group:
        daemon = Daemon(home, definitions, instance, group)
        # Makes the tables of all databases, before two processes try it at the same time.
        for look in (daemon.ticks, daemon.runs, daemon.keys):
            look()
        yield daemon
    assert left_running(home) == []


def left_running(home: Path) -> list[str]:
    """Return the commands of the processes that are there and do not go, whichever group they are in."""
    deadline = time.monotonic() + PATIENCE
    while (left := running(home)) and time.monotonic() < deadline:
        time.sleep(_PAUSE)
    return left


def running(home: Path) -> list[str]:
    """Return the commands of the processes whose DAGSTER_HOME this is."""
    return [
        " ".join(process.info["cmdline"] or ["(unknown)"])
        for process in psutil.process_iter(["cmdline", "environ", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and (process.info["environ"] or {}).get("DAGSTER_HOME") == str(home)
    ]
