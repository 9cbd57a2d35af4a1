"""Sensors that follow a script, for the daemon, which loads this file, and for the simulator.

Each evaluation performs the next step of a script and records its arguments, so it does not matter when the
daemon evaluates the sensor. No `from __future__ import annotations` here: Dagster reads the annotation of
`context` as a class.
"""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from lesson_lib import pipeline
from lesson_lib.pipeline.jobs import import_dynamic_partition_job, retire_partition_job
from lesson_lib.pipeline.sensor import build_arrivals_sensor

WAITING, FINISHED = "Some runs have not ended.", "The script has ended."


class RunOptions(dg.Config):
    """The options of a run."""

    limit: int = 0


@dataclass(frozen=True)
class Stage:
    """The folder, set of keys and asset of one script, because a daemon runs all scripts at once."""

    name: str
    folder: Path
    s3: dg.DynamicPartitionsDefinition = field(init=False)
    table: dg.AssetsDefinition = field(init=False)

    def __post_init__(self) -> None:
        """Create the set of keys and the asset."""
        object.__setattr__(self, "s3", dg.DynamicPartitionsDefinition(name=self.name))

        @dg.asset(name=self.name, partitions_def=self.s3)
        def table(context: dg.AssetExecutionContext, config: RunOptions) -> None:  # noqa: ARG001 - so that a config can be wrong
            if context.partition_key.startswith("bad"):
                raise ValueError("the file is empty")

        object.__setattr__(self, "table", table)

    @property
    def inbox(self) -> Path:
        """The folder where files arrive."""
        return self.folder / self.name

    @property
    def journal(self) -> Path:
        """The file with a line for the arguments of each evaluation."""
        return self.folder / f"{self.name}.jsonl"

    def write_files(self, files: dict[str, str | None]) -> None:
        """Write these files, and remove those whose content is None."""
        self.inbox.mkdir(exist_ok=True)
        for name, content in files.items():
            if content is None:
                (self.inbox / name).unlink()
            else:
                (self.inbox / name).write_text(content, encoding="utf-8")

    def add(self, *keys: str) -> dg.AddDynamicPartitionsRequest:
        """Return a request that adds keys."""
        return self.s3.build_add_request(list(keys))

    def delete(self, *keys: str) -> dg.DeleteDynamicPartitionsRequest:
        """Return a request that deletes keys."""
        return self.s3.build_delete_request(list(keys))


Step = object  # a callable is called with the context, an error is raised, and any other value is returned


def request_runs(*keys: str, **settings: Any) -> list[dg.RunRequest]:  # noqa: ANN401 - passed on
    """Return a run request for each key."""
    return [dg.RunRequest(partition_key=key, **settings) for key in keys]


def request_keys(*requests: object, **settings: Any) -> dg.SensorResult:  # noqa: ANN401 - passed on
    """Return a result that requests changes of keys."""
    return dg.SensorResult(dynamic_partitions_requests=requests, **settings)


def update_cursor(cursor: str | None, result: object = None) -> Step:
    """Return a step that sets the cursor on the context, as older sensors do."""

    def step(context: dg.SensorEvaluationContext) -> object:
        context.update_cursor(cursor)
        return perform(result, context)

    return step


def perform(step: Step, context: dg.SensorEvaluationContext) -> Any:  # noqa: ANN401 - anything that a sensor may return
    """Perform a step of a script."""
    if isinstance(step, Exception):
        raise step
    return step(context) if callable(step) else step


def keys(stage: Stage) -> list[Step]:
    """Add and delete keys that exist, that do not exist, and that are in a request twice."""
    return [
        request_keys(stage.add("zenith", "acme"), run_requests=request_runs("zenith", "acme"), cursor="1"),
        request_keys(
            stage.add("bluebird"),
            stage.add("umbrella", "umbrella"),
            stage.add("globex"),
            run_requests=request_runs("bluebird"),
            cursor="2",
        ),
        request_keys(stage.add("umbrella", "umbrella"), cursor="3", skip_reason="nevertheless rejected"),
        request_keys(stage.add("acme", "umbrella"), stage.delete("gone", "zenith", "zenith"), cursor="4"),
        request_keys(stage.delete("gone", "gone too")),
        request_keys(stage.add("acme", "acme"), stage.add(), stage.delete(), skip_reason="all there"),
        request_keys(stage.add(""), run_requests=request_runs("", "acme")),
    ]


