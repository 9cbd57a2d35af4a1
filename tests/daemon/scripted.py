"""Sensors that follow scripts: for the daemon, which loads this file, and for the simulator.

Each evaluation plays the next step of a script and notes what it was given, so that it does not matter when
the daemon looks. No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a
class.
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

WAITING, OVER = "Some runs are not over.", "The script is over."


class Rows(dg.Config):
    """The options of a run."""

    limit: int = 0


@dataclass(frozen=True)
class Stage:
    """Where a script is played: its own folder, set of keys, and asset; a daemon plays several at once."""

    name: str
    world: Path
    s3: dg.DynamicPartitionsDefinition = field(init=False)
    table: dg.AssetsDefinition = field(init=False)

    def __post_init__(self) -> None:
        """Make what is its own."""
        object.__setattr__(self, "s3", dg.DynamicPartitionsDefinition(name=self.name))

        @dg.asset(name=self.name, partitions_def=self.s3)
        def table(context: dg.AssetExecutionContext, config: Rows) -> None:  # noqa: ARG001 - makes the config one that can be wrong
            if context.partition_key.startswith("bad"):
                raise ValueError("the file is empty")

        object.__setattr__(self, "table", table)

    @property
    def inbox(self) -> Path:
        """The folder where files arrive."""
        return self.world / self.name

    @property
    def journal(self) -> Path:
        """What each evaluation was given, a line each."""
        return self.world / f"{self.name}.jsonl"

    def arrive(self, files: dict[str, str | None]) -> None:
        """Write these files; those without content are removed."""
        self.inbox.mkdir(exist_ok=True)
        for name, content in files.items():
            if content is None:
                (self.inbox / name).unlink()
            else:
                (self.inbox / name).write_text(content, encoding="utf-8")

    def add(self, *keys: str) -> dg.AddDynamicPartitionsRequest:
        """Ask for keys."""
        return self.s3.build_add_request(list(keys))

    def delete(self, *keys: str) -> dg.DeleteDynamicPartitionsRequest:
        """Ask to delete keys."""
        return self.s3.build_delete_request(list(keys))


Step = object  # a callable is called with the context; an error is raised; all else is returned


def runs(*keys: str, **settings: Any) -> list[dg.RunRequest]:  # noqa: ANN401 - handed on
    """Ask for a run of each key."""
    return [dg.RunRequest(partition_key=key, **settings) for key in keys]


def asking(*requests: object, **settings: Any) -> dg.SensorResult:  # noqa: ANN401 - handed on
    """Ask for changes of keys."""
    return dg.SensorResult(dynamic_partitions_requests=requests, **settings)


def updating(cursor: str | None, result: object = None) -> Step:
    """Set the cursor on the context, as older sensors do."""

    def step(context: dg.SensorEvaluationContext) -> object:
        context.update_cursor(cursor)
        return play(result, context)

    return step


def play(step: Step, context: dg.SensorEvaluationContext) -> Any:  # noqa: ANN401 - whatever a sensor may return
    """Do what a step says."""
    if isinstance(step, Exception):
        raise step
    return step(context) if callable(step) else step


def keys(stage: Stage) -> list[Step]:
    """Add and delete: what is there already, what is not there, and what is in a request twice."""
    return [
        asking(stage.add("zenith", "acme"), run_requests=runs("zenith", "acme"), cursor="1"),
        asking(
            stage.add("bluebird"),
            stage.add("umbrella", "umbrella"),
            stage.add("globex"),
            run_requests=runs("bluebird"),
            cursor="2",
        ),
        asking(stage.add("umbrella", "umbrella"), cursor="3", skip_reason="refused all the same"),
        asking(stage.add("acme", "umbrella"), stage.delete("gone", "zenith", "zenith"), cursor="4"),
        asking(stage.delete("gone", "gone too")),
        asking(stage.add("acme", "acme"), stage.add(), stage.delete(), skip_reason="all there"),
        asking(stage.add(""), run_requests=runs("", "acme")),
    ]


def refused_keys(stage: Stage) -> list[Step]:
    """Ask for keys, and for runs of keys, that Dagster refuses when it evaluates: nothing of it is done."""
    return [
        asking(stage.add("acme"), cursor="1"),
        asking(stage.add("new"), run_requests=runs("acme", "gone"), cursor="2"),
        asking(stage.delete("acme"), run_requests=runs("acme"), cursor="2"),
        asking(stage.add("new"), stage.delete("new"), cursor="2"),
        asking(stage.add("new"), stage.add("new"), cursor="2"),
    ]


def refused_results(stage: Stage) -> list[Step]:
    """Return, or raise, what makes a tick fail."""
    return [
        asking(stage.add("acme"), cursor="1"),
        [*runs("acme"), dg.SkipReason("nothing")],
        runs("acme", job_name="nightly"),
        updating("2", dg.SensorResult(cursor="3")),
        lambda _: dg.SensorResult(runs("acme"), skip_reason="nothing", cursor="2"),
        lambda _: asking(stage.add("new"), cursor=2),
        "acme",
        ValueError("no such folder"),
        updating("2", ValueError("no such folder")),
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
        updating("3", dg.SkipReason("nothing new")),
        updating("4", raise_skip_reason),
        None,
        [],
    ]


def empty_cursors(stage: Stage) -> list[Step]:
    """Set the cursor to nothing, with runs and without."""
    # Dropped after the first time, so that no tick waits for it: that would be one more with the same cursor.
    run = dg.RunRequest(partition_key="acme", run_key="1")
    return [
        asking(stage.add("acme"), run_requests=[run], cursor="1"),
        updating("2", run),
        updating("", run),
        dg.SensorResult([run], cursor=""),
        dg.SensorResult(cursor="3"),
        updating(""),
        dg.SensorResult([run], cursor="4"),
        updating(None),
    ]


def run_keys(stage: Stage) -> list[Step]:
    """Ask again: in the same tick, later, without a run key, and after a run that failed."""
    requests = [
        *runs("acme", "acme", run_key="1"),
        *runs("bad", run_key="2"),
        *runs("zenith", run_key="1"),
        *runs("acme", "acme"),
    ]
    return [
        asking(stage.add("acme", "bad", "zenith"), run_requests=requests, cursor="1"),
        dg.SensorResult(runs("bad", run_key="2"), cursor="2"),
        dg.SensorResult(
            [*runs("bad", run_key="2"), *runs("zenith", run_key="3"), *runs("acme", run_key="1")]
        ),
        dg.SensorResult(runs("acme", run_key="1"), cursor="3"),
        runs("acme", run_key=""),
    ]


def wrong_config(stage: Stage) -> list[Step]:
    """Ask for a run that cannot begin: it is tried once more, and then given up."""
    wrong = runs("bluebird", run_key="2", run_config={"nothing": "like this"})
    right = runs("bluebird", run_key="2", run_config={"ops": {stage.name: {"config": {"limit": 7}}}})
    return [
        asking(
            stage.add("acme", "bluebird", "zenith"),
            run_requests=[*runs("acme", run_key="1"), *wrong, *runs("zenith", run_key="3")],
            cursor="1",
        ),
        dg.SensorResult([*wrong, *runs("zenith")], cursor="2"),
        dg.SensorResult([*runs("acme", run_key="1"), *right, *runs("zenith", run_key="3")], cursor="3"),
    ]


def published(stage: Stage) -> list[Step]:
    """The sensor of the source lesson: it forgets, it cuts names at the first dot, it takes every file."""

    def first_sensor(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen = json.loads(context.cursor or "[]")
        new = [path.name for path in sorted(stage.inbox.iterdir()) if path.name not in seen]
        keys = [name.split(".")[0] for name in new]
        return asking(
            stage.add(*keys),
            run_requests=[dg.RunRequest(partition_key=key) for key in keys],
            cursor=json.dumps(new),
        )

    return after_arrivals(
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
    """The pipeline's own sensor: what is new, corrected, broken, hidden, unlawful, unchanged, and gone."""
    # Keys that no other script has: the sensor asks the instance for their runs, and the daemon has only one.
    arrivals_sensor = build_arrivals_sensor(settle_seconds=0, vanished="retire", runs_a_tick=3)
    head, row = "date,share_price,amount,spend,shift,spread\n", "2018/01/22,{},100,425.0,-0.5,0.01\n"
    one, two, broken = (head + row.format(price) for price in (1.5, 2.5, "7.5 USD"))
    return after_arrivals(
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
    refused_keys,
    refused_results,
    cursors,
    empty_cursors,
    run_keys,
    wrong_config,
    published,
    library,
)


