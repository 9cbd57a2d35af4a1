"""The tick simulator: what Dagster's daemon does with a sensor, one tick at a time and in this process.

It follows the daemon in what is checked, what is dropped, and in which order things happen; a test holds it
against the daemon itself.
"""

import logging
import tempfile
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import dagster as dg

from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.classroom.display.run_view import why_failed
from lesson_lib.classroom.simulator.tick_view import Became, Files, KeysAsked, RunAsked, Tick, history_board

_RUN_KEY, _SENSOR = "dagster/run_key", "dagster/sensor_name"
Version = tuple[int, int]  # size in bytes, time of change in nanoseconds


class TickSimulator(Displayable):
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
        self.instance = instance
        self._sensor = sensor
        self._resources = _needed(sensor.required_resource_keys, resources)
        self._definitions = definitions
        self._folder = folder
        self._seen: dict[str, Version] = {}
        self._queued: set[str] = set()
        self._left: _Outcome | None = None
        self._last_run_key: str | None = None
        self._last_tick: float | None = None
        self._started = time.time()

    @property
    def cursor(self) -> str | None:
        """What the sensor is given at the next tick."""
        return self.ticks[-1].cursor_after if self.ticks else None

    def tick(self, *, run: bool = True) -> Tick:
        """Evaluate the sensor once, and carry out what it asks for.

        An error in the sensor makes the tick fail, as it does in the daemon, and is shown instead of raised.
        If a run cannot even begin, the tick after that does not evaluate the sensor, but tries it once more.

        Args:
            run: whether to do the runs, one after the other; otherwise they are queued, and stay so.

        Raises:
            ValueError: the sensor asks for what only the daemon itself can do; nothing of it is done.
        """
        began, there = time.time(), _versions(self._folder) if self._folder else {}
        left, log = self._left, _Lines()
        came = _Outcome(left.waiting, left.cursor) if left else _Outcome()
        try:
            if not left:
                self._ask(came, log)
            while came.waiting:
                came.runs.append(self._with_run(came.waiting[0], run=run))
                came.waiting.popleft()
        except _NeedsTheDaemon:
            raise
        # An interrupt, and what stops an exercise in time, are neither of these, and end the cell.
        except (Exception, SystemExit, GeneratorExit) as error:  # noqa: BLE001 - what became of the tick
            came.error = error
        tick = Tick(
            number=len(self.ticks) + 1,
            files=_compared(self._seen, there),
            cursor_before=self.cursor,
            cursor_after=self.cursor if came.error else came.cursor,
            keys=tuple(came.keys),
            runs=tuple(came.runs),
            not_begun=len(came.waiting),
            events=came.events,
            skip_reason="" if came.error else came.skip_reason,
            log=tuple(log.lines),
            error=came.error,
            resumed=left is not None,
        )
        self.ticks.append(tick)
        self._left = came if came.error and came.is_noted else None
        self._seen, self._last_tick = there, began
        if not came.error:
            self._last_run_key = next(reversed(_run_keys(came.runs)), self._last_run_key)
        return tick

    def board(self) -> Board:
        """Describe all ticks, a line each."""
        return history_board(self.ticks)

    def _ask(self, came: "_Outcome", log: "_Lines") -> None:
        """Evaluate the sensor, and do what comes before the first run."""
        asked = self._evaluated(log)
        for request in asked.run_requests:
            self._refuse_what_needs_the_daemon(request)
        came.waiting.extend(asked.run_requests)
        # An empty cursor is kept with runs, and is none without them.
        came.cursor = asked.cursor if asked.run_requests else asked.cursor or None
        came.skip_reason = asked.skip_message or ""
        for event in asked.asset_events:
            self.instance.report_runless_asset_event(event)
            came.events += 1
        for request in asked.dynamic_partitions_requests or []:
            self._change_keys(request, came)
        came.is_noted = True

    def _evaluated(self, log: "_Lines") -> Any:  # noqa: ANN401 - what `evaluate_tick` returns has no public name
        with dg.SensorEvaluationContext(
            # Without a reference to an instance, Dagster does not know, when it checks the run requests,
            # the keys that are asked for at the same tick.
            instance_ref=_some_reference(),
            instance=self.instance,
            cursor=self.cursor,
            last_run_key=self._last_run_key,
            last_tick_completion_time=self._last_tick,
            last_sensor_start_time=self._started,
            repository_def=self._definitions.get_repository_def(),
            sensor_name=self._sensor.name,
            resources=dg.build_sensor_context(resources=self._resources).resource_defs,
        ) as context:
            context.log.handlers[:] = [log]
            return self._sensor.evaluate_tick(context)

    def _refuse_what_needs_the_daemon(self, request: dg.RunRequest) -> None:
        needs = {
            "asset_graph_subset": request.asset_graph_subset is not None,
            "stale_assets_only": request.stale_assets_only,
            "asset_check_keys": request.asset_check_keys is not None and not self._runs_all_checks(request),
        }
        for argument, is_needed in needs.items():
            if is_needed:
                raise _NeedsTheDaemon(
                    f"{self._sensor.name} asks for a run with {argument}=, which this simulator cannot do, "
                    "and did nothing. Leave it out, or start the sensor in `dagster dev`."
                )

    def _runs_all_checks(self, request: dg.RunRequest) -> bool:
        # Dagster itself names them all where a sensor selects assets, and not a job.
        checks = self._definitions.get_repository_def().asset_graph.asset_check_keys
        selected = request.asset_selection
        return selected is not None and set(request.asset_check_keys or ()) == {
            check for check in checks if check.asset_key in selected
        }

    def _change_keys(
        self, request: dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest, came: "_Outcome"
    ) -> None:
        name, keys = request.partitions_def_name, tuple(request.partition_keys)
        registered = set(self.instance.get_dynamic_partitions(name)) if keys else set()
        if isinstance(request, dg.DeleteDynamicPartitionsRequest):
            there = dict.fromkeys(key for key in keys if key in registered)
            for key in there:
                self.instance.delete_dynamic_partition(name, key)
            came.keys.append(KeysAsked("delete", name, keys, tuple(there)))
            return
        new = [key for key in keys if key not in registered]
        try:
            if new:
                self.instance.add_dynamic_partitions(name, new)
        except Exception:  # a key is in the list twice, say
            came.keys.append(KeysAsked("add", name, keys, (), refused=True))
            raise
        came.keys.append(KeysAsked("add", name, keys, tuple(new)))

    def _with_run(self, request: dg.RunRequest, *, run: bool) -> RunAsked:
        # A sensor with several jobs names one in each of its requests: Dagster has checked that.
        job = request.job_name or str(self._sensor.job_name)
        keys = request.partition_key_range
        partition = f"{keys.start} to {keys.end}" if keys else request.partition_key
        became, why = self._became(request, job, run=run)
        return RunAsked(partition, request.run_key, job, became, why)

    def _became(self, request: dg.RunRequest, job: str, *, run: bool) -> tuple[Became, str]:
        if request.run_key and self._has_run(request.run_key):
            return Became.DROPPED, ""
        if not run:
            self._queued.add(request.run_key or "")
            return Became.QUEUED, ""
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            run_config=request.run_config,
            # They hold the partition, and the sensor's name.
            tags={**request.tags, **({_RUN_KEY: request.run_key} if request.run_key else {})},
            asset_selection=list(request.asset_selection) if request.asset_selection else None,
            raise_on_error=False,
        )
        return (Became.SUCCEEDED, "") if result.success else (Became.FAILED, why_failed(result))

    def _has_run(self, run_key: str) -> bool:
        """Tell whether this sensor has had a run with this key, whatever became of it."""
        tags = {_RUN_KEY: run_key, _SENSOR: self._sensor.name}
        found = self.instance.get_run_records(filters=dg.RunsFilter(tags=tags), limit=1)
        return bool(found) or run_key in self._queued


