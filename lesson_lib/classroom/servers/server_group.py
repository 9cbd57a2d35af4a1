"""Servers that a kernel starts, and that end with it, even if the kernel is killed."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from lesson_lib.classroom.servers import keeper

T = TypeVar("T")

START_TIMEOUT_SECONDS = 90.0  # for a crowded machine; a server takes a few seconds
_CLOSE_TIMEOUT_SECONDS = 10.0
_POLL_SECONDS = 0.05
_MAX_LOG_LINES = 5


class ServerUnavailable(RuntimeError):
    """A server cannot be started, or has ended; the message has the next move."""


class Server:
    """A process that the keeper has started.

    Attributes:
        name: what messages call it.
        pid: the number of the process.
        log: the file with its output.
    """

    def __init__(self, group: "ServerGroup", name: str, pid: int, log: Path) -> None:
        """Describe a process of this group."""
        self.name, self.pid, self.log = name, pid, log
        self._group = group

    def find_code(self) -> int | None:
        """Return the exit code of the process, or None while it is running."""
        return self._group.find_code(self.pid)

    def stop(self) -> None:
        """Stop the process and all that it has started, and return when they have ended."""
        self._group.stop(self.pid)

    def wait_for(
        self, event: str, condition: Callable[[], T], timeout_seconds: float = START_TIMEOUT_SECONDS
    ) -> T:
        """Return the value of the condition as soon as it is true.

        Args:
            event: what is awaited, for the message of an error.
            condition: is called until it returns a true value.
            timeout_seconds: after which to give up.

        Raises:
            ServerUnavailable: the server ended, or the time is over; the message has the end of its log.
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            code = self.find_code()  # before the condition, which the server may fulfil just before it ends
            if found := condition():
                return found
            if code is not None or time.monotonic() > deadline:
                raise ServerUnavailable(self._explain_failure(event, code))
            time.sleep(_POLL_SECONDS)

    def _explain_failure(self, event: str, code: int | None) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        fate = "took too long" if code is None else f"ended with code {code}"
        advice = "Run the cell again. If that does not help, the end of its log may say why:"
        return "\n".join([f"{self.name} {fate} before {event}. {advice}", *lines[-_MAX_LOG_LINES:]])


class ServerGroup:
    """The servers of this kernel, and their keeper: a small process that stops them when the kernel ends.

    Attributes:
        folder: a private folder with a short path; the keeper removes it after it has stopped the servers.
    """

    def __init__(self) -> None:
        """Start the keeper.

        Raises:
            ServerUnavailable: this is Windows.
        """
        if sys.platform == "win32":
            raise ServerUnavailable(
                "These servers listen on Unix sockets, which Python lacks on Windows: run the course in WSL, "
                "or read the stored outputs."
            )
        self._keeper = subprocess.Popen(  # noqa: S603 - a script of this package
            [sys.executable, "-I", "-S", keeper.__file__],
            bufsize=0,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C and the end of the kernel's process group do not reach it
        )
        # A forked child that outlives the kernel would keep the pipe open.
        os.register_at_fork(after_in_child=self._requests.close)
        self._numbers, self._folders = itertools.count(1), itertools.count(1)
        self._pids: list[int] = []
        self._running: dict[str, tuple[object, Server, Any]] = {}
        self.folder = Path(self._read_answer()["folder"])

    @property
    def is_open(self) -> bool:
        """Whether the keeper is running."""
        return self._keeper.poll() is None

    def get_or_start(self, kind: str, arguments: object, start: Callable[[], tuple[Server, T]]) -> T:
        """Return the running server of this kind, so that a cell can be run twice, or start it.

        Args:
            kind: of which only one runs at a time.
            arguments: those of the start; a running server with other ones is stopped first.
            start: starts the server, waits until it is ready, and returns it and its description. If it
                fails or is interrupted, everything that it has started is stopped.
        """
        if kind in self._running:
            started_with, server, description = self._running.pop(kind)
            if started_with == arguments and server.find_code() is None:
                self._running[kind] = started_with, server, description
                return description  # type: ignore[no-any-return]  # it is what this `start` returned
            server.stop()
        earlier = len(self._pids)
        try:
            server, description = start()
        except BaseException:
            for pid in self._pids[earlier:]:
                self.stop(pid)
            raise
        self._running[kind] = arguments, server, description
        return description

    def make_folder(self, name: str) -> Path:
        """Return a new private folder in the group's folder."""
        folder = self.folder / f"{name}-{next(self._folders)}"
        folder.mkdir(mode=0o700)
        return folder

    def start(  # noqa: PLR0913 - what the start of a process takes, each by its name
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        cwd: Path,
        log: Path,
        user: int | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        leftovers: Sequence[Path] = (),
    ) -> Server:
        """Start a process, without waiting until it is ready.

        Args:
            name: what messages call it.
            command: the program and its arguments, without secrets: every user can read those of a process.
            env: all its environment variables.
            cwd: the folder in which it runs.
            log: the file to which its output is appended.
            user: the number of the user and the group as which it runs; None for the kernel's.
            stop_signal: the signal that stops it; if it then runs for another two seconds, it is killed.
            leftovers: files outside the private folder that the keeper removes at the end.

        Raises:
            ServerUnavailable: the program cannot be started.
        """
        start = {
            "command": [str(word) for word in command],
            "env": dict(env),
            "cwd": str(cwd),
            "log": str(log),
            "user": user,
            "stop_signal": stop_signal,
            "leftovers": [str(path) for path in leftovers],
        }
        answer = self._request(start=start)
        if "error" in answer:
            raise ServerUnavailable(f"{name} cannot be started: {answer['error']}.")
        self._pids.append(answer["pid"])
        return Server(self, name, answer["pid"], log)

    def find_code(self, pid: int) -> int | None:
        """Return the exit code of a server, or None while it is running."""
        code: int | None = self._request(code=pid)["code"]
        return code

    def stop(self, pid: int) -> None:
        """Stop a server and all that it has started, and return when they have ended."""
        if self.is_open:
            self._request(stop=pid)

    def close(self) -> None:
        """Stop all servers, remove their folder, and return when that is done."""
        self._requests.close()
        self._keeper.wait(_CLOSE_TIMEOUT_SECONDS)
        self._answers.close()

    @property
    def _requests(self) -> IO[bytes]:
        assert self._keeper.stdin  # noqa: S101 - for mypy: it is a pipe
        return self._keeper.stdin

    @property
    def _answers(self) -> IO[bytes]:
        assert self._keeper.stdout  # noqa: S101 - for mypy: it is a pipe
        return self._keeper.stdout

    def _request(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON can hold
        number = next(self._numbers)
        try:
            self._requests.write(f"{json.dumps({'id': number, **request})}\n".encode())
            # The answer to an earlier request is still there if its cell was interrupted.
            while (answer := self._read_answer()).get("id") != number:
                pass
        except (OSError, ValueError) as error:  # the pipe is closed at the other end, or at this one
            raise ServerUnavailable(
                "The servers were stopped. Run the cells that start them again."
            ) from error
        return answer

    def _read_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self._answers.readline())  # an empty line is a ValueError
        return answer


_groups: list[ServerGroup] = []  # the current one, if there is one


def open_group() -> ServerGroup:
    """Return the group of this kernel's servers, with its keeper running.

    Raises:
        ServerUnavailable: this is Windows.
    """
    if _groups and not _groups[0].is_open:
        stop_servers()
    if not _groups:
        _groups.append(ServerGroup())
    return _groups[0]


def stop_servers() -> None:
    """Stop all servers of this kernel, and remove their files; return when that is done."""
    while _groups:
        _groups.pop().close()