def after_arrivals(
    stage: Stage, sensor: Callable[[dg.SensorEvaluationContext], object], *arrivals: dict[str, str | None]
) -> list[Step]:
    """Let files arrive before each of a sensor's evaluations."""

    def after(files: dict[str, str | None]) -> Step:
        def step(context: dg.SensorEvaluationContext) -> object:
            stage.arrive(files)
            return sensor(context)

        return step

    return [after(files) for files in arrivals]


def sensor_of(stage: Stage, steps: Sequence[Step]) -> dg.SensorDefinition:
    """Return the sensor that plays these steps, each when all runs of those before are over."""
    jobs = [import_dynamic_partition_job, retire_partition_job]
    is_library = stage.name == library.__name__
    aim = {"jobs": jobs, "required_resource_keys": {"source"}} if is_library else {"target": [stage.table]}

    @dg.sensor(
        name=stage.name,
        minimum_interval_seconds=1,
        default_status=dg.DefaultSensorStatus.RUNNING,
        **aim,
    )
    def sensor(context: dg.SensorEvaluationContext) -> Any:  # noqa: ANN401 - whatever a sensor may return
        own = dg.RunsFilter(tags={"dagster/sensor_name": stage.name})
        if not all(run.is_finished for run in context.instance.get_runs(own)):
            return dg.SkipReason(WAITING)
        given = (context.cursor, context.last_run_key, context.is_first_tick_since_sensor_start)
        with stage.journal.open("a+", encoding="utf-8") as journal:
            journal.write(json.dumps(given) + "\n")
            journal.seek(0)
            number = len(journal.readlines())
        return play(steps[number - 1], context) if number <= len(steps) else dg.SkipReason(OVER)

    return sensor


def assets_of(stage: Stage) -> list[dg.AssetsDefinition]:
    """Return what a script's runs materialize."""
    if stage.name == library.__name__:
        return [pipeline.import_dynamic_partition_file, pipeline.duckdb_dynamic_partition_table]
    return [stage.table]


def resources_of(world: Path) -> dict[str, Any]:
    """Return what the pipeline's assets need."""
    return {
        "source": pipeline.SourceFolder(path=str(world / library.__name__)),
        "database": pipeline.Warehouse(database=str(world / "warehouse.duckdb")),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """Return all scripts for the daemon, in the folder beside its home."""
    world = Path(os.environ["DAGSTER_HOME"]).parent / "daemon"
    stages = {script: Stage(script.__name__, world) for script in SCRIPTS}
    return dg.Definitions(
        assets=[asset for stage in stages.values() for asset in assets_of(stage)],
        sensors=[sensor_of(stage, script(stage)) for script, stage in stages.items()],
        executor=dg.in_process_executor,
        resources=resources_of(world),
    )
