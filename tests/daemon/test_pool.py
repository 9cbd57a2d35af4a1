"""One process at a time writes to DuckDB: runs with the pool limit of `dagster.yaml`, and without it."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
import yaml

from lesson_lib.pipeline import register_keys
from lesson_lib.pipeline.warehouse import DUCKDB_WRITER
from tests.daemon.daemon import Daemon, create_daemon
from tests.pipeline.workspace import Workspace, priced

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

SETTINGS = (Path(__file__).parents[2] / "dagster.yaml").read_text(encoding="utf-8")


@contextmanager
def start_loads(folder: Path, settings: str, *keys: str) -> Iterator[tuple[Daemon, Workspace]]:
    """Create an instance with these settings and keys, and start a daemon that loads all keys at once."""
    (folder / "source").mkdir()
    with create_daemon(folder / "home", Path(__file__).with_name("held_loads.py"), settings) as daemon:
        workspace = Workspace(folder / "source", folder / "warehouse.duckdb", daemon.instance)
        for price, key in enumerate(keys, 1):
            workspace.write(key, priced(price))
        register_keys(daemon.instance, keys)
        daemon.start()
        yield daemon, workspace


def read_journal(folder: Path) -> list[tuple[int, str]]:
    """Return the process id and the name of each event of the warehouse, in order."""
    path = folder / "journal"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [(int(pid), event) for pid, event in (line.split() for line in lines)]


def wait_for_holder(daemon: Daemon, folder: Path, number: int) -> int:
    """Wait until this number of processes have held the warehouse, and return the id of the last one."""

    def find_holders() -> list[int]:
        holders = [pid for pid, event in read_journal(folder) if event == "holds"]
        return holders if len(holders) == number else []

    return daemon.wait_for(f"holder {number} of the warehouse", find_holders)[-1]


def is_step_waiting(daemon: Daemon) -> bool:
    """Return whether one step is in the pool and another one waits for it."""
    pool = daemon.instance.event_log_storage.get_concurrency_info(DUCKDB_WRITER)
    return (pool.active_slot_count, pool.pending_step_count) == (1, 1)


def list_step_errors(daemon: Daemon) -> list[str]:
    """Return the error messages of all failed steps."""
    entries = [
        entry
        for run in daemon.instance.get_runs()
        for entry in daemon.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    ]
    # The outermost error is Dagster's own, and names the step.
    return [entry.get_dagster_event().step_failure_data.error.cause.message.strip() for entry in entries]


def test_all_loads_except_one_fail_without_a_limit(tmp_path: Path) -> None:
    """Each error names the process that holds the file; the other settings are those of `dagster.yaml`."""
    unlimited = yaml.safe_load(SETTINGS)
    del unlimited["concurrency"]["pools"]
    with start_loads(tmp_path, yaml.safe_dump(unlimited), "acme", "globex", "o'hare") as (daemon, workspace):
        first = wait_for_holder(daemon, tmp_path, 1)
        for number in (1, 2):
            daemon.wait_for(
                f"failure {number}", lambda number=number: len(list_step_errors(daemon)) >= number
            )
        (tmp_path / str(first)).touch()
        runs = daemon.wait_for_runs(3)
        assert Counter(run.status for run in runs) == {"SUCCESS": 1, "FAILURE": 2}
        (loaded,) = (run.key for run in runs if run.status == "SUCCESS")
        price = ["acme", "globex", "o'hare"].index(str(loaded)) + 1
        assert workspace.prices() == {loaded: [price]}
        error = (
            "lesson_lib.pipeline.database_errors.WarehouseUnavailable: "
            f"{workspace.database} is held by process {first}: DuckDB lets one process at a time open a file "
            "to write. Close the connection there (or stop that notebook's kernel) and materialize again."
        )
        assert list_step_errors(daemon) == [error, error]
        assert Counter(event for _, event in read_journal(tmp_path)) == {
            "requests": 3,
            "holds": 1,
            "closes": 1,
        }


def test_the_limit_of_dagster_yaml_makes_loads_wait_for_each_other(tmp_path: Path) -> None:
    """Each load holds the database until the next one waits for the pool, and all of them succeed."""
    with start_loads(tmp_path, SETTINGS, "acme", "globex", "o'hare") as (daemon, workspace):
        pids = []
        for number in (1, 2, 3):
            pids.append(wait_for_holder(daemon, tmp_path, number))
            if number < 3:
                daemon.wait_for("a step that waits for the pool", lambda: is_step_waiting(daemon))
            (tmp_path / str(pids[-1])).touch()
        runs = daemon.wait_for_runs(3)
        assert {run.key: run.status for run in runs} == dict.fromkeys(("acme", "globex", "o'hare"), "SUCCESS")
        assert workspace.prices() == {"acme": [1], "globex": [2], "o'hare": [3]}
        assert len(set(pids)) == 3
        assert read_journal(tmp_path) == [
            (pid, event) for pid in pids for event in ("requests", "holds", "closes")
        ]


def test_a_killed_process_leaves_the_pool(tmp_path: Path) -> None:
    """Its run fails with the reason, and the daemon frees its slot, so that the next run succeeds."""
    with start_loads(tmp_path, SETTINGS, "acme", "globex") as (daemon, workspace):
        first = wait_for_holder(daemon, tmp_path, 1)
        daemon.wait_for("a step that waits for the pool", lambda: is_step_waiting(daemon))
        os.kill(first, signal.SIGKILL)
        second = wait_for_holder(daemon, tmp_path, 2)
        (tmp_path / str(second)).touch()
        runs = daemon.wait_for_runs(2)
        assert Counter(run.status for run in runs) == {"SUCCESS": 1, "FAILURE": 1}
        (loaded,) = (run.key for run in runs if run.status == "SUCCESS")
        assert workspace.prices() == {loaded: [["acme", "globex"].index(str(loaded)) + 1]}
        assert read_journal(tmp_path) == [
            (first, "requests"),
            (first, "holds"),
            *((second, event) for event in ("requests", "holds", "closes")),
        ]
        (killed,) = daemon.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        messages = [entry.message for entry in daemon.instance.all_logs(killed.run_id)]
        assert any("terminated by signal 9 (SIGKILL)" in message for message in messages), messages
