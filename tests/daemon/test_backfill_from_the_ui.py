"""A backfill from Dagster's UI: few runs of many keys, in which a broken file fails alone."""

import sys
from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.pipeline import register_keys, s3_partitions_def
from tests.daemon.daemon import Daemon, create_daemon
from tests.pipeline.workspace import IMPORT, LOAD, Workspace, priced

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

DEFINITIONS = Path(__file__).with_name("course_definitions.py")
KEYS = [f"customer-{number:03}" for number in range(200)]
BROKEN = ["customer-017", "customer-120"]  # in different runs
LAUNCH = """mutation($wanted: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $wanted) {
    ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""
RETRY = """mutation($wanted: ReexecutionParams) { reexecutePartitionBackfill(reexecutionParams: $wanted) {
    ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }"""


def wait_for_end(daemon: Daemon, backfill: str) -> str:
    """Wait until a backfill has ended, and return its status."""

    def find_end() -> str | None:
        found = daemon.instance.get_backfill(backfill)
        return (
            found.status.value if found and found.status.value.startswith(("COMPLETED", "FAILED")) else None
        )

    return str(daemon.wait_for("the end of the backfill", find_end))


def find_failed(daemon: Daemon, asset: dg.AssetKey) -> list[str]:
    """Return the keys whose last run of an asset failed; every other key must be materialized."""
    found = daemon.instance.get_status_by_partition(asset, KEYS, s3_partitions_def) or {}
    values = {key: status and status.value for key, status in found.items()}
    assert set(values.values()) <= {"MATERIALIZED", "FAILED"}
    return [key for key, value in values.items() if value == "FAILED"]


def test_two_broken_files_of_two_hundred_fail_alone(tmp_path: Path) -> None:
    """The others are loaded in four runs; after a correction, a retry from failure loads the two."""
    (tmp_path / "source").mkdir()
    with create_daemon(tmp_path / "home", DEFINITIONS) as daemon:
        workspace = Workspace(tmp_path / "source", tmp_path / "warehouse.duckdb", daemon.instance)
        for key in KEYS:
            workspace.write(key, priced(1.5))
        for key in BROKEN:
            workspace.write(key, priced("n/a"))
        register_keys(daemon.instance, KEYS)
        daemon.start()
        assets = [{"path": list(asset.key.path)} for asset in (IMPORT, LOAD)]
        wanted = {"partitionNames": KEYS, "assetSelection": assets, "fromFailure": False}
        backfill = daemon.query(LAUNCH, wanted=wanted)["backfillId"]
        assert wait_for_end(daemon, backfill) == "COMPLETED_FAILED"
        assert sorted(run.status for run in daemon.list_runs()) == [
            "FAILURE",
            "FAILURE",
            "SUCCESS",
            "SUCCESS",
        ]
        assert find_failed(daemon, LOAD.key) == BROKEN
        assert workspace.prices() == {key: [1.5] for key in KEYS if key not in BROKEN}

        for key in BROKEN:
            workspace.write(key, priced(2.5))
        again = {"parentRunId": backfill, "strategy": "FROM_FAILURE"}
        assert wait_for_end(daemon, daemon.query(RETRY, wanted=again)["backfillId"]) == "COMPLETED_SUCCESS"
        assert [run.status for run in daemon.list_runs()[4:]] == ["SUCCESS", "SUCCESS"]
        assert find_failed(daemon, IMPORT.key) == find_failed(daemon, LOAD.key) == []
        assert workspace.prices() == {key: [2.5 if key in BROKEN else 1.5] for key in KEYS}
        daemon.stop()
