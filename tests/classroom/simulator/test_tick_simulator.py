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
    """Configuration of a run."""

    limit: int = 0


@dg.asset(partitions_def=s3)
def imported(context: dg.AssetExecutionContext) -> None:
    """Fail for keys that begin with `bad`."""
    if any(key.startswith("bad") for key in context.partition_keys):
        raise ValueError("the file is empty")


@dg.asset(partitions_def=s3, deps=[imported])
def table(config: Rows) -> dg.MaterializeResult:
    """Record the configured limit."""
    return dg.MaterializeResult(metadata={"limit": config.limit})


@dg.asset
def total() -> None:
    """Do nothing, without partitions."""


ASSETS = [imported, table, total]
customers = dg.define_asset_job("customers", selection=[imported, table])
reporting = dg.define_asset_job("reporting", selection=[total])

Evaluate = Callable[[dg.SensorEvaluationContext], object]


def make_sensor(evaluate: Evaluate, **settings: object) -> dg.SensorDefinition:
    """Return a sensor that calls this function at each tick."""

    @dg.sensor(name="arrivals", **({"target": [imported, table]} | settings))
    def arrivals(context: dg.SensorEvaluationContext) -> Any:  # noqa: ANN401 - whatever a sensor may return
        return evaluate(context)

    return arrivals


def answer_in_turn(*results: object) -> Evaluate:
    """Return a function that returns these results one after the other, or raises them."""
    rest = iter(results)

    def evaluate(_: dg.SensorEvaluationContext) -> object:
        if isinstance(result := next(rest), BaseException):
            raise result
        return result

    return evaluate


def make_requests(*keys: str, **settings: Any) -> list[dg.RunRequest]:  # noqa: ANN401 - handed on
    """Return a run request for each key."""
    return [dg.RunRequest(partition_key=key, **settings) for key in keys]


