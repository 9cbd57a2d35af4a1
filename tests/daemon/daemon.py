"""Dagster's own daemon as a process, which a test starts, stops and kills, and which ends with the test."""

import json
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

TIMEOUT_SECONDS = 120.0  # a safety net, since nothing is expected to take this long
_POLL_SECONDS = 0.1
_MAX_LOG_LINES = 60

# One run at a time, because DuckDB lets one process at a time write. Dagster reads the queue of runs at most
# once a second.
SETTINGS = """\
telemetry: {enabled: false}
concurrency: {runs: {max_concurrent_runs: 1}}
run_queue: {dequeue_interval_seconds: 1}
"""

# The daemon as `dagster dev` starts it, except that it evaluates sensors more often than every five seconds,
# and backfills more often than every thirty, which no setting allows. The script `dagster-daemon` fails if
# its path has an apostrophe.
_DAEMON = """\
import runpy
import dagster._daemon.controller
import dagster._daemon.sensor
dagster._daemon.controller.DEFAULT_DAEMON_INTERVAL_SECONDS = 1
dagster._daemon.sensor.MIN_INTERVAL_LOOP_TIME = 0.5
runpy.run_module("dagster._daemon", run_name="__main__", alter_sys=True)
"""

# The leader of the group of processes. Its input ends when the test ends, even if the test is killed; then it
# kills the group.
_LEADER = """\
import os, signal, sys
sys.stdin.read()
os.killpg(0, signal.SIGKILL)
"""


