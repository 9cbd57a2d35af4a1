"""The tick simulator: what Dagster's daemon does with a sensor, one tick at a time and in this process.

It follows the daemon in what is checked, what is dropped, and in which order things happen; a test holds it
against the daemon itself.
"""

import logging
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from lesson_lib.classroom.boards.board import Board
from lesson_lib.classroom.boards.shown import Shown
from lesson_lib.classroom.boards.ticks import Became, Files, KeysAsked, RunAsked, Tick, history_board

_RUN_KEY, _SENSOR = "dagster/run_key", "dagster/sensor_name"
Version = tuple[int, int]  # size in bytes, time of change in nanoseconds


class TickSimulator(Shown):
    """A daemon that evaluates one sensor, and only when it is told to.

    Attributes:
        instance: where keys are registered and runs recorded.
        ticks: all of them so far.
    """

    def __init__(
        self,
        sensor: dg.SensorDefinition,
        definitions: dg.Definitions,
        instance: dg.DagsterInstance,
        resources: Mapping[str, Any],
        folder: Path | None,
    ) -> None:
        """Begin without a cursor; `simulate` says what each of these is."""
        self.ticks: list[Tick] = []
        self._sensor = sensor
        self._resources = dict(resources)
        self._definitions = definitions
        self.instance = instance
        self._folder = folder
        self._seen: dict[str, Version] = {}
        self._queued: set[str] = set()

    @property
    def cursor(self) -> str | None:
        """What the sensor is given at the next tick."""
        return self.ticks[-1].cursor_after if self.ticks else None

    def tick(self, *, run: bool = True) -> Tick:
        """Evaluate the sensor once, and carry out what it asks for.

        An error in the sensor makes the tick fail, as it does in the daemon, and is shown instead of raised.

        Args:
            run: whether to do the runs, one after the other; otherwise they are queued, and stay so.
        """
        outcome = _Outcome(cursor=self.cursor)
        log = _Lines()
        files = self._look_around()
        try:
            self._carry_out(self._evaluated(log), outcome, run=run)
        except Exception as error:  # noqa: BLE001 - whatever the sensor raises is what became of the tick
            outcome.error = error
        tick = Tick(
            number=len(self.ticks) + 1,
            files=files,
            cursor_before=self.cursor,
            cursor_after=outcome.cursor,
            keys=tuple(outcome.keys),
            runs=tuple(outcome.runs),
            skip_reason=outcome.skip_reason,
            log=tuple(log.lines),
            error=outcome.error,
        )
        self.ticks.append(tick)
        return tick

    def board(self) -> Board:
        """Describe all ticks, a line each."""
        return history_board(self.ticks)

    def _look_around(self) -> Files:
        """Compare the folder with what it was at the tick before."""
        if self._folder is None:
            return Files()
        before, there = self._seen, _versions(self._folder)
        self._seen = there
        return Files(
            new=tuple(name for name in there if name not in before),
            changed=tuple(name for name in there if before.get(name, there[name]) != there[name]),
            gone=tuple(name for name in before if name not in there),
            same=tuple(name for name in there if before.get(name) == there[name]),
        )

    def _evaluated(self, log: "_Lines") -> Any:  # noqa: ANN401 - what `evaluate_tick` returns has no public name
        with dg.build_sensor_context(
            instance=self.instance,
            # Without a reference to an instance, Dagster knows no key when it checks the run requests.
            instance_ref=_some_reference(),
            cursor=self.cursor,
            definitions=self._definitions,
            sensor_name=self._sensor.name,
            resources=self._resources,
        ) as context:
            context.log.handlers[:] = [log]
            return self._sensor.evaluate_tick(context)

    def _carry_out(self, asked: Any, outcome: "_Outcome", *, run: bool) -> None:  # noqa: ANN401 - as above
        outcome.skip_reason = asked.skip_message or ""
        for event in asked.asset_events:
            self.instance.report_runless_asset_event(event)
        for request in asked.dynamic_partitions_requests or []:
            outcome.keys.append(self._with_keys(request))
        # Before the first run: a daemon that is stopped now goes on with the runs that it has noted.
        outcome.cursor = asked.cursor
        for request in asked.run_requests:
            outcome.runs.append(self._with_run(request, run=run))

    def _with_keys(
        self, request: dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest
    ) -> KeysAsked:
        name, keys = request.partitions_def_name, tuple(request.partition_keys)
        there = [key for key in keys if self.instance.has_dynamic_partition(name, key)]
        if isinstance(request, dg.DeleteDynamicPartitionsRequest):
            for key in there:
                self.instance.delete_dynamic_partition(name, key)
            return KeysAsked("delete", name, keys, tuple(there))
        new = [key for key in keys if key not in there]
        if new:
            self.instance.add_dynamic_partitions(name, new)  # refuses a key that is in the list twice
        return KeysAsked("add", name, keys, tuple(new))

    def _with_run(self, request: dg.RunRequest, *, run: bool) -> RunAsked:
        job = request.job_name or self._target()
        return RunAsked(request.partition_key, request.run_key, job, self._became(request, job, run=run))

    def _became(self, request: dg.RunRequest, job: str, *, run: bool) -> Became:
        if request.run_key and self._has_run(request.run_key):
            return Became.DROPPED
        if not run:
            self._queued.add(request.run_key or "")
            return Became.QUEUED
        result = self._definitions.resolve_job_def(job).execute_in_process(
            partition_key=request.partition_key,
            instance=self.instance,
            run_config=request.run_config,
            tags={**request.tags, **({_RUN_KEY: request.run_key} if request.run_key else {})},
            asset_selection=list(request.asset_selection) if request.asset_selection else None,
            raise_on_error=False,
        )
        return Became.SUCCEEDED if result.success else Became.FAILED

    def _has_run(self, run_key: str) -> bool:
        """Tell whether this sensor has had a run with this key, whatever became of it."""
        tags = {_RUN_KEY: run_key, _SENSOR: self._sensor.name}
        found = self.instance.get_run_records(filters=dg.RunsFilter(tags=tags), limit=1)
        return bool(found) or run_key in self._queued

    def _target(self) -> str:
        return str(self._sensor.targets[0].job_name)