def simulate(  # noqa: PLR0913 - what a deployment consists of, each by its name
    sensor: dg.SensorDefinition,
    assets: Sequence[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    *,
    resources: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
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
    # Exactly this type: the sensors of assets, of runs and of automation conditions are its subclasses.
    if type(sensor) is not dg.SensorDefinition:
        raise ValueError(
            f"simulate takes a sensor that is decorated with @dg.sensor, not {_described(sensor)}. "
            "Pass it by its name and without brackets: simulate(my_sensor, ...)."
        )
    definitions = dg.Definitions(assets=assets, sensors=[sensor], jobs=jobs, resources=resources)
    definitions.get_repository_def()  # which checks that they fit together
    watched = None if folder is None else Path(folder)
    return TickSimulator(sensor, definitions, instance, resources or {}, watched)


def _described(value: object) -> str:
    kind = type(value).__name__
    return f"{value.name}, a {kind}" if isinstance(value, dg.SensorDefinition) else f"a {kind}"


class _NeedsTheDaemon(ValueError):
    """The sensor asks for something that is not simulated, which is no failure of the sensor's."""


@dataclass
class _Outcome:
    """What has come of a tick so far; an error may end it anywhere.

    Attributes:
        waiting: the run requests that have not begun.
        cursor: to be saved when all of them have.
        is_noted: whether the daemon has noted them, and so would try them once more after an error.
    """

    waiting: deque[dg.RunRequest] = field(default_factory=deque)
    cursor: str | None = None
    is_noted: bool = False
    skip_reason: str = ""
    events: int = 0
    keys: list[KeysAsked] = field(default_factory=list)
    runs: list[RunAsked] = field(default_factory=list)
    error: BaseException | None = None


class _Lines(logging.Handler):
    """Keeps what a sensor logs."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, without its time."""
        text = record.getMessage()
        if record.exc_info and record.exc_info[1]:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        self.lines.append((record.levelname, text))


def _needed(names: Iterable[str], resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sensor's own resources, and theirs: those of the assets may only be there for a run."""
    needed: dict[str, Any] = {}
    to_do = list(names)
    while to_do:
        name = to_do.pop()
        if name in resources and name not in needed:
            needed[name] = resources[name]
            to_do += getattr(resources[name], "required_resource_keys", ())
    return needed


def _run_keys(runs: Iterable[RunAsked]) -> dict[str, None]:
    """Return the run keys, each where it comes up first."""
    return dict.fromkeys(run.run_key for run in runs if run.run_key)


def _versions(folder: Path) -> dict[str, Version]:
    """Return size and time of change of all that can be seen in a folder, by name."""
    versions = {}
    with suppress(OSError):  # there is no such folder, say
        for path in sorted(folder.iterdir()):
            with suppress(OSError):  # it has just gone, say
                facts = path.lstat()
                versions[path.name] = facts.st_size, facts.st_mtime_ns
    return versions


def _compared(before: Mapping[str, Version], there: Mapping[str, Version]) -> Files:
    """Say what is in a folder, beside what was in it at the tick before."""
    return Files(
        new=tuple(name for name in there if name not in before),
        changed=tuple(name for name in there if before.get(name, there[name]) != there[name]),
        gone=tuple(name for name in before if name not in there),
        same=tuple(name for name in there if before.get(name) == there[name]),
    )


@cache
def _some_reference() -> Any:  # noqa: ANN401 - an `InstanceRef`, which has no public name
    """Return a reference to an instance that nobody uses, as an ephemeral one has none."""
    reference: Any = get_type_hints(dg.DagsterInstance.get_ref)["return"]
    with tempfile.TemporaryDirectory() as folder:  # it must be there when the reference is made, not later
        return reference.from_dir(folder)
