"""One process at a time writes to DuckDB: run processes with the limit of `dagster.yaml`, and without."""

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
from tests.daemon.daemon import Daemon, new_daemon
from tests.pipeline.workspace import Workspace, priced

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no process groups to clean up by"
)

SETTINGS = (Path(__file__).parents[2] / "dagster.yaml").read_text(encoding="utf-8")


@contextmanager
def loading(folder: Path, settings: str, *keys: str) -> Iterator[tuple[Daemon, Workspace]]:
    """Make an instance with these settings and keys, and a daemon that starts a load of each, all at once."""
    (folder / "source").mkdir()
    with new_daemon(folder / "home", Path(__file__).with_name("held.py"), settings) as daemon:
        world = Workspace(folder / "source", folder / "warehouse.duckdb", daemon.instance)
        for price, key in enumerate(keys, 1):
            world.write(key, priced(price))
        register_keys(daemon.instance, keys)
        daemon.start()
        yield daemon, world


def journal(folder: Path) -> list[tuple[int, str]]:
    """Return which process did what with the warehouse, in order."""
    path = folder / "journal"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [(int(pid), deed) for pid, deed in (line.split() for line in lines)]


def holder(daemon: Daemon, folder: Path, number: int) -> int:
    """Wait until so many processes have come to hold the warehouse; return the last of them."""

    def came() -> list[int]:
        holders = [pid for pid, deed in journal(folder) if deed == "holds"]
        return holders if len(holders) == number else []

    return daemon.wait_for(f"holder {number} of the warehouse", came)[-1]


def someone_waits(daemon: Daemon) -> bool:
    """Tell whether a step waits for the pool while another one is in it."""
    pool = daemon.instance.event_log_storage.get_concurrency_info(DUCKDB_WRITER)
    return (pool.active_slot_count, pool.pending_step_count) == (1, 1)


def failures(daemon: Daemon) -> list[str]:
    """Return by what errors steps have failed."""
    entries = [
        entry
        for run in daemon.instance.get_runs()
        for entry in daemon.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    ]
    # The outermost error is Dagster's own, and names the step.
    return [entry.get_dagster_event().step_failure_data.error.cause.message.strip() for entry in entries]


def test_without_a_limit_all_loads_but_one_meet_the_lock(tmp_path: Path) -> None:
    """The settings are the repository's but for its pools; each refusal names the process that holds it."""
    unlimited = yaml.safe_load(SETTINGS)
    del unlimited["concurrency"]["pools"]
    with loading(tmp_path, yaml.safe_dump(unlimited), "acme", "globex", "o'hare") as (daemon, world):
        first = holder(daemon, tmp_path, 1)
        for number in (1, 2):
            daemon.wait_for(f"failure {number}", lambda number=number: len(failures(daemon)) >= number)
        (tmp_path / str(first)).touch()
        runs = daemon.wait_for_runs(3)
        assert Counter(run.status for run in runs) == {"SUCCESS": 1, "FAILURE": 2}
        (loaded,) = (run.key for run in runs if run.status == "SUCCESS")
        price = ["acme", "globex", "o'hare"].index(str(loaded)) + 1
        assert world.prices() == {loaded: [price]}
        refusal = (
            "lesson_lib.pipeline.database_errors.WarehouseUnavailable: "
            f"{world.database} is held by process {first}: DuckDB lets one process at a time open a file to "
            "write. Close the connection there (or stop that notebook's kernel) and materialize again."
        )
        assert failures(daemon) == [refusal, refusal]
        assert Counter(deed for _, deed in journal(tmp_path)) == {"asks": 3, "holds": 1, "closes": 1}


def test_with_the_limit_of_dagster_yaml_no_load_comes_before_the_other_is_over(tmp_path: Path) -> None:
    """Each holds the database until the next one waits for the pool; all succeed, and all rows are there."""
    with loading(tmp_path, SETTINGS, "acme", "globex", "o'hare") as (daemon, world):
        pids = []
        for number in (1, 2, 3):
            pids.append(holder(daemon, tmp_path, number))
            if number < 3:
                daemon.wait_for("a step that waits for the pool", lambda: someone_waits(daemon))
            (tmp_path / str(pids[-1])).touch()
        runs = daemon.wait_for_runs(3)
        assert {run.key: run.status for run in runs} == dict.fromkeys(("acme", "globex", "o'hare"), "SUCCESS")
        assert world.prices() == {"acme": [1], "globex": [2], "o'hare": [3]}
        assert len(set(pids)) == 3
        assert journal(tmp_path) == [(pid, deed) for pid in pids for deed in ("asks", "holds", "closes")]


def test_a_killed_process_gives_its_place_to_the_next_one(tmp_path: Path) -> None:
    """Its run fails and says why; the daemon frees the place, and the next run loads."""
    with loading(tmp_path, SETTINGS, "acme", "globex") as (daemon, world):
        first = holder(daemon, tmp_path, 1)
        daemon.wait_for("a step that waits for the pool", lambda: someone_waits(daemon))
        os.kill(first, signal.SIGKILL)
        second = holder(daemon, tmp_path, 2)
        (tmp_path / str(second)).touch()
        runs = daemon.wait_for_runs(2)
        assert Counter(run.status for run in runs) == {"SUCCESS": 1, "FAILURE": 1}
        (loaded,) = (run.key for run in runs if run.status == "SUCCESS")
        assert world.prices() == {loaded: [["acme", "globex"].index(str(loaded)) + 1]}
        assert journal(tmp_path) == [
            (first, "asks"),
            (first, "holds"),
            *((second, deed) for deed in ("asks", "holds", "closes")),
        ]
        (dead,) = daemon.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE]))
        messages = [entry.message for entry in daemon.instance.all_logs(dead.run_id)]
        assert any("terminated by signal 9 (SIGKILL)" in message for message in messages), messages
