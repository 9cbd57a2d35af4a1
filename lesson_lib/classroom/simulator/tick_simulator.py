"""The tick simulator evaluates a sensor as Dagster's daemon does, one tick at a time and in this process.

It follows the daemon in what is checked, what is dropped, and in which order; a test compares it with the
daemon itself.
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
from lesson_lib.classroom.display.run_view import explain_failure
from lesson_lib.classroom.run_log import format_record
from lesson_lib.classroom.simulator.tick import FolderChange, RequestedKeys, RequestedRun, RunOutcome, Tick
from lesson_lib.classroom.simulator.tick_view import describe_history

_RUN_KEY, _SENSOR = "dagster/run_key", "dagster/sensor_name"
_RUN_KEYS_PER_QUERY = 1000  # SQLite takes at most 32,766 values
Version = tuple[int, int]  # size in bytes, time of change in nanoseconds


class TickSimulator(Displayable):
    """A daemon that evaluates one sensor, once for each call of `tick`.

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
        """Begin without a cursor; `simulate` explains the arguments."""
        self.ticks: list[Tick] = []
        self.instance = instance
        self._sensor = sensor
        self._resources = _select_resources(sensor.required_resource_keys, resources)
        self._definitions = definitions
        self._folder = folder
        self._versions: dict[str, Version] = {}
        self._queued: set[str] = set()
        self._interrupted: _Progress | None = None
        self._last_run_key: str | None = None
        self._last_tick: float | None = None
        self._started = time.time()

    @property
    def cursor(self) -> str | None:
        """The cursor for the next tick."""
        return self.ticks[-1].cursor_after if self.ticks else None

    def tick(self, *, run: bool = True) -> Tick:
        """Evaluate the sensor once, and carry out its requests.

        An error in the sensor makes the tick fail, as it does in the daemon, and is shown instead of raised.
        If a run cannot even begin, the next tick does not evaluate the sensor, but tries the run once more.

        Args:
            run: whether to execute the runs, one after the other; otherwise they are queued, and stay so.

        Raises:
            ValueError: the sensor requests what only the daemon itself can do; nothing of it is done.
        """
        began, versions = time.time(), _read_versions(self._folder) if self._folder else {}
        interrupted, log = self._interrupted, _LogLines()
        progress = _Progress(interrupted.waiting, interrupted.cursor) if interrupted else _Progress()
        error: BaseException | None = None
        try:
            if not interrupted:
                self._evaluate(progress, log)
            used = self._find_used_run_keys(progress.waiting)
            while progress.waiting:
                progress.runs.append(self._handle_run(progress.waiting[0], used, run=run))
                progress.waiting.popleft()
        except _NeedsDaemonError:
            raise
        # Neither an interrupt nor the time limit of an exercise is one of these, so both end the cell.
        except (Exception, SystemExit, GeneratorExit) as raised:  # noqa: BLE001 - the outcome of the tick
            error = raised
        tick = Tick(
            number=len(self.ticks) + 1,
            files=_compare(self._versions, versions),
            cursor_before=self.cursor,
            cursor_after=self.cursor if error else progress.cursor,
            keys=tuple(progress.keys),
            runs=tuple(progress.runs),
            not_begun=len(progress.waiting),
            events=progress.events,
            skip_reason="" if error else progress.skip_reason,
            log=tuple(log.lines),
            error=error,
            resumed=interrupted is not None,
        )
        self.ticks.append(tick)
        self._interrupted = progress if error and progress.is_reserved else None
        self._versions, self._last_tick = versions, began
        if not error:
            # Of the run keys in their order, each where it first occurs, the last one.
            run_keys = dict.fromkeys(each.run_key for each in tick.runs if each.run_key)
            self._last_run_key = next(reversed(run_keys), self._last_run_key)
        return tick

    def board(self) -> Board:
        """Describe all ticks, one per line."""
        return describe_history(self.ticks)

    def _evaluate(self, progress: "_Progress", log: "_LogLines") -> None:
        """Evaluate the sensor, and do what precedes the first run."""
        with dg.SensorEvaluationContext(
            # Only with a reference to an instance does Dagster consider the keys that the same tick requests
            # when it checks the run requests.
            instance_ref=_make_reference(),
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
            answer: Any = self._sensor.evaluate_tick(context)  # its type has no public name
        for request in answer.run_requests:
            self._require_supported(request)
        progress.waiting.extend(answer.run_requests)
        # The daemon keeps an empty cursor if there are runs, and none without them.
        progress.cursor = answer.cursor if answer.run_requests else answer.cursor or None
        progress.skip_reason = answer.skip_message or ""
        for event in answer.asset_events:
            self.instance.report_runless_asset_event(event)
            progress.events += 1
        for change in answer.dynamic_partitions_requests or []:
            self._change_keys(change, progress)
        progress.is_reserved = True

    def _require_supported(self, request: dg.RunRequest) -> None:
        needs = {
            "asset_graph_subset": request.asset_graph_subset is not None,
            "stale_assets_only": request.stale_assets_only,
            "asset_check_keys": request.asset_check_keys is not None and not self._runs_all_checks(request),
        }
        for argument, is_needed in needs.items():
            if is_needed:
                raise _NeedsDaemonError(
                    f"{self._sensor.name} asks for a run with {argument}=, which this simulator cannot do, "
                    "and did nothing. Leave it out, or start the sensor in `dagster dev`."
                )

    def _runs_all_checks(self, request: dg.RunRequest) -> bool:
        # Dagster itself names all of them if a sensor selects assets instead of a job.
        checks = self._definitions.get_repository_def().asset_graph.asset_check_keys
        selected = request.asset_selection
        return selected is not None and set(request.asset_check_keys or ()) == {
            check for check in checks if check.asset_key in selected
        }

    def _change_keys(
        self,
        request: dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest,
        progress: "_Progress",
    ) -> None:
        name, keys = request.partitions_def_name, tuple(request.partition_keys)
        registered = set(self.instance.get_dynamic_partitions(name))
        if isinstance(request, dg.DeleteDynamicPartitionsRequest):
            existing = dict.fromkeys(key for key in keys if key in registered)
            for key in existing:
                self.instance.delete_dynamic_partition(name, key)
            progress.keys.append(RequestedKeys("delete", name, keys, tuple(existing)))
            return
        new = tuple(key for key in keys if key not in registered)
        try:
            self.instance.add_dynamic_partitions(name, new)
        except Exception:  # a key is in the list twice, for example
            progress.keys.append(RequestedKeys("add", name, keys, (), refused=True))
            raise
        progress.keys.append(RequestedKeys("add", name, keys, new))

    def _find_used_run_keys(self, requests: Iterable[dg.RunRequest]) -> set[str]:
        """Return the run keys with which this sensor has had a run, whatever its outcome.

        One query answers for a thousand requests, where the daemon makes one for each: that took a quarter of
        the time of notebook 03.
        """
        run_keys = [request.run_key for request in requests if request.run_key]
        used = set(self._queued)
        for start in range(0, len(run_keys), _RUN_KEYS_PER_QUERY):
            tags = {_RUN_KEY: run_keys[start : start + _RUN_KEYS_PER_QUERY], _SENSOR: self._sensor.name}
            used |= {run.tags[_RUN_KEY] for run in self.instance.get_runs(filters=dg.RunsFilter(tags=tags))}
        return used

    def _handle_run(self, request: dg.RunRequest, used: set[str], *, run: bool) -> RequestedRun:
        # A sensor with several jobs names one in each of its requests: Dagster has checked that.
        job = request.job_name or str(self._sensor.job_name)
        keys = request.partition_key_range
        partition = f"{keys.start} to {keys.end}" if keys else request.partition_key
        became, cause = RunOutcome.QUEUED, ""
        if request.run_key in used:
            became = RunOutcome.DROPPED
        elif run:
            became, cause = self._execute(request, job)
        elif request.run_key:
            self._queued.add(request.run_key)
        if request.run_key:
            used.add(request.run_key)
        return RequestedRun(partition, request.run_key, job, became, cause)

    def _execute(self, request: dg.RunRequest, job: str) -> tuple[RunOutcome, str]:
        result = self._definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance,
            run_config=request.run_config,
            # The tags of the request contain the partition, and the sensor's name.
            tags={**request.tags, **({_RUN_KEY: request.run_key} if request.run_key else {})},
            asset_selection=list(request.asset_selection) if request.asset_selection else None,
            raise_on_error=False,
        )
        return (RunOutcome.SUCCEEDED, "") if result.success else (RunOutcome.FAILED, explain_failure(result))


