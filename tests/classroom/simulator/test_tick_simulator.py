"""The tick simulator: what a sensor's tick does to keys, runs and cursor is what the daemon does.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

import logging
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from sqlalchemy.exc import IntegrityError

from lesson_lib.classroom.simulator import tick_simulator
from lesson_lib.classroom.simulator.tick import FolderChange, RequestedKeys, RequestedRun, RunOutcome, Tick
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate
from tests.classroom.shells import new_shell

QUIET = {"python_logs": {"python_log_level": "CRITICAL"}}

s3 = dg.DynamicPartitionsDefinition(name="s3")


class Rows(dg.Config):
    """What a run may be told."""

    limit: int = 0


@dg.asset(partitions_def=s3)
def imported(context: dg.AssetExecutionContext) -> None:
    """Be there for every key but a bad one."""
    if any(key.startswith("bad") for key in context.partition_keys):
        raise ValueError("the file is empty")


@dg.asset(partitions_def=s3, deps=[imported])
def table(config: Rows) -> dg.MaterializeResult:
    """Be loaded after it."""
    return dg.MaterializeResult(metadata={"limit": config.limit})


@dg.asset
def total() -> None:
    """Have no partitions."""


ASSETS = [imported, table, total]
customers = dg.define_asset_job("customers", selection=[imported, table])
reporting = dg.define_asset_job("reporting", selection=[total])

Evaluate = Callable[[dg.SensorEvaluationContext], object]


def sensor_of(evaluate: Evaluate, **settings: object) -> dg.SensorDefinition:
    """Return a sensor that does this at each tick."""

    @dg.sensor(name="arrivals", **({"target": [imported, table]} | settings))
    def arrivals(context: dg.SensorEvaluationContext) -> Any:  # noqa: ANN401 - whatever a sensor may return
        return evaluate(context)

    return arrivals


def answers(*results: object) -> Evaluate:
    """Return these, one after the other; an error is raised."""
    rest = iter(results)

    def evaluate(_: dg.SensorEvaluationContext) -> object:
        if isinstance(result := next(rest), BaseException):
            raise result
        return result

    return evaluate


def runs(*keys: str, **settings: Any) -> list[dg.RunRequest]:  # noqa: ANN401 - handed on
    """Ask for a run of each key."""
    return [dg.RunRequest(partition_key=key, **settings) for key in keys]


def outcomes(tick: Tick) -> list[tuple[str | None, RunOutcome]]:
    """Return what became of each run."""
    return [(run.partition, run.became) for run in tick.runs]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an instance that is forgotten."""
    with dg.DagsterInstance.ephemeral(settings=QUIET) as instance:
        yield instance


Simulate = Callable[..., TickSimulator]


@pytest.fixture
def daemon_of(instance: dg.DagsterInstance) -> Simulate:
    """Return a way to simulate what a sensor answers at its ticks."""

    def daemon_of(*results: object, **settings: object) -> TickSimulator:
        return simulate(sensor_of(answers(*results), **settings), ASSETS, instance)

    return daemon_of


def keys_of(instance: dg.DagsterInstance) -> list[str]:
    """Return the registered keys, in order."""
    return list(instance.get_dynamic_partitions("s3"))


def materialized(instance: dg.DagsterInstance, asset: dg.AssetsDefinition = table) -> set[str]:
    """Return the keys for which an asset is materialized."""
    return set(instance.get_materialized_partitions(asset.key))


