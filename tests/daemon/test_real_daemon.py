"""The sensor under Dagster's own daemon: every file is loaded once, whatever becomes of the daemon."""

import hashlib
import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.daemon import Daemon, Run, new_daemon
from tests.pipeline.workspace import Workspace, priced

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no process groups to clean up by"
)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A daemon that has been started, and whose sensor is not turned on, beside an empty source folder."""
    (tmp_path / "source").mkdir()
    with new_daemon(tmp_path / "home", Path(__file__).with_name("course.py")) as daemon:
        daemon.start()
        yield daemon


def statuses(runs: list[Run]) -> dict[str | None, list[str]]:
    """Return what became of each key's runs, oldest first."""
    found: dict[str | None, list[str]] = {}
    for run in runs:
        found.setdefault(run.key, []).append(run.status)
    return found


def version(content: str) -> str:
    """Return how a run key names this content."""
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def test_every_file_is_loaded_once_whatever_becomes_of_the_daemon(daemon: Daemon, tmp_path: Path) -> None:
    """This holds for arrivals, a correction, a broken file, a touched file and a killed daemon."""
    world = Workspace(tmp_path / "source", tmp_path / "warehouse.duckdb", daemon.instance)

    # Three files come: a customer's, a hidden one, and one whose key breaks the rules.
    world.write("acme", priced(1.5, 2.5))
    world.write(".hidden", priced(1))
    world.write("a,b", priced(1))
    daemon.turn_on_sensors()
    assert daemon.wait_for_runs(1) == [Run("acme", f"acme@{version(priced(1.5, 2.5))}", "SUCCESS")]
    assert daemon.keys() == ["acme"]
    assert world.prices() == {"acme": [1.5, 2.5]}
    daemon.wait_for_skip("2 files, and no run to ask for. Keys that break the rules: 'a,b'.")

    # One is corrected, one comes that is broken.
    (world.source / "a,b.csv").unlink()
    world.write("acme", priced(7.5, 8.5, 9.5))
    world.write("initech", priced("7.5 USD"))
    runs = daemon.wait_for_runs(3)
    assert statuses(runs) == {"acme": ["SUCCESS", "SUCCESS"], "initech": ["FAILURE"]}
    latest = {run.key: str(run.run_key) for run in runs}
    assert latest["acme"].startswith(f"acme@{version(priced(7.5, 8.5, 9.5))} after ")
    assert latest["initech"] == f"initech@{version(priced('7.5 USD'))}"
    assert daemon.keys() == ["acme", "initech"]
    assert world.prices() == {"acme": [7.5, 8.5, 9.5]}

    # Nothing is new, the broken file neither; and then one is touched without a change.
    quiet = daemon.wait_for_skip("No new or corrected file among 2.")
    os.utime(world.source / "acme.csv")
    daemon.wait_for_skip("2 files, and no run to ask for. Loaded already: 'acme'.")
    assert (daemon.runs(), quiet.run_keys) == (runs, ())

    # Two come, and the daemon is killed when the first of them is being loaded and the second one waits.
    hold = tmp_path / "hold"
    hold.touch()
    world.write("o'hare", priced(4.5))
    world.write("umbrella", priced(5.5))
    daemon.wait_for(
        "a run that has begun", lambda: [run.status for run in daemon.runs()[3:]] == ["STARTED", "QUEUED"]
    )
    assert daemon.kill() == -signal.SIGKILL
    # One more comes while there is no daemon.
    world.write("globex", priced(6.5))
    hold.unlink()
    daemon.start()
    runs = daemon.wait_for_runs(6)
    daemon.wait_for_skip("No new or corrected file among 5.")
    assert daemon.runs() == runs
    assert Counter(run.run_key for run in runs[3:]) == {
        f"o'hare@{version(priced(4.5))}": 1,
        f"umbrella@{version(priced(5.5))}": 1,
        f"globex@{version(priced(6.5))}": 1,
    }
    assert {run.status for run in runs[3:]} == {"SUCCESS"}
    assert daemon.keys() == ["acme", "initech", "o'hare", "umbrella", "globex"]
    assert world.prices() == {"acme": [7.5, 8.5, 9.5], "globex": [6.5], "o'hare": [4.5], "umbrella": [5.5]}

    assert daemon.stop() == 0
    # No tick failed, and no tick requested a run that another one had requested.
    ticks = daemon.ticks()
    assert [tick for tick in ticks if tick.status == "FAILURE"] == []
    requested = [run_key for tick in ticks for run_key in tick.run_keys]
    assert sorted(requested) == sorted(str(run.run_key) for run in runs)