def list_outcomes(tick: Tick) -> list[tuple[str | None, RunOutcome]]:
    """Return the outcome of each run."""
    return [(run.partition, run.became) for run in tick.runs]


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Return an ephemeral instance."""
    with dg.DagsterInstance.ephemeral(settings=QUIET) as instance:
        yield instance


Simulate = Callable[..., TickSimulator]


@pytest.fixture
def simulate_answers(instance: dg.DagsterInstance) -> Simulate:
    """Return a function that simulates a sensor with given answers."""

    def simulate_answers(*results: object, **settings: object) -> TickSimulator:
        return simulate(make_sensor(answer_in_turn(*results), **settings), ASSETS, instance)

    return simulate_answers


def list_keys(instance: dg.DagsterInstance) -> list[str]:
    """Return the registered keys, in order."""
    return list(instance.get_dynamic_partitions("s3"))


def list_materialized(instance: dg.DagsterInstance, asset: dg.AssetsDefinition = table) -> set[str]:
    """Return the keys for which an asset is materialized."""
    return set(instance.get_materialized_partitions(asset.key))


def test_a_tick_registers_keys_then_does_the_runs_and_keeps_the_cursor(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """The simulator carries out what the sensor only requests."""
    keys = s3.build_add_request(["zenith", "acme"])
    daemon = simulate_answers(
        dg.SensorResult(make_requests("zenith", "acme"), dynamic_partitions_requests=[keys], cursor="2")
    )
    tick = daemon.tick()
    assert tick.keys == (RequestedKeys("add", "s3", ("zenith", "acme"), ("zenith", "acme")),)
    assert list_outcomes(tick) == [("zenith", RunOutcome.SUCCEEDED), ("acme", RunOutcome.SUCCEEDED)]
    assert (tick.cursor_before, tick.cursor_after, daemon.cursor) == (None, "2", "2")
    assert (tick.error, tick.skip_reason, tick.not_begun, tick.resumed) == (None, "", 0, False)
    assert list_keys(instance) == ["zenith", "acme"]
    assert list_materialized(instance) == {"zenith", "acme"}
    assert daemon.ticks == [tick]
    assert daemon.instance is instance


def test_each_tick_receives_the_cursor_of_the_one_before(instance: dg.DagsterInstance) -> None:
    """The cursor is the only thing that the daemon keeps for the sensor."""
    seen = []

    def evaluate(context: dg.SensorEvaluationContext) -> dg.SensorResult:
        seen.append(context.cursor)
        return dg.SensorResult(cursor=f"{len(seen)}")

    daemon = simulate(make_sensor(evaluate), ASSETS, instance)
    assert [daemon.tick().cursor_after for _ in range(3)] == ["1", "2", "3"]
    assert seen == [None, "1", "2"]


def test_a_failed_run_does_not_block_its_tick(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """The tick of a failed run succeeds and keeps its cursor, and the run shows why it failed."""
    instance.add_dynamic_partitions("s3", ["bad", "acme"])
    daemon = simulate_answers(dg.SensorResult(make_requests("bad", "acme"), cursor="2"))
    tick = daemon.tick()
    assert tick.runs == (
        RequestedRun(
            "bad", None, "__anonymous_asset_job_arrivals", RunOutcome.FAILED, "ValueError: the file is empty"
        ),
        RequestedRun("acme", None, "__anonymous_asset_job_arrivals", RunOutcome.SUCCEEDED),
    )
    assert (tick.error, tick.cursor_after) == (None, "2")
    assert list_materialized(instance) == {"acme"}


def test_a_sensor_that_raises_fails_its_tick_and_changes_nothing(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """Cursor and keys stay as they were, and the next tick evaluates the sensor again."""
    add = s3.build_add_request(["acme"])
    daemon = simulate_answers(
        dg.SensorResult(cursor="1"),
        ValueError("no such folder"),
        dg.SensorResult(make_requests("acme"), dynamic_partitions_requests=[add], cursor="2"),
    )
    daemon.tick()
    failed = daemon.tick()
    assert str(failed.error) == "no such folder"
    assert (failed.keys, failed.runs, failed.not_begun) == ((), (), 0)
    assert (failed.cursor_before, failed.cursor_after) == ("1", "1")
    assert list_keys(instance) == []
    after = daemon.tick()
    assert (after.cursor_before, after.cursor_after, after.resumed) == ("1", "2", False)
    assert list_outcomes(after) == [("acme", RunOutcome.SUCCEEDED)]


ADD, DELETE = s3.build_add_request(["acme"]), s3.build_delete_request(["acme"])


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (make_requests("acme", "gone"), dg.DagsterUnknownPartitionError, "`gone`"),
        (
            dg.SensorResult(make_requests("acme"), dynamic_partitions_requests=[DELETE]),
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
        (
            [*make_requests("acme"), dg.SkipReason("nothing")],
            Exception,
            "received both RunRequest and SkipReason",
        ),
        ("acme", Exception, "unexpectedly returned output acme"),
        (make_requests("acme", job_name="nightly"), Exception, "job_name nightly. Expected one of"),
    ],
)
def test_what_dagster_refuses_when_it_evaluates_fails_the_tick_as_a_whole(
    simulate_answers: Simulate,
    instance: dg.DagsterInstance,
    result: object,
    error: type[Exception],
    message: str,
) -> None:
    """A request that Dagster rejects during the evaluation prevents all requests of the tick."""
    instance.add_dynamic_partitions("s3", ["acme"])
    tick = simulate_answers(result).tick()
    assert isinstance(tick.error, error)
    assert message in str(tick.error)
    assert (tick.keys, tick.runs) == ((), ())
    assert list_keys(instance) == ["acme"]
    assert instance.get_runs_count() == 0


def test_a_key_twice_in_a_request_fails_the_tick_after_the_requests_before(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """Earlier requests stay carried out, no run begins, and the next tick has the old cursor."""
    requests = [s3.build_add_request(["zenith"]), s3.build_add_request(["acme", "acme"])]
    daemon = simulate_answers(
        dg.SensorResult(make_requests("zenith", "acme"), dynamic_partitions_requests=requests, cursor="2"),
        dg.SkipReason("nothing"),
    )
    tick = daemon.tick()
    assert isinstance(tick.error, IntegrityError)
    assert tick.keys == (
        RequestedKeys("add", "s3", ("zenith",), ("zenith",)),
        RequestedKeys("add", "s3", ("acme", "acme"), (), refused=True),
    )
    assert (tick.runs, tick.not_begun, tick.cursor_after) == ((), 2, None)
    assert list_keys(instance) == ["zenith"]
    after = daemon.tick()
    assert (after.skip_reason, after.resumed, after.runs) == ("nothing", False, ())


def test_a_tick_that_fails_gives_no_reason_for_skipping(simulate_answers: Simulate) -> None:
    """A failed tick loses the sensor's reason for skipping."""
    twice = s3.build_add_request(["acme", "acme"])
    tick = simulate_answers(
        dg.SensorResult(dynamic_partitions_requests=[twice], skip_reason="nothing")
    ).tick()
    assert isinstance(tick.error, IntegrityError)
    assert tick.skip_reason == ""


