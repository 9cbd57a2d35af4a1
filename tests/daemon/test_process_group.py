"""A daemon never outlives the test that started it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon.daemon import left_running, running

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no process groups to clean up by"
)

A_TEST = """\
import signal, sys, time
from pathlib import Path
from tests.daemon.daemon import PATIENCE, new_daemon, running
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell starts in the background
home = Path(sys.argv[1])
with new_daemon(home, Path(sys.argv[2])) as daemon:
    daemon.start()
    # By its name: the daemon also has children that are gone in a moment.
    daemon.wait_for("its code server", lambda: any(" api grpc " in command for command in running(home)))
    print("running", flush=True)
    time.sleep(PATIENCE)
"""


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_running_when_a_test_is_interrupted_or_killed(
    how: signal.Signals, tmp_path: Path
) -> None:
    """Neither the daemon nor its server of user code goes on."""
    home, definitions = tmp_path / "home", Path(__file__).with_name("course.py")
    with subprocess.Popen(
        [sys.executable, "-c", A_TEST, home, definitions],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as test:
        assert test.stdout is not None
        assert test.stdout.readline() == b"running\n"
        assert len(running(home)) > 1
        test.send_signal(how)
    assert test.returncode == -how
    assert left_running(home) == []
