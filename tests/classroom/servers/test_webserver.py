"""Dagster's webserver has no port: JupyterLab shows it behind its own token."""

import json
import os
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from lesson_lib import dagster_tile
from lesson_lib.classroom.servers.production_settings import write_home
from lesson_lib.classroom.servers.server_group import ServerUnavailable, open_group
from lesson_lib.classroom.servers.webserver import Webserver, is_ready, start_webserver

ROOT = Path(__file__).parents[3]
TOKEN = "a-secret-of-this-test"  # noqa: S105 - as it says
BASE = "/user/learner/"
TIMEOUT_SECONDS = 60.0
DEFINITIONS = """
import dagster as dg

@dg.asset(partitions_def=dg.DynamicPartitionsDefinition(name="customers"))
def table(context: dg.AssetExecutionContext) -> None: ...

defs = dg.Definitions(assets=[table])
"""
ADD_KEY = """mutation { addDynamicPartition(
    partitionsDefName: "customers", partitionKey: "acme",
    repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "defs.py"}
) { __typename } }"""


@dataclass(frozen=True)
class Jupyter:
    """A Jupyter server."""

    process: subprocess.Popen[bytes]
    folder: Path
    address: str

    def send(self, method: str, path: str, body: str | None = None, token: str = TOKEN) -> tuple[int, str]:
        """Send a request to a path below the base URL, and return the status and the text of the answer."""
        request = urllib.request.Request(  # noqa: S310 - on this machine
            self.address + path,
            method=method,
            data=None if body is None else body.encode(),
            headers={"Content-Type": "application/json"}
            | ({"Authorization": f"token {token}"} if token else {}),
        )
        try:
            with urllib.request.build_opener(_StayHere).open(request, timeout=TIMEOUT_SECONDS) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