def simulate(  # noqa: PLR0913 - what a deployment consists of, each by its name
    sensor: dg.SensorDefinition,
    assets: Sequence[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    *,
    resources: Mapping[str, Any] | None = None,
    folder: Path | None = None,
    jobs: Sequence[Any] = (),
) -> TickSimulator:
    """Simulate a daemon that has nothing to do but this sensor; its `tick()` evaluates it once.

    Runs are done in this process, and one that fails is a failed run, not the end of the cell. A tick takes
    some milliseconds, and each of its runs what it takes anywhere.

    Args:
        sensor: any sensor that is written as a function.
        assets: those that its runs materialize, and all that they need.
        instance: where keys are registered and runs recorded; an ephemeral one will do.
        resources: those of the sensor and of the assets, by name.
        folder: where the files arrive, to be shown with each tick.
        jobs: those that the sensor only knows by name.

    Raises:
        ValueError: it is no sensor that can be simulated.
        dagster.DagsterError: sensor, assets and resources do not fit together.
    """
    if not isinstance(sensor, dg.SensorDefinition):
        raise ValueError(  # noqa: TRY004 - one kind of error for whatever cannot be simulated
            f"simulate takes a sensor first, not {sensor!r}. "
            "Pass the function that is decorated with @dg.sensor, by its name and without brackets."
        )
    definitions = dg.Definitions(assets=assets, sensors=[sensor], jobs=jobs, resources=resources)
    return TickSimulator(sensor, definitions, instance, resources or {}, folder)


@dataclass
class _Outcome:
    """What has come of a tick so far; an error may end it anywhere."""

    cursor: str | None
    skip_reason: str = ""
    keys: list[KeysAsked] = field(default_factory=list)
    runs: list[RunAsked] = field(default_factory=list)
    error: Exception | None = None


class _Lines(logging.Handler):
    """Keeps what a sensor logs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, without its time."""
        self.lines.append((record.levelname, record.getMessage()))


def _versions(folder: Path) -> dict[str, Version]:
    """Return size and time of change of all that lies in a folder, by name; nothing if there is none."""
    if not folder.is_dir():
        return {}
    facts = {path.name: path.lstat() for path in sorted(folder.iterdir())}
    return {name: (fact.st_size, fact.st_mtime_ns) for name, fact in facts.items()}


@cache
def _some_reference() -> Any:  # noqa: ANN401 - an `InstanceRef`, which has no public name
    """Return a reference to an instance that nobody uses, as an ephemeral one has none."""
    with tempfile.TemporaryDirectory() as folder, dg.DagsterInstance.local_temp(folder) as instance:
        return instance.get_ref()