def test_existing_keys_are_not_added_and_missing_keys_are_not_deleted(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """Such a request raises no error, and registered keys keep their order."""
    instance.add_dynamic_partitions("s3", ["zenith", "acme"])
    add = s3.build_add_request(["acme", "bluebird"])
    delete = s3.build_delete_request(["gone", "zenith", "zenith"])
    tick = simulate_answers(dg.SensorResult(dynamic_partitions_requests=[add, delete])).tick()
    assert tick.error is None
    assert tick.keys == (
        RequestedKeys("add", "s3", ("acme", "bluebird"), ("bluebird",)),
        RequestedKeys("delete", "s3", ("gone", "zenith", "zenith"), ("zenith",)),
    )
    assert list_keys(instance) == ["acme", "bluebird"]


@pytest.mark.parametrize("run_keys_per_query", [1, 2, 1000])
def test_a_run_key_has_one_run_whatever_became_of_it(
    simulate_answers: Simulate,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    run_keys_per_query: int,
) -> None:
    """A run key has one run, even within a tick and after a failure; requests without one always run."""
    monkeypatch.setattr(tick_simulator, "_RUN_KEYS_PER_QUERY", run_keys_per_query)
    instance.add_dynamic_partitions("s3", ["acme", "bad"])
    requests = [
        *make_requests("acme", "acme", run_key="acme"),
        *make_requests("bad", run_key="bad"),
        *make_requests("acme"),
    ]
    daemon = simulate_answers(requests, requests)
    assert list_outcomes(daemon.tick()) == [
        ("acme", RunOutcome.SUCCEEDED),
        ("acme", RunOutcome.DROPPED),
        ("bad", RunOutcome.FAILED),
        ("acme", RunOutcome.SUCCEEDED),
    ]
    assert list_outcomes(daemon.tick()) == [
        ("acme", RunOutcome.DROPPED),
        ("acme", RunOutcome.DROPPED),
        ("bad", RunOutcome.DROPPED),
        ("acme", RunOutcome.SUCCEEDED),
    ]
    assert instance.get_runs_count() == 4


def test_run_keys_are_remembered_by_the_instance_for_each_sensor(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """A restarted daemon knows the run keys of its sensor, and ignores those of other sensors."""
    instance.add_dynamic_partitions("s3", ["acme"])
    assert list_outcomes(simulate_answers(make_requests("acme", run_key="1")).tick()) == [
        ("acme", RunOutcome.SUCCEEDED)
    ]
    assert list_outcomes(simulate_answers(make_requests("acme", run_key="1")).tick()) == [
        ("acme", RunOutcome.DROPPED)
    ]

    @dg.sensor(target=[imported, table])
    def other() -> dg.RunRequest:
        return dg.RunRequest(partition_key="acme", run_key="1")

    assert list_outcomes(simulate(other, ASSETS, instance).tick()) == [("acme", RunOutcome.SUCCEEDED)]


def test_runs_can_be_queued_instead(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """Queued runs are not executed, but their run keys are used up."""
    instance.add_dynamic_partitions("s3", ["acme"])
    daemon = simulate_answers(
        make_requests("acme", run_key="1"), [*make_requests("acme", run_key="1"), *make_requests("acme")]
    )
    assert list_outcomes(daemon.tick(run=False)) == [("acme", RunOutcome.QUEUED)]
    assert list_outcomes(daemon.tick(run=False)) == [
        ("acme", RunOutcome.DROPPED),
        ("acme", RunOutcome.QUEUED),
    ]
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
        (answer_in_turn(dg.SensorResult(skip_reason="Nothing new.", cursor="2")), "2", "Nothing new."),
        (update("2", dg.SkipReason("Nothing new.")), "2", "Nothing new."),
        (answer_in_turn(dg.SkipReason("Nothing new.")), "1", "Nothing new."),
        (answer_in_turn(None), "1", "Sensor function returned an empty result"),
        (answer_in_turn([]), "1", "Sensor function returned an empty result"),
        (answer_in_turn(dg.SensorResult(cursor="")), "1", "Sensor function returned an empty result"),
        (answer_in_turn(dg.SensorResult(cursor=None)), "1", "Sensor function returned an empty result"),
        (update(None), None, "Sensor function returned an empty result"),
        (update(""), None, "Sensor function returned an empty result"),
    ],
)
def test_a_tick_without_runs_moves_the_cursor_too(
    instance: dg.DagsterInstance, evaluate: Evaluate, cursor: str | None, skip_reason: str
) -> None:
    """A tick without runs moves the cursor; an empty one keeps or removes the old one, as in the daemon."""
    first = answer_in_turn(dg.SensorResult(cursor="1"))
    sensor = make_sensor(lambda context: evaluate(context) if context.cursor else first(context))
    daemon = simulate(sensor, ASSETS, instance)
    daemon.tick()
    tick = daemon.tick()
    assert (tick.error, tick.cursor_before, tick.cursor_after) == (None, "1", cursor)
    assert tick.skip_reason == skip_reason


def test_an_empty_cursor_is_kept_with_runs(instance: dg.DagsterInstance) -> None:
    """An empty cursor is kept if there are runs, as in the daemon."""
    instance.add_dynamic_partitions("s3", ["acme"])
    daemon = simulate(make_sensor(update("", dg.RunRequest(partition_key="acme"))), ASSETS, instance)
    assert daemon.tick().cursor_after == ""
    assert daemon.tick().cursor_before == ""


def test_the_empty_key_is_no_partition_to_a_run(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """The empty key can be registered and requested, but Dagster then runs without a partition."""
    result = dg.SensorResult(make_requests(""), dynamic_partitions_requests=[s3.build_add_request([""])])
    tick = simulate_answers(result).tick()
    assert list_keys(instance) == [""]
    assert list_outcomes(tick) == [("", RunOutcome.FAILED)]
    assert "dagster/partition" not in instance.get_runs()[0].tags


def test_a_cursor_set_twice_fails_the_tick(instance: dg.DagsterInstance) -> None:
    """Setting the cursor on the context and in the result fails the tick."""
    tick = simulate(make_sensor(update("1", dg.SensorResult(cursor="2"))), ASSETS, instance).tick()
    assert isinstance(tick.error, dg.DagsterInvariantViolationError)
    assert tick.cursor_after is None


def test_a_sensor_may_yield(instance: dg.DagsterInstance) -> None:
    """A sensor may yield its requests, and an error after the first of them fails the tick."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])

    def evaluate(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest]:
        yield dg.RunRequest(partition_key="zenith")
        if context.cursor:
            raise ValueError("in the middle")
        yield dg.RunRequest(partition_key="acme")
        context.update_cursor("1")

    daemon = simulate(make_sensor(evaluate), ASSETS, instance)
    first = daemon.tick()
    assert list_outcomes(first) == [("zenith", RunOutcome.SUCCEEDED), ("acme", RunOutcome.SUCCEEDED)]
    assert first.cursor_after == "1"
    second = daemon.tick()
    assert (str(second.error), second.runs) == ("in the middle", ())


def test_tags_and_config_reach_the_run(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """A run has the tags and the config of its request, and the tags by which Dagster recognizes it."""
    instance.add_dynamic_partitions("s3", ["acme"])
    config = {"ops": {"table": {"config": {"limit": 7}}}}
    request = dg.RunRequest(partition_key="acme", run_key="1", tags={"team": "prices"}, run_config=config)
    assert list_outcomes(simulate_answers(request).tick()) == [("acme", RunOutcome.SUCCEEDED)]
    [run] = instance.get_runs()
    tags = {name: run.tags.get(name) for name in ("team", "dagster/run_key", "dagster/sensor_name")}
    assert tags == {"team": "prices", "dagster/run_key": "1", "dagster/sensor_name": "arrivals"}
    event = instance.get_latest_materialization_event(table.key)
    assert event is not None
    assert event.asset_materialization is not None
    assert event.asset_materialization.metadata["limit"].value == 7
    assert event.asset_materialization.partition == "acme"


def test_a_run_of_some_of_the_assets(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """A run materializes the assets that its request selects."""
    instance.add_dynamic_partitions("s3", ["acme"])
    tick = simulate_answers(make_requests("acme", asset_selection=[imported.key])).tick()
    assert list_outcomes(tick) == [("acme", RunOutcome.SUCCEEDED)]
    assert (list_materialized(instance, imported), list_materialized(instance)) == ({"acme"}, set())


def test_a_sensor_that_selects_assets(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """A sensor without a job materializes its selected assets, or those of the request among them."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])
    daemon = simulate_answers(
        [*make_requests("acme"), *make_requests("zenith", asset_selection=[imported.key])],
        make_requests("zenith", asset_selection=[total.key]),
        target=None,
        asset_selection=dg.AssetSelection.assets(imported, table),
    )
    assert list_outcomes(daemon.tick()) == [("acme", RunOutcome.SUCCEEDED), ("zenith", RunOutcome.SUCCEEDED)]
    assert list_materialized(instance, imported) == {"acme", "zenith"}
    assert list_materialized(instance) == {"acme"}
    assert isinstance(daemon.tick().error, dg.DagsterInvalidSubsetError)


def test_a_range_of_keys_is_one_run(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """A range is one run, whose tags name the first and the last key in the order of registration."""
    instance.add_dynamic_partitions("s3", ["zenith", "bluebird", "acme", "other"])
    tags = {"dagster/asset_partition_range_start": "zenith", "dagster/asset_partition_range_end": "acme"}
    tick = simulate_answers(dg.RunRequest(tags=tags)).tick()
    assert list_outcomes(tick) == [("zenith to acme", RunOutcome.SUCCEEDED)]
    assert list_materialized(instance, imported) == {"zenith", "bluebird", "acme"}


def test_a_run_without_a_partition(instance: dg.DagsterInstance) -> None:
    """A sensor that knows its job by name can request a run without a partition."""
    sensor = make_sensor(answer_in_turn(dg.RunRequest()), target=None, job_name="reporting")
    tick = simulate(sensor, ASSETS, instance, jobs=[reporting]).tick()
    assert tick.runs == (RequestedRun(None, None, "reporting", RunOutcome.SUCCEEDED),)


def test_several_jobs(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """With several jobs, each request names its own, and one that does not fails the tick."""
    instance.add_dynamic_partitions("s3", ["acme"])
    both = [*make_requests("acme", job_name="customers"), dg.RunRequest(job_name="reporting")]
    daemon = simulate_answers(both, make_requests("acme"), target=None, jobs=[customers, reporting])
    assert [(run.partition, run.job, run.became) for run in daemon.tick().runs] == [
        ("acme", "customers", RunOutcome.SUCCEEDED),
        (None, "reporting", RunOutcome.SUCCEEDED),
    ]
    assert "did not specify job_name" in str(daemon.tick().error)


def test_events_of_assets_are_recorded(simulate_answers: Simulate, instance: dg.DagsterInstance) -> None:
    """Asset events are recorded before the keys, and without a run."""
    tick = simulate_answers(
        dg.SensorResult(asset_events=[dg.AssetMaterialization("table", partition="x")])
    ).tick()
    assert (tick.events, tick.error) == (1, None)
    assert list_materialized(instance) == {"x"}
    assert instance.get_runs_count() == 0


def test_a_key_that_a_run_of_the_tick_deletes_fails_its_own_run_only(instance: dg.DagsterInstance) -> None:
    """Dagster checks the keys once, when it evaluates the sensor, and not before each run."""

    @dg.op
    def retire(context: dg.OpExecutionContext) -> None:
        context.instance.delete_dynamic_partition("s3", "acme")

    @dg.job
    def retiring() -> None:
        retire()

    instance.add_dynamic_partitions("s3", ["acme"])
    requests = [dg.RunRequest(job_name="retiring"), *make_requests("acme", job_name="customers")]
    sensor = make_sensor(answer_in_turn(requests), target=None, jobs=[retiring, customers])
    tick = simulate(sensor, ASSETS, instance).tick()
    assert tick.error is None
    assert list_outcomes(tick) == [(None, RunOutcome.SUCCEEDED), ("acme", RunOutcome.FAILED)]


def test_a_run_that_cannot_begin_is_tried_once_more(
    simulate_answers: Simulate, instance: dg.DagsterInstance
) -> None:
    """The next tick only tries the run again; the tick after it evaluates with the old cursor."""
    instance.add_dynamic_partitions("s3", ["acme", "bluebird", "zenith"])
    requests = [
        *make_requests("acme"),
        *make_requests("bluebird", run_config={"nothing": "like this"}),
        *make_requests("zenith"),
    ]
    daemon = simulate_answers(dg.SensorResult(requests, cursor="1"), dg.SkipReason("evaluated again"))
    failed, resumed, after = (daemon.tick() for _ in range(3))
    for tick in (failed, resumed):
        assert isinstance(tick.error, dg.DagsterInvalidConfigError)
        assert (tick.not_begun, tick.cursor_after) == (2, None)
    assert (failed.resumed, list_outcomes(failed)) == (False, [("acme", RunOutcome.SUCCEEDED)])
    assert (resumed.resumed, list_outcomes(resumed)) == (True, [])
    assert (after.resumed, after.skip_reason, after.cursor_before) == (False, "evaluated again", None)
    assert list_materialized(instance) == {"acme"}


def test_interrupted_runs_continue_where_they_stopped(
    simulate_answers: Simulate, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second attempt does the remaining runs, and keeps the cursor of the first."""
    instance.add_dynamic_partitions("s3", ["acme", "zenith"])
    daemon = simulate_answers(dg.SensorResult(make_requests("acme", "zenith", run_key=None), cursor="1"))
    with monkeypatch.context() as patch:
        patch.setattr(instance, "create_run_for_job", lambda **_: 1 / 0)
        assert isinstance(daemon.tick().error, ZeroDivisionError)
    tick = daemon.tick()
    assert (tick.resumed, tick.error, tick.not_begun) == (True, None, 0)
    assert list_outcomes(tick) == [("acme", RunOutcome.SUCCEEDED), ("zenith", RunOutcome.SUCCEEDED)]
    assert (tick.cursor_before, tick.cursor_after) == (None, "1")


def test_the_context_has_what_the_daemon_provides(instance: dg.DagsterInstance) -> None:
    """The context has the instance, the sensor's name, whether it is the first tick, and the last run key."""
    instance.add_dynamic_partitions("s3", ["acme"])
    seen = []

    def evaluate(context: dg.SensorEvaluationContext) -> list[dg.RunRequest]:
        seen.append((context.is_first_tick_since_sensor_start, context.last_run_key))
        assert context.instance is instance
        assert context.sensor_name == "arrivals"
        assert (context.last_tick_completion_time is None) == (len(seen) == 1)
        return (
            [run for key in ("2", "1", "2") for run in make_requests("acme", run_key=key)]
            if len(seen) == 1
            else []
        )

    daemon = simulate(make_sensor(evaluate), ASSETS, instance)
    assert [daemon.tick(run=False).error for _ in range(3)] == [None, None, None]
    assert seen == [(True, None), (False, "1"), (False, "1")]


def test_a_sensor_has_its_own_resources_and_they_are_closed_again(instance: dg.DagsterInstance) -> None:
    """A sensor's resources are closed after the tick, and those of assets exist only for the runs."""
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
        return dg.SensorResult(make_requests("acme"), dynamic_partitions_requests=[add])

    resources = {"source": Source(name="inbox"), "database": Source(name="warehouse"), "plain": ["csv"]}
    tick = simulate(arrivals, [loaded], instance, resources=resources).tick()
    assert (tick.error, list_outcomes(tick)) == (None, [("acme", RunOutcome.SUCCEEDED)])
    assert events == [
        "inbox opened",
        "looked at inbox for csv",
        "inbox closed",
        "warehouse opened",
        "loaded into warehouse",
        "warehouse closed",
    ]


def test_a_resource_that_the_sensor_lacks_fails_its_tick(instance: dg.DagsterInstance) -> None:
    """A missing resource fails the tick, since Dagster looks for it when it evaluates."""

    @dg.sensor(target=[imported])
    def arrivals(source: dg.ResourceParam[str]) -> None:
        """Need a resource."""

    error = simulate(arrivals, ASSETS, instance).tick().error
    assert isinstance(error, dg.DagsterInvalidDefinitionError)
    assert "'source' required by sensor 'arrivals' was not provided" in str(error)


def test_a_resource_brings_those_that_it_needs(instance: dg.DagsterInstance) -> None:
    """A resource of the older kind brings the resources that it names."""

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
def test_requests_that_only_the_daemon_can_do_are_refused(
    simulate_answers: Simulate, instance: dg.DagsterInstance, argument: str, request_: dg.RunRequest
) -> None:
    """Nothing is carried out, and the call does not count as a tick."""
    daemon = simulate_answers(
        dg.SensorResult([request_], dynamic_partitions_requests=[ADD], cursor="1"), dg.SkipReason("next")
    )
    with pytest.raises(
        ValueError,
        match=rf"^arrivals asks for a run with {argument}=, which .* start the sensor in `dagster dev`",
    ):
        daemon.tick()
    assert (daemon.ticks, daemon.cursor, list_keys(instance)) == ([], None, [])
    assert daemon.tick().skip_reason == "next"


def test_checks_are_done_with_their_assets(instance: dg.DagsterInstance) -> None:
    """All checks of the selected assets run, and a request that omits one of them is refused."""

    @dg.asset_check(asset=total)
    def positive() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    evaluate = answer_in_turn(
        dg.RunRequest(), dg.RunRequest(asset_selection=[total.key], asset_check_keys=[])
    )
    sensor = make_sensor(evaluate, target=None, asset_selection=[total])
    daemon = simulate(sensor, [total, positive], instance)
    assert list_outcomes(daemon.tick()) == [(None, RunOutcome.SUCCEEDED)]
    checks = instance.get_records_for_run(instance.get_runs()[0].run_id).records
    assert [record for record in checks if record.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION]
    with pytest.raises(ValueError, match="a run with asset_check_keys=, which"):
        daemon.tick()


def make_other_sensors() -> Iterator[object]:
    """Yield sensors that the simulator does not support."""

    @dg.run_status_sensor(run_status=dg.DagsterRunStatus.SUCCESS)
    def follow_runs() -> None:
        """Follow runs."""

    @dg.run_failure_sensor
    def follow_failures() -> None:
        """Follow failures."""

    @dg.asset_sensor(asset_key=table.key, job_name="reporting")
    def follow_an_asset() -> None:
        """Follow an asset."""

    yield from (follow_runs, follow_failures, follow_an_asset)
    yield dg.AutomationConditionSensorDefinition("of_conditions", target="*")


@pytest.mark.parametrize("other", [*make_other_sensors()], ids=lambda other: other.name)
def test_other_sensors_are_refused(instance: dg.DagsterInstance, other: dg.SensorDefinition) -> None:
    """An unsupported sensor is refused by its name and kind."""
    with pytest.raises(
        ValueError,
        match=rf"decorated with @dg.sensor, not {other.name}, a {type(other).__name__}\. Pass it by",
    ):
        simulate(other, ASSETS, instance)


@pytest.mark.parametrize(("other", "kind"), [(len, "builtin_function_or_method"), ([], "list"), (s3, "Dyn")])
def test_other_values_are_refused(instance: dg.DagsterInstance, other: Any, kind: str) -> None:  # noqa: ANN401 - of any type
    """A value that is not a sensor is refused, such as the bare function."""
    with pytest.raises(
        ValueError, match=rf"simulate takes a sensor that .* not a {kind}.* simulate\(my_sensor"
    ):
        simulate(other, ASSETS, instance)


def test_what_does_not_fit_together_is_refused_at_once(instance: dg.DagsterInstance) -> None:
    """A missing resource or job is reported by `simulate`, and not first by a run."""

    @dg.asset(partitions_def=s3)
    def loaded(database: dg.ResourceParam[str]) -> None:
        """Need a resource."""

    with pytest.raises(dg.DagsterInvalidDefinitionError, match="resource with key 'database'"):
        simulate(make_sensor(answer_in_turn(), target=[loaded]), [loaded], instance)
    unknown = make_sensor(answer_in_turn(), target=None, job_name="nightly")
    with pytest.raises(dg.DagsterInvalidDefinitionError, match='targets job "nightly"'):
        simulate(unknown, ASSETS, instance)


def test_files_are_compared_with_the_tick_before(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    """Files, folders and hidden files are compared by size and time, even if the tick fails."""
    inbox = tmp_path / "inbox"
    sensor = make_sensor(answer_in_turn(None, ValueError("at the second"), None, None))
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


def test_a_file_that_disappears_during_the_tick_is_omitted(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that disappears is omitted, and the folder may be given as a string."""
    for name in ("acme.csv", "zenith.csv"):
        (tmp_path / name).write_text("1\n")
    lstat = Path.lstat

    def just_gone(path: Path) -> os.stat_result:
        if path.name == "acme.csv":
            path.unlink()
        return lstat(path)

    daemon = simulate(make_sensor(answer_in_turn(None)), ASSETS, instance, folder=str(tmp_path))
    monkeypatch.setattr(Path, "lstat", just_gone)
    assert daemon.tick().files == FolderChange(new=("zenith.csv",))


@pytest.mark.parametrize("error", [SystemExit("over"), GeneratorExit("over")])
def test_a_sensor_that_exits_fails_its_tick(simulate_answers: Simulate, error: BaseException) -> None:
    """`sys.exit()` in a sensor fails the tick, and ends neither the cell nor the kernel."""
    daemon = simulate_answers(error, dg.SkipReason("next"))
    tick = daemon.tick()
    assert tick.error is error
    assert f"  raised: {type(error).__name__}: over\n" in repr(tick)
    assert daemon.tick().skip_reason == "next"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, dg.DagsterExecutionInterruptedError])
def test_an_interrupt_does_not_count_as_a_tick(
    simulate_answers: Simulate, interrupt: type[BaseException]
) -> None:
    """The tick after an interrupt begins where the interrupted one began."""
    daemon = simulate_answers(interrupt(), dg.SkipReason("next"))
    with pytest.raises(interrupt):
        daemon.tick()
    assert daemon.ticks == []
    tick = daemon.tick()
    assert (tick.number, tick.skip_reason) == (1, "next")


def make_noise(context: dg.SensorEvaluationContext) -> None:
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
    """Log lines are in the tick, prints are on the page, and nothing reaches stderr."""
    daemon = simulate(make_sensor(make_noise), ASSETS, instance)
    capsys.readouterr()
    assert daemon.tick().log == daemon.tick().log == NOISE
    assert capsys.readouterr() == ("printed\nprinted\n", "")


def test_the_same_with_the_extension(
    instance: dg.DagsterInstance, capsys: pytest.CaptureFixture[str]
) -> None:
    """The extension prints log lines of sensors evaluated by hand, but not those of a tick."""
    shell = new_shell()
    shell.run_line_magic("load_ext", "lesson_lib")
    try:
        instance.add_dynamic_partitions("s3", ["acme"])
        shell.user_ns["daemon"] = simulate(
            make_sensor(lambda context: make_noise(context) or make_requests("acme")), ASSETS, instance
        )
        capsys.readouterr()
        assert shell.run_cell("tick = daemon.tick()").success
        assert shell.user_ns["tick"].log == NOISE
        assert list_outcomes(shell.user_ns["tick"]) == [("acme", RunOutcome.SUCCEEDED)]
        assert capsys.readouterr() == ("printed\n", "")
        assert shell.run_cell("tick").success
        output = capsys.readouterr().out
    finally:
        shell.run_line_magic("unload_ext", "lesson_lib")
    assert "Tick 1: 1 run requested\n" in output
    assert "  logged: acme.csv is odd\n" in output


def test_a_persistent_instance_keeps_the_results(tmp_path: Path) -> None:
    """After a persistent instance is opened again, the results are there."""
    settings = {"python_logs": QUIET["python_logs"], "telemetry": {"enabled": False}}
    with dg.instance_for_test(overrides=settings, temp_dir=str(tmp_path)) as instance:
        result = dg.SensorResult(
            make_requests("acme", run_key="1"), dynamic_partitions_requests=[ADD], cursor="1"
        )
        daemon = simulate(make_sensor(answer_in_turn(result, result)), ASSETS, instance)
        first, second = daemon.tick(), daemon.tick()
        with dg.DagsterInstance.from_ref(instance.get_ref()) as again:
            assert (list_keys(again), list_materialized(again)) == (["acme"], {"acme"})
    assert list_outcomes(first) == [("acme", RunOutcome.SUCCEEDED)]
    assert list_outcomes(second) == [("acme", RunOutcome.DROPPED)]


def test_nothing_is_left_behind(
    simulate_answers: Simulate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick leaves no temporary folder, no logger and no logger class behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    tick_simulator._make_reference.cache_clear()  # noqa: SLF001 - as in a process that has not ticked yet
    before = logging.getLoggerClass(), set(logging.root.manager.loggerDict), list(logging.root.handlers)
    tick = simulate_answers(dg.SensorResult(dynamic_partitions_requests=[ADD], cursor="1")).tick()
    assert tick.error is None
    assert list(tmp_path.iterdir()) == []
    after = logging.getLoggerClass(), set(logging.root.manager.loggerDict), list(logging.root.handlers)
    assert after == before
