"""Dagster's webserver on a Unix socket: no port, so that only its owner and JupyterLab's proxy reach it."""

import http.client
import json
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lesson_lib import dagster_tile
from lesson_lib.classroom.servers.dagster_processes import create_tables, make_variables, select_definitions
from lesson_lib.classroom.servers.server_group import Server, ServerGroup, ServerUnavailable, open_group

_SCRIPT = Path(__file__).with_name("socket_webserver.py")
_TIMEOUT_SECONDS = 60.0
_LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries {
    locationOrLoadError { ... on PythonError { message causes { message } } } } } } }"""


@dataclass(frozen=True)
class Webserver:
    """A running webserver.

    Attributes:
        prefix: the path of its pages, such as `/dagster`, on JupyterLab's own address.
        socket: the path of its socket.
        server: the process.
    """

    prefix: str = field(repr=False)  # another one on each hub
    socket: Path = field(repr=False)
    server: Server = field(repr=False)

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a GraphQL query or mutation, and return the answer, with `data` or `errors`.

        Raises:
            OSError: the webserver does not answer.
        """
        body = json.dumps({"query": query, "variables": dict(variables or {})})
        answer: dict[str, Any] = json.loads(self.request("POST", "/graphql", body)[1])
        return answer

    def request(self, method: str, path: str, body: str | None = None) -> tuple[int, bytes]:
        """Send an HTTP request, with JSON as its body if it has one.

        Args:
            method: such as `GET`.
            path: without the prefix, such as `/graphql`.
            body: the text of the body.

        Returns:
            The status, such as 200, and the body of the response.

        Raises:
            OSError: the webserver does not answer.
        """
        connection = _SocketConnection(self.socket)
        try:
            connection.request(method, self.prefix + path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


class _SocketConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def start_webserver(
    home: Path,
    definitions: str | Path,
    env: Mapping[str, str] | None = None,
    *,
    read_only: bool = False,
) -> Webserver:
    """Start Dagster's webserver, show it in JupyterLab's tile "Dagster", and return when it answers.

    It takes a few seconds. A second call with the same arguments returns the same webserver; with other ones,
    it first stops that one. The webserver ends with the kernel; it runs in the folder `home`. If no Jupyter
    server has started this kernel, there is no tile.

    Args:
        home: the DAGSTER_HOME.
        definitions: the name of a module, or the path of a Python file.
        env: more environment variables for the definitions, such as the `variables` of a bucket.
        read_only: whether to refuse everything that changes something, such as a launch.

    Raises:
        ServerUnavailable: it does not start, or the definitions cannot be loaded; the message says why.
    """
    group, flags = open_group(), ("--read-only",) if read_only else ()
    arguments = (home, definitions, dict(env or {}), flags)
    return group.get_or_start("webserver", arguments, lambda: _start(group, *arguments))


def _start(
    group: ServerGroup, home: Path, definitions: str | Path, env: Mapping[str, str], flags: tuple[str, ...]
) -> tuple[Server, Webserver]:
    create_tables(home)
    folder, shown_at, link = group.make_folder("web"), dagster_tile.find_prefix(), dagster_tile.find_link()
    path, prefix = folder / "socket", shown_at or f"/{dagster_tile.NAME}"
    server = group.start(
        "Dagster's webserver",
        # Without -P, the modules beside the script would hide others of the same names. It does not listen on
        # the port; without one, it would look for a free one.
        [
            *(sys.executable, "-P", _SCRIPT, path, "--port", "1", "--path-prefix", prefix),
            *(*flags, *select_definitions(definitions)),
        ],
        env=make_variables(home, folder, env),
        cwd=home,
        log=folder / "log",
        stop_signal=signal.SIGKILL,  # it keeps nothing, and would wait for open pages
        leftovers=[link] if shown_at else [],
    )
    webserver = Webserver(prefix, path, server)
    server.wait_for("answering", lambda: is_ready(webserver, definitions))
    if shown_at:
        link.unlink(missing_ok=True)  # the latest notebook has the tile
        link.symlink_to(path)
    return server, webserver


def is_ready(webserver: Webserver, definitions: str | Path) -> bool:
    """Return whether the webserver answers and has loaded the definitions.

    Raises:
        ServerUnavailable: the definitions cannot be loaded; the message has the cause.
    """
    try:
        workspace = webserver.graphql(_LOCATIONS)["data"]["workspaceOrError"]
    except OSError:  # it does not listen yet
        return False
    for location in workspace["locationEntries"]:
        error = location["locationOrLoadError"] or {}
        if "message" in error:
            cause = [error, *error["causes"]][-1]["message"].strip()
            raise ServerUnavailable(
                f"Dagster cannot load {definitions}. Correct it, and run the cell again: {cause}"
            )
    return True
