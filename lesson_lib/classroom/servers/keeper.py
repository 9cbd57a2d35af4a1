"""The process that owns a kernel's servers: when the kernel ends, even if it is killed, it stops them.

It reads requests from its input, a line of JSON each, and answers with a line each. Its input ends with the
kernel. Then it stops all servers, and removes the private folder that it has made for their files.

It runs by its path, with the standard library alone. As a module of the course, it would first import
Dagster.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

STOP_SECONDS = 2.0  # after which a server that is still running is killed
REMOVE_SECONDS = 1.5  # for the files of processes that have just been killed
_POLL_SECONDS = 0.02
_LONGEST_FOLDER = 45  # in bytes, so that the path of a socket below it stays below macOS' limit of 104
_PREFIX = "lesson-servers-"


class Keeper:
    """The servers of one kernel.

    Attributes:
        folder: the private folder for their files.
    """

    def __init__(self, folder: Path) -> None:
        """Begin without servers."""
        self.folder = folder
        self._servers: dict[int, tuple[subprocess.Popen[bytes], int]] = {}  # with the signal that stops it
        self._codes: dict[int, int] = {}  # of the servers that have ended
        self._leftovers: list[Path] = []

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out a request of `ServerGroup`, and return the answer."""
        if "start" in request:
            return self._start(**request["start"])
        if "stop" in request:
            self.stop([request["stop"]])
        return {"code": self._find_code(request.get("stop") or request["code"])}

    def _start(  # noqa: PLR0913 - what the start of a process takes, each by its name
        self,
        *,
        command: list[str],
        env: dict[str, str],
        cwd: str,
        log: str,
        user: int | None,
        stop_signal: int,
        leftovers: list[str],
    ) -> dict[str, Any]:
        self._leftovers += map(Path, leftovers)
        try:
            with Path(log).open("ab") as output:
                server = subprocess.Popen(  # noqa: S603 - a command of this package
                    command,
                    cwd=cwd,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    process_group=0,
                    user=user,
                    group=user,
                    extra_groups=None if user is None else [],
                )
        except OSError as error:
            return {"error": str(error)}
        self._servers[server.pid] = (server, stop_signal)
        return {"pid": server.pid}

    def _find_code(self, pid: int) -> int | None:
        """Return a server's exit code, or None while it is running."""
        if pid in self._servers and (code := self._servers[pid][0].poll()) is not None:
            self._forget(pid, code)
        return self._codes.get(pid)

    def _forget(self, pid: int, code: int) -> None:
        # At once, since another group may get this number later. What the server has started is in its group.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        del self._servers[pid]
        self._codes[pid] = code

    def stop(self, pids: list[int]) -> None:
        """Stop these servers at the same time; kill those that do not end in time, and all their children."""
        running = [pid for pid in pids if pid in self._servers and self._find_code(pid) is None]
        for pid in running:
            server, stop_signal = self._servers[pid]
            server.send_signal(stop_signal)
        deadline = time.monotonic() + STOP_SECONDS
        while any([self._find_code(pid) is None for pid in running]) and time.monotonic() < deadline:  # noqa: C419 - all of them
            time.sleep(_POLL_SECONDS)
        for pid in set(running) & set(self._servers):
            self._servers[pid][0].kill()
            self._forget(pid, self._servers[pid][0].wait())

    def close(self) -> None:
        """Stop all servers, and remove everything that they have left."""
        self.stop([*self._servers])
        deadline = time.monotonic() + REMOVE_SECONDS
        while self.folder.exists():
            shutil.rmtree(self.folder, ignore_errors=True)
            if time.monotonic() > deadline:
                break
            time.sleep(_POLL_SECONDS)
        for path in self._leftovers:
            # A link that leads somewhere belongs to the servers of another kernel by now.
            if not (path.is_symlink() and path.exists()):
                path.unlink(missing_ok=True)


def make_folder() -> Path:
    """Make the private folder, whose path is short enough for sockets below it."""
    parent = tempfile.gettempdir()
    is_long = len(os.fsencode(parent)) + len(_PREFIX) + 8 > _LONGEST_FOLDER
    return Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp" if is_long else parent)).resolve()  # noqa: S108 - mkdtemp makes it 0700


def read_requests() -> Iterator[dict[str, Any]]:
    """Yield the requests until the input ends, without one that the kernel did not finish."""
    for line in sys.stdin:
        if line.endswith("\n"):
            yield json.loads(line)


def main() -> None:
    """Answer the requests of the kernel, and close the servers when they end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    keeper = Keeper(make_folder())
    try:
        print(json.dumps({"folder": str(keeper.folder)}), flush=True)  # noqa: T201 - to the kernel
        for request in read_requests():
            print(json.dumps({"id": request.pop("id"), **keeper.answer(request)}), flush=True)  # noqa: T201 - as above
    except BrokenPipeError:
        sys.stdout = None  # the kernel has ended, and nobody reads any more
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        keeper.close()


if __name__ == "__main__":
    main()
