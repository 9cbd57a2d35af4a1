"""The repository's `dagster.yaml`: Dagster accepts it, and it gives the warehouse to one step at a time."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.pipeline import defs
from lesson_lib.pipeline.warehouse import DUCKDB_WRITER

ROOT = Path(__file__).parents[2]

# How `dagster dev` makes its instance.
AS_DAGSTER_DEV = """
from dagster._cli.utils import get_possibly_temporary_instance_for_cli

with get_possibly_temporary_instance_for_cli() as instance:
    print(instance.get_concurrency_config().pool_config, instance.telemetry_enabled)
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """Make a persistent instance with the repository's settings."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


def test_a_second_step_waits_until_the_first_one_has_left_the_pool(instance: dg.DagsterInstance) -> None:
    """The second step starts as soon as the first one has left."""
    slots = instance.event_log_storage
    assert slots.get_pool_config().pool_granularity.value == "op"
    slots.initialize_concurrency_limit_to_default(DUCKDB_WRITER)
    assert slots.claim_concurrency_slot(DUCKDB_WRITER, "first", "load").is_claimed
    assert not slots.claim_concurrency_slot(DUCKDB_WRITER, "second", "load").is_claimed
    slots.free_concurrency_slot_for_step("first", "load")
    assert slots.claim_concurrency_slot(DUCKDB_WRITER, "second", "load").is_claimed


def test_every_step_that_opens_the_warehouse_is_in_the_pool() -> None:
    """This holds in all jobs of the definitions, each of which has such a step."""
    for job in defs.jobs or []:
        nodes = [node.definition for node in defs.resolve_job_def(job.name).nodes]
        openers = {node.name: node.pool for node in nodes if "database" in node.required_resource_keys}
        assert openers
        assert set(openers.values()) == {DUCKDB_WRITER}, openers


def test_the_place_of_a_killed_process_is_freed_within_seconds(instance: dg.DagsterInstance) -> None:
    """The daemon ends a run that never ends by itself, so that no pool stays blocked."""
    settings = instance.run_monitoring_settings
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_poll_interval_seconds + settings["free_slots_after_run_end_seconds"] == 10
    assert instance.run_monitoring_max_runtime_seconds == 4 * 60 * 60


def test_dagster_dev_reads_it_in_the_folder_where_it_is_started(tmp_path: Path) -> None:
    """This needs no DAGSTER_HOME, which the commands of the README do not set."""
    shutil.copy(ROOT / "dagster.yaml", tmp_path)
    env = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    command = [sys.executable, "-c", AS_DAGSTER_DEV]
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "default_pool_limit=1" in done.stdout
    assert done.stdout.rstrip().endswith("False")