def rejected_keys(stage: Stage) -> list[Step]:
    """Request keys and runs that Dagster rejects during the evaluation, so that nothing is changed."""
    return [
        request_keys(stage.add("acme"), cursor="1"),
        request_keys(stage.add("new"), run_requests=request_runs("acme", "gone"), cursor="2"),
        request_keys(stage.delete("acme"), run_requests=request_runs("acme"), cursor="2"),
        request_keys(stage.add("new"), stage.delete("new"), cursor="2"),
        request_keys(stage.add("new"), stage.add("new"), cursor="2"),
    ]


def rejected_results(stage: Stage) -> list[Step]:
    """Return values and raise errors that make a tick fail."""
    return [
        request_keys(stage.add("acme"), cursor="1"),
        [*request_runs("acme"), dg.SkipReason("nothing")],
        request_runs("acme", job_name="nightly"),
        update_cursor("2", dg.SensorResult(cursor="3")),
        lambda _: dg.SensorResult(request_runs("acme"), skip_reason="nothing", cursor="2"),
        lambda _: request_keys(stage.add("new"), cursor=2),
        "acme",
        ValueError("no such folder"),
        update_cursor("2", ValueError("no such folder")),
    ]


def cursors(_: Stage) -> list[Step]:
    """Set the cursor in the result, on the context, or not at all."""

    def raise_skip_reason(_: object) -> None:
        raise dg.SkipReason("nothing")

    return [
        dg.SensorResult(cursor="1"),
        dg.SensorResult(cursor=""),
        dg.SensorResult(cursor=None),
        dg.SensorResult(skip_reason="nothing new", cursor="2"),
        update_cursor("3", dg.SkipReason("nothing new")),
        update_cursor("4", raise_skip_reason),
        None,
        [],
    ]


def empty_cursors(stage: Stage) -> list[Step]:
    """Set the cursor to an empty string or None, with and without runs."""
    # It is dropped after the first time, so that no tick waits for it and repeats the cursor.
    run = dg.RunRequest(partition_key="acme", run_key="1")
    return [
        request_keys(stage.add("acme"), run_requests=[run], cursor="1"),
        update_cursor("2", run),
        update_cursor("", run),
        dg.SensorResult([run], cursor=""),
        dg.SensorResult(cursor="3"),
        update_cursor(""),
        dg.SensorResult([run], cursor="4"),
        update_cursor(None),
    ]


def run_keys(stage: Stage) -> list[Step]:
    """Request a run again: in the same tick, later, without a run key, and after it failed."""
    requests = [
        *request_runs("acme", "acme", run_key="1"),
        *request_runs("bad", run_key="2"),
        *request_runs("zenith", run_key="1"),
        *request_runs("acme", "acme"),
    ]
    return [
        request_keys(stage.add("acme", "bad", "zenith"), run_requests=requests, cursor="1"),
        dg.SensorResult(request_runs("bad", run_key="2"), cursor="2"),
        dg.SensorResult(
            [
                *request_runs("bad", run_key="2"),
                *request_runs("zenith", run_key="3"),
                *request_runs("acme", run_key="1"),
            ]
        ),
        dg.SensorResult(request_runs("acme", run_key="1"), cursor="3"),
        request_runs("acme", run_key=""),
    ]


def wrong_config(stage: Stage) -> list[Step]:
    """Request a run that cannot be launched: Dagster retries it once, and then gives up."""
    wrong = request_runs("bluebird", run_key="2", run_config={"nothing": "like this"})
    right = request_runs("bluebird", run_key="2", run_config={"ops": {stage.name: {"config": {"limit": 7}}}})
    return [
        request_keys(
            stage.add("acme", "bluebird", "zenith"),
            run_requests=[*request_runs("acme", run_key="1"), *wrong, *request_runs("zenith", run_key="3")],
            cursor="1",
        ),
        dg.SensorResult([*wrong, *request_runs("zenith")], cursor="2"),
        dg.SensorResult(
            [*request_runs("acme", run_key="1"), *right, *request_runs("zenith", run_key="3")], cursor="3"
        ),
    ]