def simulate(  # noqa: PLR0913 - what a deployment consists of, each by its name
    sensor: dg.SensorDefinition,
    assets: Sequence[dg.AssetsDefinition],
    instance: dg.DagsterInstance,
    *,
    resources: Mapping[str, Any] | None = None,
    folder: str | Path | None = None,
    jobs: Sequence[Any] = (),
) -> TickSimulator:
    """Simulate a daemon that runs only this sensor; its `tick()` evaluates the sensor once.

    Runs are executed in this process, and one that fails is a failed run, not the end of the cell. A tick
    takes a few milliseconds, and its runs as long as elsewhere.

    Args:
        sensor: any sensor that is written as a function.
        assets: those that its runs materialize, and all that they need.
        instance: where keys are registered and runs recorded, ephemeral or not.
        resources: those of the sensor and of the assets, by name.
        folder: where the files arrive, so that each tick shows them.
        jobs: those to which the sensor refers by name.

    Raises:
        ValueError: the sensor is not one that can be simulated.
        dagster.DagsterError: sensor, assets and resources do not fit together.
    """
    # Exactly this type: the sensors of assets, of runs and of automation conditions are its subclasses.
    if type(sensor) is not dg.SensorDefinition:
        kind = f"a {type(sensor).__name__}"
        given = f"{sensor.name}, {kind}" if isinstance(sensor, dg.SensorDefinition) else kind
        raise ValueError(
            f"simulate takes a sensor that is decorated with @dg.sensor, not {given}. "
            "Pass it by its name, without parentheses: simulate(my_sensor, ...)."
        )
    definitions = dg.Definitions(assets=assets, sensors=[sensor], jobs=jobs, resources=resources)
    definitions.get_repository_def()  # which checks that they fit together
    watched = None if folder is None else Path(folder)
    return TickSimulator(sensor, definitions, instance, resources or {}, watched)


