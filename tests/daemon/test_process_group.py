"""A daemon ends with the test that started it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon.daemon import list_processes, list_remaining_processes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no process groups")

TEST = """\
import signal, sys, time
from pathlib import Path
from tests.daemon.daemon import TIMEOUT_SECONDS, create_daemon, list_processes
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for background processes
home = Path(sys.argv[1])
with create_daemon(home, Path(sys.argv[2])) as daemon:
    daemon.start()
    # Its name is needed, because the daemon also has children that end immediately.
    daemon.wait_for("its code server", lambda: " api grpc " in " ".join(list_processes(home)))
    print("running", flush=True)
    time.sleep(TIMEOUT_SECONDS)
"""


@pytest.mark.parametrize("reason", [signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_when_a_test_is_interrupted_or_killed(
    reason: signal.Signals, tmp_path: Path
) -> None:
    """The daemon and its code server end as well."""
    home, definitions = tmp_path / "home", Path(__file__).with_name("course_definitions.py")
    with subprocess.Popen(
        [sys.executable, "-c", TEST, home, definitions],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as test:
        assert test.stdout is not None
        assert test.stdout.readline() == b"running\n"
        assert len(list_processes(home)) > 1
        test.send_signal(reason)
    assert test.returncode == -reason
    assert list_remaining_processes(home) == []
