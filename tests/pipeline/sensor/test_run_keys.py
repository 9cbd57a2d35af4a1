"""The run keys of requests: a key keeps its run key until its run is over."""

import dagster as dg
import pytest

from lesson_lib.pipeline.sensor import run_keys
from lesson_lib.pipeline.sensor.run_keys import build_import_run_keys, build_retirement_run_keys
from tests.pipeline.workspace import Workspace

OVER = {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED}
NOT_OVER = set(dg.DagsterRunStatus) - OVER - {dg.DagsterRunStatus.QUEUED}  # only Dagster can queue a run


@dg.job
def some_job() -> None:
    """Do nothing."""


def run(workspace: Workspace, *keys: str, status: dg.DagsterRunStatus = dg.DagsterRunStatus.SUCCESS) -> None:
    """Record a run of each key."""
    for key in keys:
        workspace.instance.create_run_for_job(some_job, status=status, tags={"dagster/partition": key})


def test_a_run_key_names_version_and_latest_run(workspace: Workspace) -> None:
    """The run is the latest one of the same key, and is omitted if there is none."""
    run(workspace, "acme", "acme", "globex", "acme")
    versions = {"acme": "v1", "globex": "v1", "zenith": "v2"}
    assert build_import_run_keys(workspace.instance, versions) == [
        "acme@v1 after 4",
        "globex@v1 after 3",
        "zenith@v2",
    ]


@pytest.mark.parametrize("status", sorted(OVER, key=str), ids=str)
def test_a_run_that_is_over_changes_the_run_key(workspace: Workspace, status: dg.DagsterRunStatus) -> None:
    """This holds whatever the outcome of the run."""
    run(workspace, "acme", status=status)
    assert build_import_run_keys(workspace.instance, {"acme": "v1"}) == ["acme@v1 after 1"]
    assert build_retirement_run_keys(workspace.instance, some_job, ["acme", "b"]) == [
        "acme@vanished after 1",
        "b@vanished after 1",
    ]


@pytest.mark.parametrize("status", sorted(NOT_OVER, key=str), ids=str)
def test_a_run_that_waits_or_works_does_not(workspace: Workspace, status: dg.DagsterRunStatus) -> None:
    """An unfinished run does not change the run key."""
    run(workspace, "acme", status=status)
    assert build_import_run_keys(workspace.instance, {"acme": "v1"}) == ["acme@v1"]
    assert build_retirement_run_keys(workspace.instance, some_job, ["acme"]) == ["acme@vanished"]


@pytest.mark.parametrize("number", [1, 2, 3, 1_000])
def test_many_keys_and_many_runs_are_queried_in_parts(
    workspace: Workspace, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key with very many runs does not hide the others."""
    monkeypatch.setattr(run_keys, "MAX_KEYS_PER_QUERY", number)
    run(workspace, "b", "c", *"aaaaaaa", "d", *"aaa")
    assert build_import_run_keys(workspace.instance, dict.fromkeys("abcde", "v")) == [
        "a@v after 13",
        "b@v after 1",
        "c@v after 2",
        "d@v after 10",
        "e@v",
    ]


def test_no_query_is_made_for_no_keys(workspace: Workspace) -> None:
    """Without keys, no run is looked up."""
    run(workspace, "acme")
    assert build_import_run_keys(workspace.instance, {}) == []
    assert build_retirement_run_keys(workspace.instance, some_job, []) == []