class _NeedsDaemonError(ValueError):
    """The sensor requests something that is not simulated, which is not a failure of the sensor."""


@dataclass
class _Progress:
    """How far a tick has come; an error may end it anywhere."""

    waiting: deque[dg.RunRequest] = field(default_factory=deque)
    cursor: str | None = None  # to be saved after the last of them has begun
    is_reserved: bool = False  # recorded by the daemon, which tries them once more after an error
    skip_reason: str = ""
    events: int = 0
    keys: list[RequestedKeys] = field(default_factory=list)
    runs: list[RequestedRun] = field(default_factory=list)


class _LogLines(logging.Handler):
    """Keeps the lines that a sensor logs, without their times."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append((record.levelname, format_record(record, record.getMessage())))


def _select_resources(names: Iterable[str], resources: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sensor's resources, and theirs: those of the assets may exist only for a run."""
    selected: dict[str, Any] = {}
    to_do = list(names)
    while to_do:
        name = to_do.pop()
        if name in resources and name not in selected:
            selected[name] = resources[name]
            to_do += getattr(resources[name], "required_resource_keys", ())
    return selected


def _read_versions(folder: Path) -> dict[str, Version]:
    """Return size and time of change of everything that is visible in a folder, by name."""
    versions = {}
    with suppress(OSError):  # the folder may not exist
        for path in sorted(folder.iterdir()):
            with suppress(OSError):  # the file may just have been removed
                stat = path.lstat()
                versions[path.name] = stat.st_size, stat.st_mtime_ns
    return versions


def _compare(before: Mapping[str, Version], after: Mapping[str, Version]) -> FolderChange:
    return FolderChange(
        new=tuple(name for name in after if name not in before),
        changed=tuple(name for name in after if before.get(name, after[name]) != after[name]),
        gone=tuple(name for name in before if name not in after),
        same=tuple(name for name in after if before.get(name) == after[name]),
    )


@cache
def _make_reference() -> Any:  # noqa: ANN401 - an `InstanceRef`, which has no public name
    """Return a reference to an unused instance, since an ephemeral one has no reference."""
    reference: Any = get_type_hints(dg.DagsterInstance.get_ref)["return"]
    with tempfile.TemporaryDirectory() as folder:  # it must exist when the reference is made, not later
        return reference.from_dir(folder)