def test_a_tick_registers_keys_then_does_the_runs_and_keeps_the_cursor(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """What the sensor returned is only asked for; the simulator carries it out."""
    keys = s3.build_add_request(["zenith", "acme"])
    daemon = daemon_of(
        dg.SensorResult(runs("zenith", "acme"), dynamic_partitions_requests=[keys], cursor="2")
    )
    tick = daemon.tick()
    assert tick.keys == (RequestedKeys("add", "s3", ("zenith", "acme"), ("zenith", "acme")),)
    assert outcomes(tick) == [("zenith", RunOutcome.SUCCEEDED), ("acme", RunOutcome.SUCCEEDED)]
    assert (tick.cursor_before, tick.cursor_after, daemon.cursor) == (None, "2", "2")
    assert (tick.error, tick.skip_reason, tick.not_begun, tick.resumed) == (None, "", 0, False)
    assert keys_of(instance) == ["zenith", "acme"]
    assert materialized(instance) == {"zenith", "acme"}
    assert daemon.ticks == [tick]
    assert daemon.instance is instance


def test_each_tick_is_given_the_cursor_of_the_one_before(instance: dg.DagsterInstance) -> None:
    """That is all that the daemon keeps for it."""
    seen = []

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen.append(context.cursor)
        return dg.SensorResult(cursor=f"{len(seen)}")

    daemon = simulate(sensor_of(evaluate), ASSETS, instance)
    assert [daemon.tick().cursor_after for _ in range(3)] == ["1", "2", "3"]
    assert seen == [None, "1", "2"]


def test_a_run_that_fails_is_a_failed_run_and_holds_up_nothing(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """The tick succeeds, its cursor is kept, and the run says why it failed."""
    instance.add_dynamic_partitions("s3", ["bad", "acme"])
    daemon = daemon_of(dg.SensorResult(runs("bad", "acme"), cursor="2"))
    tick = daemon.tick()
    assert tick.runs == (
        RequestedRun(
            "bad", None, "__anonymous_asset_job_arrivals", RunOutcome.FAILED, "ValueError: the file is empty"
        ),
        RequestedRun("acme", None, "__anonymous_asset_job_arrivals", RunOutcome.SUCCEEDED),
    )
    assert (tick.error, tick.cursor_after) == (None, "2")
    assert materialized(instance) == {"acme"}


def test_a_sensor_that_raises_fails_its_tick_and_nothing_moves(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """Its cursor and the keys stay as they were, and the next tick is a new one."""
    add = s3.build_add_request(["acme"])
    daemon = daemon_of(
        dg.SensorResult(cursor="1"),
        ValueError("no such folder"),
        dg.SensorResult(runs("acme"), dynamic_partitions_requests=[add], cursor="2"),
    )
    daemon.tick()
    failed = daemon.tick()
    assert str(failed.error) == "no such folder"
    assert (failed.keys, failed.runs, failed.not_begun) == ((), (), 0)
    assert (failed.cursor_before, failed.cursor_after) == ("1", "1")
    assert keys_of(instance) == []
    after = daemon.tick()
    assert (after.cursor_before, after.cursor_after, after.resumed) == ("1", "2", False)
    assert outcomes(after) == [("acme", RunOutcome.SUCCEEDED)]


ADD, DELETE = s3.build_add_request(["acme"]), s3.build_delete_request(["acme"])


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (runs("acme", "gone"), dg.DagsterUnknownPartitionError, "`gone`"),
        (
            dg.SensorResult(runs("acme"), dynamic_partitions_requests=[DELETE]),
            dg.DagsterUnknownPartitionError,
            "`acme`",
        ),
        (
            dg.SensorResult(dynamic_partitions_requests=[s3.build_add_request(["new"]), ADD, DELETE]),
            dg.DagsterInvariantViolationError,
            "both add and delete requests",
        ),
        (
            dg.SensorResult(dynamic_partitions_requests=[ADD, ADD]),
            dg.DagsterInvariantViolationError,
            "duplicate dynamic partition keys",
        ),
        ([*runs("acme"), dg.SkipReason("nothing")], Exception, "received both RunRequest and SkipReason"),
        ("acme", Exception, "unexpectedly returned output acme"),
        (runs("acme", job_name="nightly"), Exception, "job_name nightly. Expected one of"),
    ],
)
def test_what_dagster_refuses_when_it_evaluates_fails_the_tick_as_a_whole(
    daemon_of: Simulate,
    instance: dg.DagsterInstance,
    result: object,
    error: type[Exception],
    message: str,
) -> None:
    """Not even what is right is carried out."""
    instance.add_dynamic_partitions("s3", ["acme"])
    tick = daemon_of(result).tick()
    assert isinstance(tick.error, error)
    assert message in str(tick.error)
    assert (tick.keys, tick.runs) == ((), ())
    assert keys_of(instance) == ["acme"]
    assert instance.get_runs_count() == 0


def test_a_key_twice_in_a_request_fails_the_tick_after_the_requests_before(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """Those stay carried out; no run begins, and the next tick evaluates with the cursor of before."""
    requests = [s3.build_add_request(["zenith"]), s3.build_add_request(["acme", "acme"])]
    daemon = daemon_of(
        dg.SensorResult(runs("zenith", "acme"), dynamic_partitions_requests=requests, cursor="2"),
        dg.SkipReason("nothing"),
    )
    tick = daemon.tick()
    assert isinstance(tick.error, IntegrityError)
    assert tick.keys == (
        RequestedKeys("add", "s3", ("zenith",), ("zenith",)),
        RequestedKeys("add", "s3", ("acme", "acme"), (), refused=True),
    )
    assert (tick.runs, tick.not_begun, tick.cursor_after) == ((), 2, None)
    assert keys_of(instance) == ["zenith"]
    after = daemon.tick()
    assert (after.skip_reason, after.resumed, after.runs) == ("nothing", False, ())


def test_a_tick_that_fails_gives_no_reason_for_skipping(daemon_of: Simulate) -> None:
    """What the sensor said of it is lost with the rest."""
    twice = s3.build_add_request(["acme", "acme"])
    tick = daemon_of(dg.SensorResult(dynamic_partitions_requests=[twice], skip_reason="nothing")).tick()
    assert isinstance(tick.error, IntegrityError)
    assert tick.skip_reason == ""


def test_keys_that_are_there_are_not_added_and_those_that_are_not_are_not_deleted(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """No error, and the order of those that were there stays."""
    instance.add_dynamic_partitions("s3", ["zenith", "acme"])
    add = s3.build_add_request(["acme", "bluebird"])
    delete = s3.build_delete_request(["gone", "zenith", "zenith"])
    tick = daemon_of(dg.SensorResult(dynamic_partitions_requests=[add, delete])).tick()
    assert tick.error is None
    assert tick.keys == (
        RequestedKeys("add", "s3", ("acme", "bluebird"), ("bluebird",)),
        RequestedKeys("delete", "s3", ("gone", "zenith", "zenith"), ("zenith",)),
    )
    assert keys_of(instance) == ["acme", "bluebird"]


def test_a_run_key_has_one_run_whatever_became_of_it(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """Also within a tick, and also after a failed run; without a run key, each request is a run."""
    instance.add_dynamic_partitions("s3", ["acme", "bad"])
    asked = [*runs("acme", "acme", run_key="acme"), *runs("bad", run_key="bad"), *runs("acme")]
    daemon = daemon_of(asked, asked)
    assert outcomes(daemon.tick()) == [
        ("acme", RunOutcome.SUCCEEDED),
        ("acme", RunOutcome.DROPPED),
        ("bad", RunOutcome.FAILED),
        ("acme", RunOutcome.SUCCEEDED),
    ]
    assert outcomes(daemon.tick()) == [
        ("acme", RunOutcome.DROPPED),
        ("acme", RunOutcome.DROPPED),
        ("bad", RunOutcome.DROPPED),
        ("acme", RunOutcome.SUCCEEDED),
    ]
    assert instance.get_runs_count() == 4


def test_run_keys_are_remembered_by_the_instance_for_each_sensor(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """A daemon that is started again still knows them; those of another sensor are not looked at."""
    instance.add_dynamic_partitions("s3", ["acme"])
    assert outcomes(daemon_of(runs("acme", run_key="1")).tick()) == [("acme", RunOutcome.SUCCEEDED)]
    assert outcomes(daemon_of(runs("acme", run_key="1")).tick()) == [("acme", RunOutcome.DROPPED)]

    @dg.sensor(target=[imported, table])
    def other() -> dg.RunRequest:
        return dg.RunRequest(partition_key="acme", run_key="1")

    assert outcomes(simulate(other, ASSETS, instance).tick()) == [("acme", RunOutcome.SUCCEEDED)]


def test_runs_can_be_queued_instead(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """They are not done, and their run keys are taken all the same."""
    instance.add_dynamic_partitions("s3", ["acme"])
    daemon = daemon_of(runs("acme", run_key="1"), [*runs("acme", run_key="1"), *runs("acme")])
    assert outcomes(daemon.tick(run=False)) == [("acme", RunOutcome.QUEUED)]
    assert outcomes(daemon.tick(run=False)) == [("acme", RunOutcome.DROPPED), ("acme", RunOutcome.QUEUED)]
    assert instance.get_runs_count() == 0


def update(cursor: str | None, result: object = None) -> Evaluate:
    """Set the cursor on the context, as older sensors do."""

    def evaluate(context: dg.SensorEvaluationContext) -> object:
        context.update_cursor(cursor)
        return result

    return evaluate


@pytest.mark.parametrize(
    ("evaluate", "cursor", "skip_reason"),
    [
        (answers(dg.SensorResult(skip_reason="Nothing new.", cursor="2")), "2", "Nothing new."),
        (update("2", dg.SkipReason("Nothing new.")), "2", "Nothing new."),
        (answers(dg.SkipReason("Nothing new.")), "1", "Nothing new."),
        (answers(None), "1", "Sensor function returned an empty result"),
        (answers([]), "1", "Sensor function returned an empty result"),
        (answers(dg.SensorResult(cursor="")), "1", "Sensor function returned an empty result"),
        (answers(dg.SensorResult(cursor=None)), "1", "Sensor function returned an empty result"),
        (update(None), None, "Sensor function returned an empty result"),
        (update(""), None, "Sensor function returned an empty result"),
    ],
)
def test_a_tick_without_runs_moves_the_cursor_too(
    instance: dg.DagsterInstance, evaluate: Evaluate, cursor: str | None, skip_reason: str
) -> None:
    """An empty cursor in the result keeps the old one; set on the context, it takes it away."""
    first = answers(dg.SensorResult(cursor="1"))
    sensor = sensor_of(lambda context: evaluate(context) if context.cursor else first(context))
    daemon = simulate(sensor, ASSETS, instance)
    daemon.tick()
    tick = daemon.tick()
    assert (tick.error, tick.cursor_before, tick.cursor_after) == (None, "1", cursor)
    assert tick.skip_reason == skip_reason


def test_an_empty_cursor_is_kept_with_runs(instance: dg.DagsterInstance) -> None:
    """As the daemon does; to most sensors it is the same as none."""
    instance.add_dynamic_partitions("s3", ["acme"])
    daemon = simulate(sensor_of(update("", dg.RunRequest(partition_key="acme"))), ASSETS, instance)
    assert daemon.tick().cursor_after == ""
    assert daemon.tick().cursor_before == ""


def test_the_empty_key_is_no_partition_to_a_run(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """It can be registered, and asked for; Dagster then runs without a partition."""
    result = dg.SensorResult(runs(""), dynamic_partitions_requests=[s3.build_add_request([""])])
    tick = daemon_of(result).tick()
    assert keys_of(instance) == [""]
    assert outcomes(tick) == [("", RunOutcome.FAILED)]
    assert "dagster/partition" not in instance.get_runs()[0].tags


def test_a_cursor_set_twice_fails_the_tick(instance: dg.DagsterInstance) -> None:
    """On the context, and in the result: Dagster does not choose."""
    tick = simulate(sensor_of(update("1", dg.SensorResult(cursor="2"))), ASSETS, instance).tick()
    assert isinstance(tick.error, dg.DagsterInvariantViolationError)
    assert tick.cursor_after is None


def test_a_sensor_may_yield(instance: dg.DagsterInstance) -> None:
    """Requests one by one, and the cursor on the context; or an error after the first of them."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])

    def evaluate(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        yield dg.RunRequest(partition_key="zenith")
        if context.cursor:
            raise ValueError("in the middle")
        yield dg.RunRequest(partition_key="acme")
        context.update_cursor("1")

    daemon = simulate(sensor_of(evaluate), ASSETS, instance)
    first = daemon.tick()
    assert outcomes(first) == [("zenith", RunOutcome.SUCCEEDED), ("acme", RunOutcome.SUCCEEDED)]
    assert first.cursor_after == "1"
    second = daemon.tick()
    assert (str(second.error), second.runs) == ("in the middle", ())


def test_tags_and_config_reach_the_run(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """Beside the tags by which Dagster knows the run again."""
    instance.add_dynamic_partitions("s3", ["acme"])
    config = {"ops": {"table": {"config": {"limit": 7}}}}
    request = dg.RunRequest(partition_key="acme", run_key="1", tags={"team": "prices"}, run_config=config)
    assert outcomes(daemon_of(request).tick()) == [("acme", RunOutcome.SUCCEEDED)]
    [run] = instance.get_runs()
    tags = {name: run.tags.get(name) for name in ("team", "dagster/run_key", "dagster/sensor_name")}
    assert tags == {"team": "prices", "dagster/run_key": "1", "dagster/sensor_name": "arrivals"}
    event = instance.get_latest_materialization_event(table.key)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["limit"].value == 7
    assert event.asset_materialization.partition == "acme"


def test_a_run_of_some_of_the_assets(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """As the request selects them."""
    instance.add_dynamic_partitions("s3", ["acme"])
    tick = daemon_of(runs("acme", asset_selection=[imported.key])).tick()
    assert outcomes(tick) == [("acme", RunOutcome.SUCCEEDED)]
    assert (materialized(instance, imported), materialized(instance)) == ({"acme"}, set())


def test_a_sensor_that_selects_assets(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """Without a job, all its assets are meant, or those of the request, but no others."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])
    daemon = daemon_of(
        [*runs("acme"), *runs("zenith", asset_selection=[imported.key])],
        runs("zenith", asset_selection=[total.key]),
        target=None,
        asset_selection=dg.AssetSelection.assets(imported, table),
    )
    assert outcomes(daemon.tick()) == [("acme", RunOutcome.SUCCEEDED), ("zenith", RunOutcome.SUCCEEDED)]
    assert materialized(instance, imported) == {"acme", "zenith"}
    assert materialized(instance) == {"acme"}
    assert isinstance(daemon.tick().error, dg.DagsterInvalidSubsetError)


def test_a_range_of_keys_is_one_run(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """Its tags name the first and the last key, in the order in which they were registered."""
    instance.add_dynamic_partitions("s3", ["zenith", "bluebird", "acme", "other"])
    tags = {"dagster/asset_partition_range_start": "zenith", "dagster/asset_partition_range_end": "acme"}
    tick = daemon_of(dg.RunRequest(tags=tags)).tick()
    assert outcomes(tick) == [("zenith to acme", RunOutcome.SUCCEEDED)]
    assert materialized(instance, imported) == {"zenith", "bluebird", "acme"}


def test_a_run_without_a_partition(instance: dg.DagsterInstance) -> None:
    """The sensor knows its job by name only."""
    sensor = sensor_of(answers(dg.RunRequest()), target=None, job_name="reporting")
    tick = simulate(sensor, ASSETS, instance, jobs=[reporting]).tick()
    assert tick.runs == (RequestedRun(None, None, "reporting", RunOutcome.SUCCEEDED),)


def test_several_jobs(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """Each request names its own; one that does not fails the tick."""
    instance.add_dynamic_partitions("s3", ["acme"])
    both = [*runs("acme", job_name="customers"), dg.RunRequest(job_name="reporting")]
    daemon = daemon_of(both, runs("acme"), target=None, jobs=[customers, reporting])
    assert [(run.partition, run.job, run.became) for run in daemon.tick().runs] == [
        ("acme", "customers", RunOutcome.SUCCEEDED),
        (None, "reporting", RunOutcome.SUCCEEDED),
    ]
    assert "did not specify job_name" in str(daemon.tick().error)


def test_events_of_assets_are_recorded(daemon_of: Simulate, instance: dg.DagsterInstance) -> None:
    """Before the keys, and without a run."""
    tick = daemon_of(dg.SensorResult(asset_events=[dg.AssetMaterialization("table", partition="x")])).tick()
    assert (tick.events, tick.error) == (1, None)
    assert materialized(instance) == {"x"}
    assert instance.get_runs_count() == 0


def test_a_key_that_a_run_of_the_tick_deletes_fails_its_own_run_only(instance: dg.DagsterInstance) -> None:
    """Dagster looks at the keys when it evaluates, and not again before each run."""

    @dg.op
    def retire(context: dg.OpExecutionContext) -> None:
        context.instance.delete_dynamic_partition("s3", "acme")

    @dg.job
    def retiring() -> None:
        retire()

    instance.add_dynamic_partitions("s3", ["acme"])
    asked = [dg.RunRequest(job_name="retiring"), *runs("acme", job_name="customers")]
    sensor = sensor_of(answers(asked), target=None, jobs=[retiring, customers])
    tick = simulate(sensor, ASSETS, instance).tick()
    assert tick.error is None
    assert outcomes(tick) == [(None, RunOutcome.SUCCEEDED), ("acme", RunOutcome.FAILED)]


def test_a_run_that_cannot_begin_is_tried_once_more(
    daemon_of: Simulate, instance: dg.DagsterInstance
) -> None:
    """The tick after it evaluates nothing; then the sensor is asked anew, with the cursor of before."""
    instance.add_dynamic_partitions("s3", ["acme", "bluebird", "zenith"])
    asked = [*runs("acme"), *runs("bluebird", run_config={"nothing": "like this"}), *runs("zenith")]
    daemon = daemon_of(dg.SensorResult(asked, cursor="1"), dg.SkipReason("asked anew"))
    failed, tried, anew = (daemon.tick() for _ in range(3))
    for tick in (failed, tried):
        assert isinstance(tick.error, dg.DagsterInvalidConfigError)
        assert (tick.not_begun, tick.cursor_after) == (2, None)
    assert (failed.resumed, outcomes(failed)) == (False, [("acme", RunOutcome.SUCCEEDED)])
    assert (tried.resumed, outcomes(tried)) == (True, [])
    assert (anew.resumed, anew.skip_reason, anew.cursor_before) == (False, "asked anew", None)
    assert materialized(instance) == {"acme"}


def test_what_could_not_begin_goes_on_where_it_stopped(
    daemon_of: Simulate, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the second try the rest is done, and the cursor of the first one is kept."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])
    daemon = daemon_of(dg.SensorResult(runs("acme", "zenith", run_key=None), cursor="1"))
    with monkeypatch.context() as patch:
        patch.setattr(instance, "create_run_for_job", lambda **_: 1 / 0)
        assert isinstance(daemon.tick().error, ZeroDivisionError)
    tick = daemon.tick()
    assert (tick.resumed, tick.error, tick.not_begun) == (True, None, 0)
    assert outcomes(tick) == [("acme", RunOutcome.SUCCEEDED), ("zenith", RunOutcome.SUCCEEDED)]
    assert (tick.cursor_before, tick.cursor_after) == (None, "1")


def test_what_else_the_context_tells(instance: dg.DagsterInstance) -> None:
    """The instance, the sensor's name, whether it is the first tick, and the last run key."""
    instance.add_dynamic_partitions("s3", ["acme"])
    seen = []

    def evaluate(context: dg.SensorEvaluationContext) -> list[dg.RunRequest]:
        seen.append((context.is_first_tick_since_sensor_start, context.last_run_key))
        assert context.instance is instance
        assert context.sensor_name == "arrivals"
        assert (context.last_tick_completion_time is None) == (len(seen) == 1)
        return [run for key in ("2", "1", "2") for run in runs("acme", run_key=key)] if len(seen) == 1 else []

    daemon = simulate(sensor_of(evaluate), ASSETS, instance)
    assert [daemon.tick(run=False).error for _ in range(3)] == [None, None, None]
    assert seen == [(True, None), (False, "1"), (False, "1")]


def test_a_sensor_has_its_own_resources_and_they_are_closed_again(instance: dg.DagsterInstance) -> None:
    """Those of the assets are only there for the runs."""
    events = []

    class Source(dg.ConfigurableResource):
        name: str

        @contextmanager
        def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Source"]:
            assert context.instance is instance
            events.append(f"{self.name} opened")
            yield self
            events.append(f"{self.name} closed")

    @dg.asset(partitions_def=s3)
    def loaded(database: Source) -> None:
        events.append(f"loaded into {database.name}")

    @dg.sensor(target=[loaded])
    def arrivals(source: Source, plain: dg.ResourceParam[list[str]]) -> dg.SensorResult:
        events.append(f"looked at {source.name} for {plain[0]}")
        add = s3.build_add_request(["acme"])
        return dg.SensorResult(runs("acme"), dynamic_partitions_requests=[add])

    resources = {"source": Source(name="inbox"), "database": Source(name="warehouse"), "plain": ["csv"]}
    tick = simulate(arrivals, [loaded], instance, resources=resources).tick()
    assert (tick.error, outcomes(tick)) == (None, [("acme", RunOutcome.SUCCEEDED)])
    assert events == [
        "inbox opened",
        "looked at inbox for csv",
        "inbox closed",
        "warehouse opened",
        "loaded into warehouse",
        "warehouse closed",
    ]


def test_a_resource_that_the_sensor_lacks_fails_its_tick(instance: dg.DagsterInstance) -> None:
    """Dagster looks for it when it evaluates."""

    @dg.sensor(target=[imported])
    def arrivals(source: dg.ResourceParam[str]) -> None:
        """Need a resource."""

    error = simulate(arrivals, ASSETS, instance).tick().error
    assert isinstance(error, dg.DagsterInvalidDefinitionError)
    assert "'source' required by sensor 'arrivals' was not provided" in str(error)


def test_a_resource_brings_those_that_it_needs(instance: dg.DagsterInstance) -> None:
    """One of the older kind names them."""

    @dg.resource(required_resource_keys={"folder"})
    def source(context: dg.InitResourceContext) -> str:
        return f"{context.resources.folder}/acme.csv"

    @dg.sensor(target=[imported], required_resource_keys={"source"})
    def arrivals(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        return dg.SkipReason(context.resources.source)

    resources = {"source": source, "folder": dg.ResourceDefinition.hardcoded_resource("inbox")}
    assert simulate(arrivals, ASSETS, instance, resources=resources).tick().skip_reason == "inbox/acme.csv"


@pytest.mark.parametrize(
    ("argument", "request_"),
    [
        ("stale_assets_only", dg.RunRequest(partition_key="acme", stale_assets_only=True)),
        (
            "asset_check_keys",
            dg.RunRequest(partition_key="acme", asset_check_keys=[dg.AssetCheckKey(table.key, "positive")]),
        ),
    ],
)
def test_what_only_the_daemon_can_do_is_refused(
    daemon_of: Simulate, instance: dg.DagsterInstance, argument: str, request_: dg.RunRequest
) -> None:
    """Nothing of the tick is carried out, and it is none."""
    daemon = daemon_of(
        dg.SensorResult([request_], dynamic_partitions_requests=[ADD], cursor="1"), dg.SkipReason("next")
    )
    with pytest.raises(
        ValueError,
        match=rf"^arrivals asks for a run with {argument}=, which .* start the sensor in `dagster dev`",
    ):
        daemon.tick()
    assert (daemon.ticks, daemon.cursor, keys_of(instance)) == ([], None, [])
    assert daemon.tick().skip_reason == "next"


def test_checks_are_done_with_their_assets(instance: dg.DagsterInstance) -> None:
    """All of them: a sensor that selects assets and leaves one out is refused, too."""

    @dg.asset_check(asset=total)
    def positive() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    evaluate = answers(dg.RunRequest(), dg.RunRequest(asset_selection=[total.key], asset_check_keys=[]))
    sensor = sensor_of(evaluate, target=None, asset_selection=[total])
    daemon = simulate(sensor, [total, positive], instance)
    assert outcomes(daemon.tick()) == [(None, RunOutcome.SUCCEEDED)]
    checks = instance.get_records_for_run(instance.get_runs()[0].run_id).records
    assert [record for record in checks if record.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION]
    with pytest.raises(ValueError, match="a run with asset_check_keys=, which"):
        daemon.tick()


def other_sensors() -> Iterator[object]:
    """Yield what looks like a sensor, and is none that the simulator could follow."""

    @dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS)
    def of_runs() -> None:
        """Follow runs."""

    @dg.run_failure_sensor
    def of_failures() -> None:
        """Follow failures."""

    @dg.asset_sensor(asset_key=table.key, job_name="reporting")
    def of_an_asset() -> None:
        """Follow an asset."""

    yield from (of_runs, of_failures, of_an_asset)
    yield dg.AutomationConditionSensorDefinition("of_conditions", target="*")


@pytest.mark.parametrize("other", [*other_sensors()], ids=lambda other: other.name)
def test_other_sensors_are_refused(instance: dg.DagsterInstance, other: dg.SensorDefinition) -> None:
    """Each by its name and kind."""
    with pytest.raises(
        ValueError,
        match=rf"decorated with @dg.sensor, not {other.name}, a {type(other).__name__}\. Pass it by",
    ):
        simulate(other, ASSETS, instance)


@pytest.mark.parametrize(("other", "kind"), [(len, "builtin_function_or_method"), ([], "list"), (s3, "Dyn")])
def test_what_is_no_sensor_is_refused(instance: dg.DagsterInstance, other: Any, kind: str) -> None:  # noqa: ANN401 - of any type
    """The bare function is the usual one."""
    with pytest.raises(
        ValueError, match=rf"simulate takes a sensor that .* not a {kind}.* simulate\(my_sensor"
    ):
        simulate(other, ASSETS, instance)


def test_what_does_not_fit_together_is_refused_at_once(instance: dg.DagsterInstance) -> None:
    """Not first at a run: a resource that an asset needs, a job of which only the name is known."""

    @dg.asset(partitions_def=s3)
    def loaded(database: dg.ResourceParam[str]) -> None:
        """Need a resource."""

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="resource with key 'database'"):
        simulate(sensor_of(answers(), target=[loaded]), [loaded], instance)
    unknown = sensor_of(answers(), target=None, job_name="nightly")
    with pytest.raises(dg.DagsterInvalidDefinitionError, match='targets job "nightly"'):
        simulate(unknown, ASSETS, instance)


def test_files_are_compared_with_the_tick_before(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """By size and time of change, folders and hidden files among them; also where the tick fails."""
    inbox = tmp_path / "inbox"
    sensor = sensor_of(answers(None, ValueError("at the second"), None, None))
    daemon = simulate(sensor, ASSETS, instance, folder=inbox)
    assert daemon.tick().files == FolderChange()
    inbox.mkdir()
    for name in ("zenith.csv", "acme.csv", ".hidden"):
        (inbox / name).write_text("1\n")
    assert daemon.tick().files == FolderChange(new=(".hidden", "acme.csv", "zenith.csv"))
    os.utime(inbox / "acme.csv", (1, 1))
    (inbox / "zenith.csv").unlink()
    (inbox / "folder").mkdir()
    assert daemon.tick().files == FolderChange(
        new=("folder",), changed=("acme.csv",), gone=("zenith.csv",), same=(".hidden",)
    )
    assert daemon.tick().files == FolderChange(same=(".hidden", "acme.csv", "folder"))


def test_what_goes_while_the_files_are_looked_at_is_not_there(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others are; and the folder may be named by a string."""
    for name in ("acme.csv", "zenith.csv"):
        (tmp_path / name).write_text("1\n")
    lstat = Path.lstat

    def just_gone(path: Path) -> os.stat_result:
        if path.name == "acme.csv":
            path.unlink()
        return lstat(path)

    daemon = simulate(sensor_of(answers(None)), ASSETS, instance, folder=str(tmp_path))
    monkeypatch.setattr(Path, "lstat", just_gone)
    assert daemon.tick().files == FolderChange(new=("zenith.csv",))


@pytest.mark.parametrize("error", [SystemExit("over"), GeneratorExit("over")])
def test_a_sensor_that_exits_fails_its_tick(daemon_of: Simulate, error: BaseException) -> None:
    """It ends neither the cell nor the kernel."""
    daemon = daemon_of(error, dg.SkipReason("next"))
    tick = daemon.tick()
    assert tick.error is error
    assert f"  raised: {type(error).__name__}: over\n" in repr(tick)
    assert daemon.tick().skip_reason == "next"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_an_interrupt_is_no_tick(daemon_of: Simulate, interrupt: type[BaseException]) -> None:
    """The next one begins where it began."""
    daemon = daemon_of(interrupt(), dg.SkipReason("next"))
    with pytest.raises(interrupt):
        daemon.tick()
    assert daemon.ticks == []
    tick = daemon.tick()
    assert (tick.number, tick.skip_reason) == (1, "next")


def noisy(context: dg.SensorEvaluationContext) -> None:
    """Log and print."""
    context.log.debug("looking")
    context.log.warning("%s is odd", "acme.csv")
    try:
        float("empty")
    except ValueError:
        context.log.exception("unreadable")
    print("printed")  # noqa: T201 - as a learner does


NOISE = (
    ("DEBUG", "looking"),
    ("WARNING", "acme.csv is odd"),
    ("ERROR", "unreadable (ValueError: could not convert string to float: 'empty')"),
)


def test_what_a_sensor_logs_is_in_the_tick_and_what_it_prints_on_the_page(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing reaches stderr."""
    daemon = simulate(sensor_of(noisy), ASSETS, instance)
    capsys.readouterr()
    assert daemon.tick().log == daemon.tick().log == NOISE
    assert capsys.readouterr() == ("printed\nprinted\n", "")


def test_the_same_with_the_extension(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    """It prints what a sensor logs that is evaluated by hand; here, it is in the tick."""
    shell = new_shell()
    shell.run_line_magic("load_ext", "lesson_lib")
    try:
        instance.add_dynamic_partitions("s3", ["acme"])
        shell.user_ns["daemon"] = simulate(
            sensor_of(lambda context: noisy(context) or runs("acme")), ASSETS, instance
        )
        capsys.readouterr()
        assert shell.run_cell("tick = daemon.tick()").success
        assert shell.user_ns["tick"].log == NOISE
        assert outcomes(shell.user_ns["tick"]) == [("acme", RunOutcome.SUCCEEDED)]
        assert capsys.readouterr() == ("printed\n", "")
        assert shell.run_cell("tick").success
        shown = capsys.readouterr().out
    finally:
        shell.run_line_magic("unload_ext", "lesson_lib")
    assert "Tick 1: 1 run asked for\n" in shown
    assert "  logged: acme.csv is odd\n" in shown


def test_a_persistent_instance_will_do_as_well(tmp_path: Path) -> None:
    """What was done is there when it is opened again."""
    settings = {"python_logs": QUIET["python_logs"], "telemetry": {"enabled": False}}
    with dg.instance_for_test(overrides=settings, temp_dir=str(tmp_path)) as instance:
        result = dg.SensorResult(runs("acme", run_key="1"), dynamic_partitions_requests=[ADD], cursor="1")
        daemon = simulate(sensor_of(answers(result, result)), ASSETS, instance)
        first, second = daemon.tick(), daemon.tick()
        with dg.DagsterInstance.from_ref(instance.get_ref()) as again:
            assert (keys_of(again), materialized(again)) == (["acme"], {"acme"})
    assert outcomes(first) == [("acme", RunOutcome.SUCCEEDED)]
    assert outcomes(second) == [("acme", RunOutcome.DROPPED)]


def test_nothing_is_left_behind(daemon_of: Simulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No temporary folder, no logger, no class of loggers."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tick_simulator._make_reference.cache_clear()  # noqa: SLF001 - as in a process that has not ticked yet
    before = logging.getLoggerClass(), set(logging.root.manager.loggerDict), list(logging.root.handlers)
    tick = daemon_of(dg.SensorResult(dynamic_partitions_requests=[ADD], cursor="1")).tick()
    assert tick.error is None
    assert list(tmp_path.iterdir()) == []
    after = logging.getLoggerClass(), set(logging.root.manager.loggerDict), list(logging.root.handlers)
    assert after == before