class ProcessGroup:
    """Processes that end with the body of a `with`, or when the process that started them is killed."""

    def __enter__(self) -> Self:
        """Start the leader, whose group the other processes join."""
        leader = [sys.executable, "-c", _LEADER]
        self._leader = subprocess.Popen(leader, stdin=subprocess.PIPE, process_group=0)
        self._children: list[subprocess.Popen[bytes]] = []
        return self

    def start(self, command: list[str], home: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
        """Start a process in a folder, and append its output to the file `daemon.log` there."""
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
        """Kill all processes, and wait until they have ended."""
        self._leader.communicate()
        for child in self._children:
            child.wait(TIMEOUT_SECONDS)


@dataclass(frozen=True)
class Tick:
    """An instance's record of one evaluation of a sensor."""

    id: int
    status: str  # STARTED, SKIPPED, SUCCESS or FAILURE
    skip_reason: str | None
    run_keys: tuple[str, ...]  # of all requests that were handled, including those that were dropped
    cursor: str | None
    error: str | None


@dataclass(frozen=True)
class Run:
    """An instance's record of a run."""

    key: str | None
    run_key: str | None
    status: str  # QUEUED, STARTING, STARTED, SUCCESS, FAILURE and others

    @property
    def has_ended(self) -> bool:
        """Whether the run has ended."""
        return self.status in {"SUCCESS", "FAILURE", "CANCELED"}


@dataclass
class Daemon:
    """A daemon that can be started, stopped and killed.

    Attributes:
        home: the DAGSTER_HOME of the daemon.
        definitions: the Python file that it loads.
        instance: its instance, which the test has opened as well, and which stays when the daemon ends.
    """

    home: Path
    definitions: Path
    instance: dg.DagsterInstance
    _group: ProcessGroup
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start the daemon, also after an earlier one with the same instance."""
        self._process = self._start_process("-c", _DAEMON, "run", "--python-file", str(self.definitions))

    def turn_on_sensors(self) -> None:
        """Turn all sensors on, for this daemon and for later ones with the same instance."""
        command = ("-m", "dagster", "sensor", "start", "--start-all", "--python-file", str(self.definitions))
        if self._start_process(*command).wait(TIMEOUT_SECONDS):
            self._fail("The sensors could not be turned on.")

    def stop(self) -> int:
        """Terminate the daemon as a service manager does, and return its exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._wait_for_end(self._process)

    def kill(self) -> int:
        """Kill the daemon, but not the processes that it has started, and return its exit code."""
        assert self._process is not None
        self._process.kill()
        return self._wait_for_end(self._process)

    def list_ticks(self, sensor: str = "arrivals_sensor") -> list[Tick]:
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
            for tick in self.read_tick_records(sensor)
        ]

    def read_tick_records(self, sensor: str) -> list[Any]:
        """Return Dagster's own objects for the ticks of a sensor, oldest first; their class is not public."""
        return [
            tick
            for state in self.instance.all_instigator_state()
            if state.name == sensor
            for tick in reversed(self.instance.get_ticks(state.instigator_origin_id, state.selector_id))
        ]

    def list_keys(self, set_name: str = "s3") -> list[str]:
        """Return the registered keys of a set, in order."""
        return list(self.instance.get_dynamic_partitions(set_name))

    def list_runs(self) -> list[Run]:
        """Return all runs, oldest first."""
        return [
            Run(run.tags.get("dagster/partition"), run.tags.get("dagster/run_key"), run.status.value)
            for run in reversed(self.instance.get_runs())
        ]

    def wait_for(self, event: str, condition: Callable[[], T]) -> T:
        """Return the value of the condition as soon as it is true, or fail with the daemon's log.

        Args:
            event: the name of the awaited event, for the message of a failure.
            condition: is called until it returns a true value.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not (found := condition()):
            if self._process is None or self._process.poll() is not None:
                self._fail(f"The daemon ended while the test waited for {event}.")
            if time.monotonic() > deadline:
                self._fail(f"After {TIMEOUT_SECONDS:.0f} s the test still waited for {event}.")
            time.sleep(_POLL_SECONDS)
        return found

    def wait_for_runs(self, count: int) -> list[Run]:
        """Wait until there are this many runs and all of them have ended; return them, oldest first."""

        def find_ended_runs() -> list[Run]:
            runs = self.list_runs()
            return runs if len(runs) >= count and all(run.has_ended for run in runs) else []

        return self.wait_for(f"{count} runs that have ended", find_ended_runs)

    def wait_for_skip(self, reason: str) -> Tick:
        """Wait until a tick of the arrivals sensor was skipped for this reason; return the first one."""

        def find_tick() -> Tick | None:
            return next((tick for tick in self.list_ticks() if tick.skip_reason == reason), None)

        return self.wait_for(f"a tick with the reason {reason!r}", find_tick)

    def query(self, graphql: str, **variables: object) -> Any:  # noqa: ANN401 - whatever the query asks for
        """Ask what Dagster's UI would ask, and return the answer to the query's one field."""
        run = "from dagster_graphql.cli import main; main()"
        command = [sys.executable, "-c", run, "--python-file", str(self.definitions)]
        answer = self.home / "answer.json"
        asked = ["--text", graphql, "--variables", json.dumps(variables), "--output", str(answer)]
        done = subprocess.run(
            [*command, *asked],
            cwd=self.home,
            env=self._variables,
            capture_output=True,
            encoding="utf-8",
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        assert not done.returncode, done.stderr
        (field,) = json.loads(answer.read_text(encoding="utf-8"))["data"].values()
        return field

    def read_log(self) -> str:
        """Return the last lines that the processes logged."""
        lines = (self.home / "daemon.log").read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(lines[-_MAX_LOG_LINES:])

    def _start_process(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self._group.start([sys.executable, *arguments], self.home, self._variables)

    @property
    def _variables(self) -> dict[str, str]:
        """The environment of Dagster's processes."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
        return {**own, "DAGSTER_HOME": str(self.home)}

    def _wait_for_end(self, process: subprocess.Popen[bytes]) -> int:
        code = process.wait(TIMEOUT_SECONDS)
        self._process = None
        return code

    def _fail(self, reason: str) -> NoReturn:
        states = self.instance.all_instigator_state()
        ticks = [tick for state in states for tick in self.list_ticks(state.name)[-5:]]
        pytest.fail(
            "\n".join(map(str, (reason, *ticks, *self.list_runs(), self.list_keys(), self.read_log()))),
            pytrace=False,
        )


@contextmanager
def create_daemon(home: Path, definitions: Path, settings: str = SETTINGS) -> Iterator[Daemon]:
    """Create a daemon that is not started yet, and its instance.

    At the end all its processes are killed, also if the test fails or is killed.

    Args:
        home: the DAGSTER_HOME, a folder that does not exist yet.
        definitions: the Python file that the daemon loads.
        settings: the content of `dagster.yaml`.
    """
    home.mkdir()
    (home / "dagster.yaml").write_text(settings, encoding="utf-8")
    with dg.DagsterInstance.from_config(str(home)) as instance, ProcessGroup() as group:
        daemon = Daemon(home, definitions, instance, group)
        # Reading creates the tables of all databases, before two processes try to do so at the same time.
        for read in (daemon.list_ticks, daemon.list_runs, daemon.list_keys):
            read()
        yield daemon
    assert list_remaining_processes(home) == []


def list_remaining_processes(home: Path) -> list[str]:
    """Return the commands of the processes of this DAGSTER_HOME that do not end within the timeout."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while (remaining := list_processes(home)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return remaining


def list_processes(home: Path) -> list[str]:
    """Return the commands of the processes whose DAGSTER_HOME this is."""
    return [
        " ".join(process.info["cmdline"] or ["(unknown)"])
        for process in psutil.process_iter(["cmdline", "environ", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and (process.info["environ"] or {}).get("DAGSTER_HOME") == str(home)
    ]
