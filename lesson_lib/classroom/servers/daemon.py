"""Dagster's daemon, which starts what is queued: runs, backfills, ticks of sensors and schedules."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg

from lesson_lib.classroom.servers.dagster_processes import create_tables, make_variables, select_definitions
from lesson_lib.classroom.servers.server_group import Server, ServerGroup, open_group


@dataclass(frozen=True)
class Daemon:
    """A running daemon.

    Attributes:
        server: the process.
    """

    server: Server = field(repr=False)


def start_daemon(home: Path, definitions: str | Path, env: Mapping[str, str] | None = None) -> Daemon:
    """Start Dagster's daemon, and return when all of its parts have reported that they are healthy.

    A second call with the same arguments returns the same daemon. The daemon, its code server and its runs
    end with the kernel; they run in the folder `home`.

    Args:
        home: the DAGSTER_HOME.
        definitions: the name of a module, or the path of a Python file.
        env: more environment variables for the definitions, such as the `variables` of a bucket.

    Raises:
        ServerUnavailable: it does not start; the message has the end of its log.
    """
    group, arguments = open_group(), (home, definitions, dict(env or {}))
    return group.get_or_start("daemon", arguments, lambda: _start(group, *arguments))


def _start(
    group: ServerGroup, home: Path, definitions: str | Path, env: Mapping[str, str]
) -> tuple[Server, Daemon]:
    create_tables(home)
    folder = group.make_folder("daemon")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        before = {name: beat.timestamp for name, beat in instance.get_daemon_heartbeats().items()}
        server = group.start(
            "Dagster's daemon",
            # Not the script `dagster-daemon`, which fails if its path has an apostrophe.
            [sys.executable, "-m", "dagster._daemon", "run", *select_definitions(definitions)],
            env=make_variables(home, folder, env),
            cwd=home,
            log=folder / "log",
        )
        server.wait_for("being healthy", lambda: _is_healthy(instance, before))
    return server, Daemon(server)


def _is_healthy(instance: dg.DagsterInstance, before: Mapping[str, float]) -> bool:
    """Return whether each part of the daemon has reported since it was started, and all are healthy."""
    return all(
        status.healthy and status.last_heartbeat and status.last_heartbeat.timestamp > before.get(name, 0)
        for name, status in instance.get_daemon_statuses().items()
    )
