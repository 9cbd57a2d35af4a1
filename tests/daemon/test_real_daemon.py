"""Under Dagster's own daemon, the sensor loads every file once, even if the daemon is killed."""

import hashlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.daemon import Daemon, Run, create_daemon
from tests.pipeline.workspace import Workspace, priced

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Start a daemon whose sensor is not turned on yet, with an empty source folder."""
    (tmp_path / "source").mkdir()
    with create_daemon(tmp_path / "home", Path(__file__).with_name("course_definitions.py")) as daemon:
        daemon.start()
        yield daemon


def group_statuses(runs: list[Run]) -> dict[str | None, list[str]]:
    """Return the statuses of each key's runs, oldest first."""
    found: dict[str | None, list[str]] = {}
    for run in runs:
        found.setdefault(run.key, []).append(run.status)
    return found


def compute_version(content: str) -> str:
    """Return the hash of this content, as run keys contain it."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def test_every_file_is_loaded_once(daemon: Daemon, tmp_path: Path) -> None:
    """This is true for arrivals, a correction, a broken file, a touched file and a killed daemon."""
    workspace = Workspace(tmp_path / "source", tmp_path / "warehouse.duckdb", daemon.instance)

    # Three files arrive: one of a customer, a hidden one, and one whose key breaks the rules.
    workspace.write("acme", priced(1.5, 2.5))
    workspace.write(".hidden", priced(1))
    workspace.write("a,b", priced(1))
    daemon.turn_on_sensors()
    assert daemon.wait_for_runs(1) == [Run("acme", f"acme@{compute_version(priced(1.5, 2.5))}", "SUCCESS")]
    assert daemon.list_keys() == ["acme"]
    assert workspace.prices() == {"acme": [1.5, 2.5]}
    daemon.wait_for_skip("2 files, and no runs to request. Keys that break the rules: 'a,b'.")

    # One file is corrected, and a broken one arrives.
    (workspace.source / "a,b.csv").unlink()
    workspace.write("acme", priced(7.5, 8.5, 9.5))
    workspace.write("initech", priced("7.5 USD"))
    runs = daemon.wait_for_runs(3)
    assert group_statuses(runs) == {"acme": ["SUCCESS", "SUCCESS"], "initech": ["FAILURE"]}
    latest = {run.key: str(run.run_key) for run in runs}
    assert latest["acme"].startswith(f"acme@{compute_version(priced(7.5, 8.5, 9.5))} after ")
    assert latest["initech"] == f"initech@{compute_version(priced('7.5 USD'))}"
    assert daemon.list_keys() == ["acme", "initech"]
    assert workspace.prices() == {"acme": [7.5, 8.5, 9.5]}

    # Nothing is new, not even the broken file; then a file is touched without a change of its content.
    skipped = daemon.wait_for_skip("No new or corrected file among 2.")
    os.utime(workspace.source / "acme.csv")
    daemon.wait_for_skip("2 files, and no runs to request. Already loaded: 'acme'.")
    assert (daemon.list_runs(), skipped.run_keys) == (runs, ())

    # Two files arrive, and the daemon is killed while the first one is loaded and the second one waits.
    pause = tmp_path / "pause"
    pause.touch()
    workspace.write("o'hare", priced(4.5))
    workspace.write("umbrella", priced(5.5))
    daemon.wait_for(
        "a run that has started",
        lambda: [run.status for run in daemon.list_runs()[3:]] == ["STARTED", "QUEUED"],
    )
    assert daemon.kill() == -signal.SIGKILL
    # Another file arrives while no daemon runs.
    workspace.write("globex", priced(6.5))
    pause.unlink()
    daemon.start()
    runs = daemon.wait_for_runs(6)
    daemon.wait_for_skip("No new or corrected file among 5.")
    assert daemon.list_runs() == runs
    assert Counter(run.run_key for run in runs[3:]) == {
        f"o'hare@{compute_version(priced(4.5))}": 1,
        f"umbrella@{compute_version(priced(5.5))}": 1,
        f"globex@{compute_version(priced(6.5))}": 1,
    }
    assert {run.status for run in runs[3:]} == {"SUCCESS"}
    assert daemon.list_keys() == ["acme", "initech", "o'hare", "umbrella", "globex"]
    assert workspace.prices() == {
        "acme": [7.5, 8.5, 9.5],
        "globex": [6.5],
        "o'hare": [4.5],
        "umbrella": [5.5],
    }

    assert daemon.stop() == 0
    # No tick failed, and no two ticks requested the same run.
    ticks = daemon.list_ticks()
    assert [tick for tick in ticks if tick.status == "FAILURE"] == []
    requested = [run_key for tick in ticks for run_key in tick.run_keys]
    assert sorted(requested) == sorted(str(run.run_key) for run in runs)