class _StayHere(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, so that a test sees it."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401 - as in the base class
        return None


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """Start a Jupyter server that has the course installed, under a base URL as on a hub."""
    folder = tmp_path_factory.mktemp("jupyter")
    install_course(folder / "installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    parts = {f"JUPYTER_{part}_DIR": str(folder / part.lower()) for part in ("CONFIG", "DATA", "RUNTIME")}
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--no-browser", "--allow-root"),
            *("--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"),
            f"--ServerApp.base_url={BASE}",
        ],
        cwd=folder,
        env={
            **os.environ,
            **parts,
            "JUPYTER_TOKEN": TOKEN,
            "PYTHONPATH": os.pathsep.join([str(folder / "installed"), str(ROOT)]),
        },
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    log.close()
    jupyter = Jupyter(process, folder, f"http://127.0.0.1:{port}{BASE}")
    try:
        wait_until_it_answers(jupyter)
        yield jupyter
    finally:
        process.terminate()
        process.wait(TIMEOUT_SECONDS)


def install_course(folder: Path) -> None:
    """Write what an installer writes about the course's entry points, as pyproject.toml has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = folder / "irregular_partitions-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Name: {project['name']}\nVersion: {project['version']}\n", encoding="utf-8"
    )
    lines = ["[jupyter_serverproxy_servers]"]
    lines += [
        f"{name} = {where}" for name, where in project["entry-points"]["jupyter_serverproxy_servers"].items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")


def wait_until_it_answers(jupyter: Jupyter) -> None:
    """Wait for the server's own word, or fail with its log."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and jupyter.process.poll() is None:
        with suppress(OSError):
            if jupyter.send("GET", "api/status")[0] == 200:
                return
        time.sleep(0.05)
    pytest.fail((jupyter.folder / "log").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def before(jupyter: Jupyter) -> dict[str, tuple[int, str]]:
    """Return Jupyter's answers while no kernel runs a webserver."""
    return {token: jupyter.send("GET", "dagster/", token=token) for token in (TOKEN, "")}


@pytest.fixture(scope="module")
def webserver(jupyter: Jupyter, before: dict[str, tuple[int, str]]) -> Iterator[Webserver]:
    """Start the webserver read-only, as a kernel of this Jupyter server does."""
    assert before
    home = write_home(jupyter.folder / "home", "telemetry: {enabled: false}\nnux: {enabled: false}\n")
    definitions = jupyter.folder / "defs.py"
    definitions.write_text(DEFINITIONS, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_RUNTIME_DIR", str(jupyter.folder / "runtime"))
        patch.setenv("JPY_PARENT_PID", str(jupyter.process.pid))
        yield start_webserver(home, definitions, read_only=True)


def test_without_a_webserver_the_tab_says_what_to_do(before: dict[str, tuple[int, str]]) -> None:
    """It is a page with one sentence, and not even that without the token."""
    status, page = before[TOKEN]
    assert status == 503
    assert dagster_tile.NOT_RUNNING in page
    assert before[""][0] == 302


def test_the_launcher_has_a_tile(jupyter: Jupyter) -> None:
    """It opens a tab of JupyterLab, not of the browser."""
    servers = json.loads(jupyter.send("GET", "server-proxy/servers-info")[1])["server_processes"]
    (tile,) = (each for each in servers if each["name"] == "dagster")
    assert tile["launcher_entry"]["title"] == "Dagster"
    assert tile["new_browser_tab"] is False


def test_jupyter_shows_the_pages(jupyter: Jupyter, webserver: Webserver) -> None:
    """They know the path below which they are shown, also on a hub."""
    assert webserver.prefix == f"{BASE}dagster"
    status, page = jupyter.send("GET", "dagster/assets")
    assert status == 200
    assert f'"pathPrefix":"{BASE}dagster"' in page.replace(" ", "")
    status, answer = jupyter.send("POST", "dagster/graphql", '{"query": "{ version }"}')
    assert (status, json.loads(answer)["data"]["version"]) == (
        200,
        webserver.graphql("{ version }")["data"]["version"],
    )


@pytest.mark.parametrize("token", ["", "another-token"])
def test_jupyter_refuses_who_does_not_know_its_token(
    jupyter: Jupyter, webserver: Webserver, token: str
) -> None:
    """Pages lead to the login, and everything else is refused before it reaches Dagster."""
    assert webserver.server.find_code() is None
    body = json.dumps({"query": ADD_KEY})
    assert jupyter.send("POST", "dagster/graphql", body, token)[0] == 403
    assert jupyter.send("GET", "dagster/assets", token=token)[0] == 302


def test_it_listens_on_no_port(webserver: Webserver) -> None:
    """Neither does its code server, and the folder of its sockets is private."""
    process = psutil.Process(webserver.server.pid)
    family = [process, *process.children(recursive=True)]
    assert len(family) == 2
    assert [each.net_connections("inet") for each in family] == [[], []]
    sockets = [each.laddr for member in family for each in member.net_connections("unix") if each.laddr]
    assert str(webserver.socket) in sockets
    assert {Path(path).parent for path in sockets} == {webserver.socket.parent}
    assert webserver.socket.parent.stat().st_mode & 0o777 == 0o700


def test_read_only_refuses_changes(webserver: Webserver) -> None:
    """A key is not added, and a materialization is not reported."""
    answer = webserver.graphql(ADD_KEY)
    assert answer["data"]["addDynamicPartition"]["__typename"] == "UnauthorizedError"
    assert webserver.request("POST", "/report_asset_materialization/table?partition=acme", "{}")[0] == 401


def test_definitions_that_fail_are_an_error_at_once(
    webserver: Webserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error has the cause, which is the last of Dagster's errors."""
    error = {"message": "Error occurred", "causes": [{"message": "ValueError: no such customer\n"}]}
    answer = {"data": {"workspaceOrError": {"locationEntries": [{"locationOrLoadError": error}]}}}
    assert is_ready(webserver, "shop.definitions")
    monkeypatch.setattr(Webserver, "graphql", lambda *_: answer)
    with pytest.raises(
        ServerUnavailable, match=r"^Dagster cannot load shop\.definitions\..*: ValueError: no such customer$"
    ):
        is_ready(webserver, "shop.definitions")


def test_the_tile_ends_with_the_webserver(jupyter: Jupyter, webserver: Webserver) -> None:
    """The page says so again, and closing the group removes the link."""
    webserver.server.stop()
    assert jupyter.send("GET", "dagster/")[0] == 503
    link = jupyter.folder / "runtime" / "dagster.sock"
    assert os.path.lexists(link)
    open_group().close()
    assert not os.path.lexists(link)


def test_a_long_path_of_the_link_becomes_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter stays in the folder where it was started, and a socket's path is short."""
    checkout = tmp_path / ("x" * 100)
    checkout.mkdir()
    monkeypatch.chdir(checkout)
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(checkout / "runtime"))
    assert dagster_tile.describe()["unix_socket"] == "runtime/dagster.sock"


def test_without_a_jupyter_server_there_is_no_tile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook that a test or another editor runs does not take the tile of a learner's JupyterLab."""
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "jpserver-1.json").write_text('{"base_url": "/"}', encoding="utf-8")
    monkeypatch.setenv("JPY_PARENT_PID", "1")
    assert dagster_tile.find_prefix() == "/dagster"
    monkeypatch.setenv("JPY_PARENT_PID", "2")
    assert dagster_tile.find_prefix() is None
    monkeypatch.delenv("JPY_PARENT_PID")
    assert dagster_tile.find_prefix() is None