def published(stage: Stage) -> list[Step]:
    """Run the source lesson's sensor, which forgets, cuts names at the first dot, and takes every file."""

    def first_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen = json.loads(context.cursor or "[]")
        new = [path.name for path in sorted(stage.inbox.iterdir()) if path.name not in seen]
        keys = [name.split(".")[0] for name in new]
        return request_keys(
            stage.add(*keys),
            run_requests=[dg.RunRequest(partition_key=key) for key in keys],
            cursor=json.dumps(new),
        )

    return write_before_each(
        stage,
        first_sensor,
        {"acme.csv": "1", "bad.csv": "", "zenith.csv": "1"},
        {},
        {"acme.csv": "2"},
        {"hooli.eu.csv": "1", "hooli.us.csv": "1"},
        {},
        {"hooli.eu.csv": None, "hooli.us.csv": None, ".hidden": ""},
        {},
    )


def library(stage: Stage) -> list[Step]:
    """Run the pipeline's sensor on new, corrected, broken, hidden, invalid, unchanged and deleted files."""
    # No other script uses these keys: the sensor reads their runs from the instance, which all scripts share.
    arrivals_sensor = build_arrivals_sensor(settle_seconds=0, vanished="retire", runs_a_tick=3)
    head, row = "date,share_price,amount,spend,shift,spread\n", "2018/01/22,{},100,425.0,-0.5,0.01\n"
    one, two, broken = (head + row.format(price) for price in (1.5, 2.5, "7.5 USD"))
    return write_before_each(
        stage,
        arrivals_sensor,
        {"soylent.csv": one, "initech.csv": broken, ".hidden.csv": one, "a,b.csv": one},
        {"a,b.csv": None},
        {"soylent.csv": two, "globex.csv": one, "umbrella.csv": one, "wayne.csv": one},
        {},
        {"soylent.csv": one},
        {"umbrella.csv": None},
        {"umbrella.csv": one},
        {},
    )


SCRIPTS = (
    keys,
    rejected_keys,
    rejected_results,
    cursors,
    empty_cursors,
    run_keys,
    wrong_config,
    published,
    library,
)


def write_before_each(
    stage: Stage, sensor: Callable[[dg.SensorEvaluationContext], object], *arrivals: dict[str, str | None]
) -> list[Step]:
    """Return a step for each group of arrivals, which writes the files and then evaluates the sensor."""

    def make_step(files: dict[str, str | None]) -> Step:
        def step(context: dg.SensorEvaluationContext) -> object:
            stage.write_files(files)
            return sensor(context)

        return step

    return [make_step(files) for files in arrivals]


def make_sensor(stage: Stage, steps: Sequence[Step]) -> dg.SensorDefinition:
    """Return a sensor that performs these steps, each after all runs of the earlier ones have ended."""
    jobs = [import_dynamic_partition_job, retire_partition_job]
    is_library = stage.name == library.__name__
    target = {"jobs": jobs, "required_resource_keys": {"source"}} if is_library else {"target": [stage.table]}

    @dg.sensor(
        name=stage.name,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
        **target,
    )
    def sensor(context: dg.SensorEvaluationContext) -> Any:  # noqa: ANN401 - anything that a sensor may return
        own_runs = dg.RunsFilter(tags={"dagster/sensor_name": stage.name})
        if not all(run.is_finished for run in context.instance.get_runs(own_runs)):
            return dg.SkipReason(WAITING)
        arguments = (context.cursor, context.last_run_key, context.is_first_tick_since_sensor_start)
        with stage.journal.open("a+", encoding="utf-8") as journal:
            journal.write(json.dumps(arguments) + "\n")
            journal.seek(0)
            number = len(journal.readlines())
        return perform(steps[number - 1], context) if number <= len(steps) else dg.SkipReason(FINISHED)

    return sensor


def list_assets(stage: Stage) -> list[dg.AssetsDefinition]:
    """Return the assets that a script's runs materialize."""
    if stage.name == library.__name__:
        return [pipeline.import_dynamic_partition_file, pipeline.duckdb_dynamic_partition_table]
    return [stage.table]


def make_resources(folder: Path) -> dict[str, Any]:
    """Return the resources of the pipeline's assets."""
    return {
        "source": pipeline.SourceFolder(path=str(folder / library.__name__)),
        "database": pipeline.Warehouse(database=str(folder / "warehouse.duckdb")),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """Return the sensors of all scripts for the daemon, whose files are in a folder beside its home."""
    folder = Path(os.environ["DAGSTER_HOME"]).parent / "daemon"
    stages = {script: Stage(script.__name__, folder) for script in SCRIPTS}
    return dg.Definitions(
        assets=[asset for stage in stages.values() for asset in list_assets(stage)],
        sensors=[make_sensor(stage, script(stage)) for script, stage in stages.items()],
        executor=dg.in_process_executor,
        resources=make_resources(folder),
    )
