"""The keeper stops what it has started, whatever happens to the kernel."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lesson_lib.classroom.servers import keeper
from lesson_lib.classroom.servers.server_group import (
    Server,
    ServerGroup,
    ServerUnavailable,
    open_group,
    stop_servers,
)
from tests.classroom.servers.remains import list_processes, list_remains

# They say when they are there. Two of them have a child, and one ignores the polite signal.
READY = ("sh", "-c", "echo ready; exec sleep 300")
PARENT = ("sh", "-c", "sleep 300 & echo ready; exec sleep 300")
STUBBORN = ("sh", "-c", "trap '' TERM; sleep 300 & echo ready; while :; do sleep 0.1; done")


@pytest.fixture
def group() -> Iterator[ServerGroup]:
    """Return a new group, which is closed at the end."""
    group = ServerGroup()
    yield group
    group.close()


def start(group: ServerGroup, *command: str, leftovers: tuple[Path, ...] = ()) -> Server:
    """Start a process in the group's folder, and wait until it says that it is ready."""
    server = group.start(
        "The server",
        command,
        env={"PATH": os.defpath},
        cwd=group.folder,
        log=group.make_folder("test") / "log",
        leftovers=leftovers,
    )
    server.wait_for("ready", lambda: "ready" in server.log.read_text(encoding="utf-8"), 10)
    return server


def test_closing_stops_everything_in_time(group: ServerGroup) -> None:
    """Even processes that ignore SIGTERM end, all at the same time, and so do their children."""
    server, *_ = [start(group, *STUBBORN) for _ in range(5)]
    session = os.getsid(server.pid)
    assert session != os.getsid(0)
    assert group.folder.stat().st_mode & 0o777 == 0o700
    assert list_processes(session, group.folder).count("sleep 300") == 5
    began = time.monotonic()
    group.close()
    assert time.monotonic() - began < 4
    assert list_remains(session, [group.folder], 0.5) == []
    with pytest.raises(ServerUnavailable, match="Run the cells that start them again"):
        server.find_code()


def test_a_server_can_be_stopped_alone(group: ServerGroup) -> None:
    """Its children end as well, and the others go on."""
    stopped, other = start(group, *PARENT), start(group, *READY)
    session = os.getsid(other.pid)
    assert list_processes(session, group.folder).count("sleep 300") == 3
    stopped.stop()
    assert (stopped.find_code(), other.find_code()) == (-signal.SIGTERM, None)
    other.wait_for("one process", lambda: list_processes(session, group.folder).count("sleep 300") == 1, 5)


def test_a_server_that_ends_early_is_an_error_with_its_log(group: ServerGroup) -> None:
    """The message has the exit code, the event, and the last five lines."""
    command = ("sh", "-c", "seq 1 8; exit 3")
    with pytest.raises(
        ServerUnavailable, match=r"^The server ended with code 3 before ready\. Run .*\n4\n5\n6\n7\n8$"
    ):
        start(group, *command)


def test_a_server_that_never_becomes_ready_is_an_error(group: ServerGroup) -> None:
    """It is the time limit that says so, and the server goes on, since a cell may wait for other events."""
    server = start(group, *READY)
    with pytest.raises(ServerUnavailable, match=r"^The server took too long before the end of days\."):
        server.wait_for("the end of days", lambda: False, 0.1)
    assert server.find_code() is None


def test_a_missing_program_is_an_error(group: ServerGroup) -> None:
    """The message names the server and the program."""
    with pytest.raises(ServerUnavailable, match=r"The server cannot be started: .*'no-such-program'"):
        start(group, "no-such-program")


def test_a_cell_that_runs_twice_gets_the_same_server(group: ServerGroup) -> None:
    """Other arguments, or the end of the server, start a new one, and the old one is stopped."""
    first, again, other = (
        group.get_or_start("clock", arguments, lambda: (server := start(group, *READY), server))
        for arguments in ("a", "a", "b")
    )
    assert first is again
    assert other.pid != first.pid
    assert (first.find_code(), other.find_code()) == (-signal.SIGTERM, None)
    os.kill(other.pid, signal.SIGKILL)
    other.wait_for("its end", lambda: other.find_code() is not None, 10)
    renewed = group.get_or_start("clock", "b", lambda: (server := start(group, *READY), server))
    assert renewed.find_code() is None


def test_an_interrupted_start_leaves_no_server(group: ServerGroup) -> None:
    """What had been started so far is stopped, and the next requests get their own answers."""
    started = []

    def interrupt() -> tuple[Server, Server]:
        started.append(start(group, *READY))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        group.get_or_start("clock", "", interrupt)
    assert started[0].find_code() == -signal.SIGTERM


def test_an_interrupted_request_does_not_shift_the_answers(
    group: ServerGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer that nobody read is skipped."""
    server = start(group, *READY)

    def interrupt() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(group, "_read_answer", interrupt)
        with pytest.raises(KeyboardInterrupt):
            server.find_code()
    other = start(group, *READY)
    server.stop()
    assert (server.find_code(), other.find_code()) == (-signal.SIGTERM, None)


def test_files_outside_the_folder_are_removed_too(group: ServerGroup, tmp_path: Path) -> None:
    """Except for a link that leads somewhere by then, because it belongs to other servers."""
    socket, dead, alive = (tmp_path / name for name in ("socket", "dead", "alive"))
    socket.touch()
    dead.symlink_to(group.folder)
    alive.symlink_to(tmp_path)
    start(group, *READY, leftovers=(socket, dead, alive, tmp_path / "missing"))
    group.close()
    assert [path.name for path in tmp_path.iterdir()] == ["alive"]


def test_stopped_servers_can_be_started_again() -> None:
    """There is one group at a time, and a new one after the old one was stopped or lost its keeper."""
    first = open_group()
    assert open_group() is first
    stop_servers()
    second = open_group()
    assert (first.is_open, second.is_open, first.folder.exists()) == (False, True, False)
    # A polite end of the keeper is the end of its servers too.
    server = start(second, *READY)
    session = os.getsid(server.pid)
    os.kill(session, signal.SIGTERM)
    assert list_remains(session, [second.folder], 5) == []
    assert open_group() is not second


def test_the_folder_has_a_short_path_in_any_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long TMPDIR is not used, since the path of a socket has at most 103 bytes on some systems."""
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = keeper.make_folder()
    folder.rmdir()
    assert len(str(folder)) < 45
    assert list(long.iterdir()) == []
