"""A kernel is killed while all servers are at work, and five seconds later nothing of them is left."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.classroom.servers.remains import list_processes, list_remains

ROOT = Path(__file__).parents[3]
DEFINITIONS = """
import os
import time
from pathlib import Path
import dagster as dg

@dg.asset
def slow(context: dg.AssetExecutionContext) -> None:
    Path("started").write_text(os.environ["AWS_ENDPOINT_URL"])
    time.sleep(600)

defs = dg.Definitions(assets=[slow], executor=dg.in_process_executor)
"""

# Prints what the test needs to know, and waits to be killed, with a run at work.
KERNEL = '''
import json, os, sys, time
from pathlib import Path
from lesson_lib import dagster_tile
from lesson_lib.classroom.servers import *
from lesson_lib.classroom.servers.server_group import open_group

LAUNCH = """mutation { launchRun(executionParams: {selector: {repositoryName: "__repository__",
    repositoryLocationName: "defs.py", jobName: "__ASSET_JOB", assetSelection: [{path: ["slow"]}]}})
    { __typename } }"""
HEALTH = "{ instance { daemonHealth { allDaemonStatuses { healthy } } } }"

definitions = Path(sys.argv[1])
database, bucket = start_postgres(), start_bucket("arrivals")
home = write_home(definitions.parent / "home", format_production_settings(database.url))
webserver = start_webserver(home, definitions, bucket.variables)
launched = webserver.graphql(LAUNCH)["data"]["launchRun"]["__typename"]
before = webserver.graphql(HEALTH)
daemon = start_daemon(home, definitions, bucket.variables)
after = webserver.graphql(HEALTH)
daemon.server.wait_for("the run", (home / "started").exists)
fork = os.fork()
if not fork:
    time.sleep(600)
print(json.dumps({
    "session": os.getsid(daemon.server.pid), "folder": str(open_group().folder), "fork": fork,
    "endpoint": bucket.endpoint, "link": str(dagster_tile.find_link().readlink()),
    "before": before, "launched": launched, "after": after,
}), flush=True)
time.sleep(600)
'''


# What is at work before the kill: some of the words in the commands of the processes.
AT_WORK = ("keeper.py", "postgres: ", "mini -bucket=arrivals", "socket_webserver.py", "dagster._daemon run")
AT_WORK = (*AT_WORK, "dagster api grpc", "multiprocessing.spawn")  # code servers, and the run


def test_nothing_is_left_after_five_seconds(tmp_path: Path) -> None:
    """Processes, sockets, ports, the private folder, and the link for JupyterLab's tile are gone.

    A forked child of the kernel goes on, but does not hold the pipe open that the keeper reads.
    """
    definitions, runtime = tmp_path / "defs.py", tmp_path / "runtime"
    definitions.write_text(DEFINITIONS, encoding="utf-8")
    runtime.mkdir()
    (runtime / "jpserver-1.json").write_text('{"base_url": "/"}', encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, "-c", KERNEL, definitions],
        cwd=ROOT,
        env={**os.environ, "JUPYTER_RUNTIME_DIR": str(runtime), "JPY_PARENT_PID": "1"},
        stdout=subprocess.PIPE,
    ) as kernel:
        assert kernel.stdout is not None
        report = json.loads(kernel.stdout.readline())
        session, folder, link = report["session"], Path(report["folder"]), runtime / "dagster.sock"
        at_work = list_processes(session, folder)
        kernel.kill()
    try:
        assert list_remains(session, [folder, link], 5) == []
    finally:
        os.kill(report["fork"], signal.SIGKILL)  # raises an error if it has ended by itself
    assert [words for words in AT_WORK if not any(words in command for command in at_work)] == []
    assert folder in Path(report["link"]).parents
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.1", urlsplit(report["endpoint"]).port))
    # The bucket's variables reached the run, and each server spoke for itself before the next cell began.
    assert (tmp_path / "home" / "started").read_text(encoding="utf-8") == report["endpoint"]
    assert report["launched"] == "LaunchRunSuccess"
    assert (list_health(report["before"]), list_health(report["after"])) == ({False}, {True})


def list_health(answer: dict[str, Any]) -> set[bool]:
    """Return whether the parts of the daemon are healthy, by the webserver's own word."""
    return {each["healthy"] for each in answer["data"]["instance"]["daemonHealth"]["allDaemonStatuses"]}
