"""A bucket in the place of the source folder: the same checks, runs, backfills and ticks."""

import os
import subprocess
import sys
import tempfile
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from obstore.exceptions import GenericError

from lesson_lib.pipeline import (
    ChangedFile,
    SourceBucket,
    SourceFolder,
    UnreadableFile,
    Warehouse,
    backfill,
    build_arrivals_sensor,
    missing_keys,
    register_keys,
    source_bucket,
)
from lesson_lib.pipeline.bucket_errors import ServerUnavailable, convert_errors
from lesson_lib.pipeline.event_log import find_latest_events, find_loaded_imports
from tests.pipeline.sensor.test_arrivals_sensor import Daemon
from tests.pipeline.workspace import IMPORT, LOAD, Workspace, open_workspace, priced

NFC, NFD = (unicodedata.normalize(form, "caf\u00e9") for form in ("NFC", "NFD"))
KEY_ID, SECRET = "the-key-id", "the-secret"
_NUMBERS = count()


@dataclass(frozen=True)
class BucketWorkspace(Workspace):
    """A workspace whose source is a bucket; it also has a folder, where copies are made."""

    bucket: SourceBucket

    def resources(self) -> dict[str, object]:
        """Return the resources of a run."""
        return {"source": self.bucket, "database": Warehouse(database=self.database)}

    def put(self, name: str, *prices: float | str) -> None:
        """Put a file with these prices into the bucket, in the place of one of the same name."""
        self.bucket.store().put(f"{name}.csv", priced(*prices).encode())

    def add(self, key: str, *prices: float) -> None:
        """Register a key, and put its object into the bucket."""
        register_keys(self.instance, [key])
        self.put(key, *prices)


class UnconditionalStore:
    """A store that ignores conditions without a word, as some servers do."""

    def __init__(self, store: Any) -> None:  # noqa: ANN401 - obstore's stores have no common class
        """Wrap a store."""
        self._store = store

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - anything of the store
        """Return what the store has."""
        return getattr(self._store, name)

    def get(self, path: str, *, options: object) -> object:  # noqa: ARG002 - it ignores them
        """Return the object, whatever the options say."""
        return self._store.get(path)


class UnconditionalBucket(SourceBucket):
    """A bucket on a server that ignores conditions."""

    def open_store(self) -> Any:  # noqa: ANN401 - it has the methods that are called
        """Return the store, wrapped."""
        return UnconditionalStore(super().open_store())


class DyingStore(UnconditionalStore):
    """A store whose server answers three requests for an object, and no further one."""

    answers = 3

    def get(self, path: str, *, options: object) -> object:
        """Return the object, or fail as obstore does after a timeout."""
        self.answers -= 1
        if self.answers < 0:
            raise GenericError("Generic S3 error: ...\n\nDebug source:\n kind: Timeout,")
        return super().get(path, options=options)


class DyingBucket(SourceBucket):
    """A bucket on a server that dies."""

    def open_store(self) -> Any:  # noqa: ANN401 - it has the methods that are called
        """Return the store, wrapped."""
        return DyingStore(super().open_store())


@contextmanager
def open_bucket(folder: Path, kind: str = "memory") -> Iterator[BucketWorkspace]:
    """Open a workspace with an empty bucket in memory, in a folder, or on a server without conditions."""
    with open_workspace(folder) as plain:
        (folder / "bucket").mkdir()
        url = (folder / "bucket").as_uri() if kind == "file" else f"memory://bucket-{next(_NUMBERS)}"
        bucket = (UnconditionalBucket if kind == "unconditional" else SourceBucket)(url=url)
        yield BucketWorkspace(plain.source, plain.database, plain.instance, bucket)


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary folders be made in this one."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def find_copies(folder: Path) -> list[Path]:
    """Return the folders of buckets' copies."""
    return list(folder.glob("source-bucket-*"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[BucketWorkspace]:
    """Open a workspace with an empty bucket in memory."""
    with open_bucket(tmp_path) as workspace:
        yield workspace


@pytest.fixture(params=["memory", "file", "unconditional"])
def each(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BucketWorkspace]:
    """Open a workspace with an empty bucket, once for each kind of store."""
    with open_bucket(tmp_path, request.param) as workspace:
        yield workspace


@pytest.fixture
def daemon(workspace: BucketWorkspace) -> Daemon:
    """Return a daemon whose sensor takes objects at once, and retires keys whose objects are gone."""
    return Daemon(workspace, build_arrivals_sensor(settle_seconds=0, vanished="retire"))


# Runs


def test_an_object_is_loaded_and_recorded_as_a_file_is(each: BucketWorkspace, copies: Path) -> None:
    """Beside what an import records of a file, there are the url of the bucket and the object's ETag."""
    each.add("acme", 1.5, 2.5)
    each.write("acme", priced(1.5, 2.5))
    folder = {"source": SourceFolder(path=each.source), "database": each.resources()["database"]}
    each.load("acme", resources=folder)
    of_file, of_rows = (each.metadata(asset, "acme") for asset in (IMPORT, LOAD))
    each.load("acme")
    etag = each.bucket.store().head("acme.csv")["e_tag"]
    place = {"source folder": each.bucket.url, "etag": etag}
    assert each.metadata(IMPORT, "acme") == of_file | place
    assert each.metadata(LOAD, "acme") == of_rows | {"rows replaced": 2}
    assert each.prices() == {"acme": [1.5, 2.5]}
    assert find_copies(copies) == []


def test_an_object_that_was_corrected_after_its_import_is_refused(each: BucketWorkspace) -> None:
    """If the server ignores the condition, the SHA-256 differs; the message is that of a changed file."""
    each.add("acme", 1.5)
    each.load("acme")
    each.put("acme", 7.5)
    with each.raises(
        ChangedFile,
        "acme.csv changed after it was imported. Materialize the import of 'acme' again, and then its rows; "
        "its earlier rows are untouched.",
    ):
        each.load("acme", assets=[LOAD])
    each.load("acme")
    assert each.prices() == {"acme": [7.5]}


def test_a_load_fetches_under_the_condition_of_the_same_etag(workspace: BucketWorkspace) -> None:
    """A store in memory gives the same bytes another ETag, and so refuses what the SHA-256 would accept."""
    workspace.add("acme", 1.5)
    workspace.load("acme")
    workspace.put("acme", 1.5)
    with workspace.raises(ChangedFile, "acme.csv changed after it was imported"):
        workspace.load("acme", assets=[LOAD])


def test_an_etag_counts_only_in_its_own_bucket(workspace: BucketWorkspace) -> None:
    """An object of the same bytes in another bucket is loaded, since the SHA-256 is the same."""
    workspace.add("acme", 1.5)
    workspace.load("acme")
    other = SourceBucket(url=f"memory://bucket-{next(_NUMBERS)}")
    other.store().put("zenith.csv", b"")
    other.store().put("acme.csv", priced(1.5).encode())
    assert other.store().head("acme.csv")["e_tag"] != workspace.bucket.store().head("acme.csv")["e_tag"]
    workspace.load("acme", assets=[LOAD], resources=workspace.resources() | {"source": other})
    assert workspace.metadata(LOAD, "acme") == workspace.metadata(LOAD, "acme") | {"rows replaced": 1}


def test_a_broken_object_of_a_range_fails_alone(workspace: BucketWorkspace, copies: Path) -> None:
    """The other keys are loaded, and the load alone loads the corrected object."""
    for key in ("acme", "globex", "zenith"):
        workspace.add(key, 1.5)
    workspace.bucket.store().delete("acme.csv")
    workspace.put("zenith", "n/a")
    with pytest.raises(UnreadableFile) as failed:
        workspace.load_range("acme", "zenith")
    assert workspace.prices() == {"globex": [1.5]}
    assert str(failed.value).startswith("The run refused 2 of its 3 keys, and materialized the others.")
    assert f"'acme' has no file: acme.csv is not in {workspace.bucket.url}. Put it there" in str(failed.value)
    assert "zenith.csv: line 2: share_price is 'n/a'" in str(failed.value)
    workspace.put("acme", 2.5)
    workspace.put("zenith", 3.5)
    workspace.load("acme", assets=[LOAD])
    workspace.load("zenith", assets=[LOAD])
    assert workspace.prices() == {"acme": [2.5], "globex": [1.5], "zenith": [3.5]}
    assert find_copies(copies) == []


def test_a_bucket_can_be_used_without_a_run(workspace: BucketWorkspace, copies: Path) -> None:
    """Its copies are removed together with it, or as soon as they are discarded."""
    workspace.put("acme", 1.5)
    bucket = SourceBucket(url=workspace.bucket.url)
    path = bucket.find("acme")
    assert (path.name, path.read_text()) == ("acme.csv", priced(1.5))
    assert [path.is_relative_to(folder) for folder in find_copies(copies)] == [True]
    bucket.discard_copies()
    assert find_copies(copies) == []
    assert bucket.find("acme").read_text() == priced(1.5)
    del bucket
    assert find_copies(copies) == []


# Keys


@pytest.mark.parametrize("key", ["globex.eu", "o'hare", "two words", "100%", "a#b", "x%20y", NFC, "株式会社"])
def test_an_object_is_found_by_its_key(each: BucketWorkspace, key: str) -> None:
    """No character is escaped on the way."""
    each.put(key, 1.5)
    assert each.bucket.find(key).read_text() == priced(1.5)
    assert list(each.bucket.scan().files) == [key]


def test_names_that_differ_only_in_case_are_different_objects(workspace: BucketWorkspace) -> None:
    """Each key finds its own, and the key rules register only one of the two."""
    workspace.put("acme", 1.5)
    workspace.put("Acme", 2.5)
    assert [workspace.bucket.find(key).read_text() for key in ("acme", "Acme")] == [priced(1.5), priced(2.5)]
    daemon = Daemon(workspace, build_arrivals_sensor(settle_seconds=0))
    assert daemon.tick() == ["Acme"]
    assert daemon.tick() == []
    assert "Keys that break the rules: 'acme'." in daemon.message


def test_an_object_is_found_by_a_name_in_nfd(workspace: BucketWorkspace) -> None:
    """Its sender may have read the name from a disk that normalizes names."""
    workspace.put(NFD, 1.5)
    assert workspace.bucket.find(NFC).name == f"{NFC}.csv"
    assert list(workspace.bucket.scan().files) == [NFC]
    mixed = unicodedata.normalize("NFC", "e\u0301") + unicodedata.normalize("NFD", "\u00e9")
    workspace.put(mixed, 2.5)
    assert workspace.bucket.find("\u00e9\u00e9").read_text() == priced(2.5)


def test_two_objects_of_one_key_are_refused(workspace: BucketWorkspace) -> None:
    """Neither is loaded until one is deleted, by a run or by a tick."""
    workspace.put(NFC, 1.5)
    workspace.put(NFD, 2.5)
    register_keys(workspace.instance, [NFC])
    with workspace.raises(
        UnreadableFile, "two objects have this name, and differ only in its normalization. Delete one of them"
    ):
        workspace.load(NFC)
    daemon = Daemon(workspace, build_arrivals_sensor(settle_seconds=0, vanished="retire"))
    assert daemon.tick() == []
    assert f"{NFC!r} (two objects have this name, and differ only in its normalization)" in daemon.message
    workspace.bucket.store().delete(f"{NFD}.csv")
    assert daemon.tick() == [NFC]
    assert workspace.prices() == {NFC: [1.5]}


def test_a_missing_object_is_distinguished_from_one_with_nearly_its_name(workspace: BucketWorkspace) -> None:
    """The message is that of a folder."""
    workspace.bucket.store().put("ACME.CSV", b"")
    with pytest.raises(UnreadableFile) as failed:
        workspace.bucket.find("acme")
    assert str(failed.value) == (
        f"'acme' has no file: acme.csv is not in {workspace.bucket.url}, but 'ACME.CSV' is. "
        "Rename that file to acme.csv and materialize 'acme' again."
    )


# Servers and credentials


class Server:
    """A server on this machine that answers every request in the same way."""

    def __init__(self, status: int = 200, code: str = "", *, answers: bool = True, missing: int = 0) -> None:
        """Start it; if it does not answer, requests wait until it is stopped.

        So many bytes are missing at the end of an answer.
        """
        self.requests: list[str] = []
        self._may_answer = threading.Event()
        if answers:
            self._may_answer.set()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                server._may_answer.wait()
                body = f"<Error><Code>{code}</Code><Message>no {KEY_ID}</Message></Error>".encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body) + missing))
                self.send_header("ETag", '"1"')
                self.send_header("Last-Modified", "Tue, 01 Dec 2026 00:00:00 GMT")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class QuietServer(ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                """Ignore clients that have given up."""

        self._server = QuietServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def stop(self) -> None:
        """Answer what waits, and stop."""
        self._may_answer.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server, with credentials in the environment and without retries."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setitem(source_bucket.RETRIES, "max_retries", 0)
    monkeypatch.setitem(source_bucket.CLIENT_OPTIONS, "read_timeout", "200ms")
    started: list[Server] = []

    def start(*args: Any, **options: Any) -> Server:  # noqa: ANN401 - those of Server
        started.append(Server(*args, **options))
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, "NoSuchBucket", "there is no such bucket. Create it, or correct the url"),
        (403, "AccessDenied", "access is denied (AccessDenied). Set AWS_ACCESS_KEY_ID and"),
        (403, "InvalidAccessKeyId", "access is denied (InvalidAccessKeyId). Set AWS_ACCESS_KEY_ID and"),
        (503, "SlowDown", "the server answered 503 Service Unavailable (SlowDown). Check the endpoint,"),
    ],
)
def test_what_a_server_answers_is_explained(
    serve: Callable[..., Server], status: int, code: str, expected: str
) -> None:
    """Fetching and listing give the cause and the next move, and nothing that is secret."""
    bucket = SourceBucket(url="s3://arrivals", endpoint=serve(status, code).url)
    with pytest.raises(UnreadableFile) as fetched:
        bucket.find("acme")
    with pytest.raises(UnreadableFile) as listed:
        bucket.scan()
    start = "acme.csv, the file of 'acme', cannot be fetched from s3://arrivals: "
    assert str(fetched.value).startswith(start + expected)
    assert str(listed.value).startswith(f"The source bucket 's3://arrivals' cannot be listed: {expected}")
    for error in (fetched, listed):
        report = "".join(map(str, error.getrepr(chain=True).chain))
        assert not any(secret in f"{error.value} {report} {bucket!r}" for secret in (KEY_ID, SECRET))


def test_no_run_waits_twice_for_a_server_that_does_not_answer(
    serve: Callable[..., Server], workspace: BucketWorkspace
) -> None:
    """After the first key has waited in vain, the others of the run fail at once; another run tries again."""
    server = serve(answers=False)
    keys = ["acme", "globex", "zenith"]
    register_keys(workspace.instance, keys)
    bucket = SourceBucket(url="s3://arrivals/inbox", endpoint=server.url)
    resources = workspace.resources() | {"source": bucket}
    tags = {"dagster/asset_partition_range_start": "acme", "dagster/asset_partition_range_end": "zenith"}
    for _ in range(2):
        with pytest.raises(UnreadableFile, match="The run refused all 3 keys") as failed:
            workspace.load(resources=resources, tags=tags)
        reason = "s3://arrivals/inbox: the server did not answer in time. Check"
        assert str(failed.value).count(reason) == len(keys)
    assert server.requests == ["/arrivals/inbox/acme.csv"] * 2
    logs = [
        str(entry)
        for run in workspace.instance.get_runs()
        for entry in workspace.instance.all_logs(run.run_id)
    ]
    assert logs
    assert not any(KEY_ID in entry or SECRET in entry for entry in logs)


def test_missing_credentials_are_explained() -> None:
    """Without any in the environment, obstore asks the server that gives them to machines in a cloud."""
    asked = "Generic S3 error: Error performing PUT http://169.254.169.254/latest/api/token in 1.1ms - ..."
    with pytest.raises(ServerUnavailable, match=r"^there are no credentials$") as failed, convert_errors():
        raise GenericError(asked)
    assert failed.value.next_move.startswith("Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the environ")


def test_an_answer_that_breaks_off_is_refused(serve: Callable[..., Server]) -> None:
    """The first rows of a file are not taken for the whole file."""
    whole, half = (
        SourceBucket(url="s3://arrivals", endpoint=serve(200, "x", missing=missing).url) for missing in (0, 1)
    )
    assert whole.find("acme").read_text().startswith("<Error><Code>x</Code>")
    with pytest.raises(
        UnreadableFile, match=r"acme\.csv, the file of 'acme', cannot be fetched from s3://arriv"
    ):
        half.find("acme")


def test_copies_that_cannot_be_written_are_explained(workspace: BucketWorkspace, copies: Path) -> None:
    """The object is there, and is not reported as missing."""
    workspace.put("acme", 1.5)
    copies.rmdir()
    with pytest.raises(UnreadableFile, match=f"No such file or directory.* Let this user write to {copies}"):
        workspace.bucket.find("acme")


def test_no_server_is_explained(serve: Callable[..., Server]) -> None:
    """The port is closed."""
    server = serve()
    bucket = SourceBucket(url="s3://arrivals", endpoint=server.url)
    server.stop()
    with pytest.raises(UnreadableFile, match=r"s3://arrivals: no server answers\. Check the endpoint"):
        bucket.find("acme")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"url": " "},
            "The source bucket ' ' cannot be read: its url is blank. Give one such as s3://arrivals",
        ),
        ({"url": "inbox"}, "'inbox' cannot be read: its url is not one of a bucket. Give a url such as"),
        ({"url": "ftp://inbox"}, "'ftp://inbox' cannot be read: its url is not one of a bucket."),
        ({"url": f"s3://{KEY_ID}:{SECRET}@b"}, "The url of the source bucket contains more than a name"),
        ({"url": f"s3://b?secret={SECRET}"}, "The url of the source bucket contains more than a name"),
        ({"url": "s3://b", "endpoint": f"http://u:{SECRET}@h"}, "The endpoint of the source bucket contains"),
        ({"url": "s3://b", "endpoint": "127.0.0.1:80"}, "its endpoint '127.0.0.1:80' is not a web address."),
        (
            {"url": "file:///no/such/folder"},
            "cannot be opened: there is no such folder. Create it, or correct",
        ),
    ],
)
def test_an_unusable_address_is_refused(settings: dict[str, str], expected: str) -> None:
    """The message never repeats credentials."""
    for use in (lambda bucket: bucket.find("acme"), SourceBucket.scan, SourceBucket.scan_nonempty):
        with pytest.raises(UnreadableFile) as failed:
            use(SourceBucket(**settings))
        assert expected in str(failed.value)
        assert SECRET not in str(failed.value)


def test_obstore_is_needed_only_for_buckets() -> None:
    """The pipeline does not import it, and a bucket says how to install it."""
    program = (
        "import sys\n"
        "from lesson_lib.pipeline import SourceBucket, UnreadableFile\n"
        "print('obstore' in sys.modules)\n"
        "sys.modules['obstore'] = sys.modules['obstore.store'] = None\n"
        "try: SourceBucket(url='s3://arrivals').find('acme')\n"
        "except UnreadableFile as error: print(error)\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True
    ).stdout
    is_imported, message = output.splitlines()
    assert is_imported == "False"
    assert message == (
        "The source bucket 's3://arrivals' cannot be read: the package obstore is not installed. "
        "Install it: pip install 'obstore>=0.12'."
    )


# Backfills


def test_a_backfill_loads_what_is_new_or_corrected(
    each: BucketWorkspace, copies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken object fails alone, and no more copies are kept than one batch of two keys needs."""
    monkeypatch.setattr(sys.modules[backfill.__module__], "MAX_KEYS_PER_BATCH", 2)
    keys = [f"k{number}" for number in range(8)]
    for key in keys:
        each.add(key, 1.5)
    each.put("k3", "n/a")
    most = 0

    def look(done: int, total: int) -> None:
        nonlocal most
        assert 0 < done <= total
        most = max(most, len(list(copies.rglob("*.csv"))))

    def load() -> Any:  # noqa: ANN401 - a Backfill
        return backfill(
            each.instance, source=each.bucket, database=Warehouse(database=each.database), progress=look
        )

    first = load()
    assert (list(first.loaded), list(first.refused)) == (["k0", "k1", "k2", "k4", "k5", "k6", "k7"], ["k3"])
    assert missing_keys(each.instance, Warehouse(database=each.database)) == ["k3"]
    each.put("k3", 2.5)
    each.put("k4", 3.5)
    each.put("k5", 1.5)  # the same bytes
    second = load()
    assert (second.loaded, second.unchanged) == ({"k3": 1, "k4": 1}, ["k0", "k1", "k2", "k5", "k6", "k7"])
    assert each.prices() == {key: [{"k3": 2.5, "k4": 3.5}.get(key, 1.5)] for key in keys}
    assert 1 <= most <= 2
    assert find_copies(copies) == []


def test_a_backfill_stops_if_the_server_does_not_answer(workspace: BucketWorkspace) -> None:
    """It does not wait again for each key; the batch before is loaded, and another call goes on."""
    keys = [f"k{number}" for number in range(8)]
    for key in keys:
        workspace.add(key, 1.5)
    database = Warehouse(database=workspace.database)
    dying = DyingBucket(url=workspace.bucket.url)
    with pytest.raises(
        UnreadableFile, match=r"k3\.csv, .* the server did not answer in time\. Check the endpoint"
    ):
        backfill(workspace.instance, source=dying, database=database)
    assert workspace.prices() == {"k0": [1.5]}
    assert len(workspace.instance.get_runs()) == 1
    assert list(backfill(workspace.instance, source=workspace.bucket, database=database).loaded) == keys[1:]
    with pytest.raises(UnreadableFile, match=r"k3\.csv, .* the server did not answer in time\."):
        backfill(workspace.instance, source=dying, database=database)  # while it compares loaded files


def test_a_backfill_of_an_empty_bucket_is_refused(workspace: BucketWorkspace) -> None:
    """Otherwise every key would get a failed run."""
    register_keys(workspace.instance, ["acme"])
    with workspace.raises(UnreadableFile, f"The source bucket '{workspace.bucket.url}' holds no data file."):
        backfill(workspace.instance, source=workspace.bucket, database=Warehouse(database=workspace.database))


# Ticks


def test_a_tick_requests_new_and_corrected_objects(daemon: Daemon, workspace: BucketWorkspace) -> None:
    """An object that was put again with the same bytes is recognized, also if the cursor is lost."""
    workspace.put("acme", 1.5)
    workspace.put("globex", 2.5)
    assert daemon.tick() == ["acme", "globex"]
    assert daemon.tick() == []
    workspace.put("acme", 3.5)
    workspace.put("globex", 2.5)
    assert daemon.tick() == ["acme"]
    assert workspace.prices() == {"acme": [3.5], "globex": [2.5]}
    daemon.cursor = None
    assert daemon.tick() == []
    assert "Already loaded: 'acme', 'globex'." in daemon.message
    workspace.put("acme", 1.5)
    assert daemon.tick() == ["acme"]  # it returns to earlier content


def test_a_young_object_waits(workspace: BucketWorkspace) -> None:
    """It is whole, but the rules are those of a folder: it waits for another tick that finds it unchanged."""
    daemon = Daemon(workspace)
    workspace.put("acme", 1.5)
    assert daemon.tick() == []
    assert "Not settled yet: 'acme'." in daemon.message
    assert daemon.tick() == ["acme"]


def test_a_tick_sorts_names_as_those_of_files(daemon: Daemon, workspace: BucketWorkspace) -> None:
    """It ignores hidden objects, days and what lies below another slash, and reports other names."""
    for name in (".acme.csv", "~$acme.csv", "2018-01-22.csv", "archive/acme.csv", "ACME.CSV", "zenith.txt"):
        workspace.bucket.store().put(name, priced(1.5).encode())
    workspace.bucket.store().put("2018-02-30.csv", b"")
    assert daemon.tick() == []
    assert daemon.message == (
        "No new or corrected file among 0. Files that are skipped, because their names do not end in '.csv': "
        "'ACME.CSV', 'zenith.txt'. Rename them. "
        "Days outside the exchange's calendar, not loaded: '2018-02-30'."
    )


def test_a_tick_retires_a_key_whose_object_is_gone(daemon: Daemon, workspace: BucketWorkspace) -> None:
    """A key that was imported from elsewhere stays, and so does every key if the bucket is empty."""
    workspace.put("acme", 1.5)
    workspace.put("globex", 2.5)
    daemon.tick()
    workspace.write("zenith", priced(9.5))
    register_keys(workspace.instance, ["zenith"])
    workspace.load(
        "zenith", resources=workspace.resources() | {"source": SourceFolder(path=workspace.source)}
    )
    workspace.bucket.store().delete("acme.csv")
    assert daemon.tick() == ["-acme"]
    assert workspace.prices() == {"globex": [2.5], "zenith": [9.5]}
    assert daemon.tick() == []
    assert "Keys of another bucket or folder, which are kept: 'zenith'." in daemon.message
    workspace.bucket.store().delete("globex.csv")
    assert daemon.tick() == []
    assert "No data file is left. Is this the right bucket? Keys that are kept: 'globex'." in daemon.message
    assert workspace.keys() == ["globex", "zenith"]


def test_a_tick_that_cannot_list_the_bucket_keeps_its_cursor(
    serve: Callable[..., Server], workspace: BucketWorkspace
) -> None:
    """It skips, and says why."""
    bucket = SourceBucket(url="s3://arrivals", endpoint=serve(403, "AccessDenied").url)
    daemon = Daemon(BucketWorkspace(workspace.source, workspace.database, workspace.instance, bucket))
    assert daemon.tick() == []
    assert (daemon.result.cursor, daemon.cursor) == (None, None)
    assert "'s3://arrivals' cannot be listed: access is denied (AccessDenied)." in daemon.message
    assert daemon.message.endswith("Earlier requests are remembered.")


def test_the_etag_decides_about_an_object_that_is_too_large_to_read(workspace: BucketWorkspace) -> None:
    """The clocks of the server and of this machine may differ, so times do not decide."""
    workspace.add("acme", 1.5)
    workspace.load("acme")
    imports = find_latest_events(workspace.instance, IMPORT.key, ["acme"])
    recorded = find_loaded_imports(workspace.instance, ["acme"], imports)["acme"]
    before = workspace.bucket.scan().files["acme"]
    assert recorded.is_of(before._replace(changed=recorded.at + 60), None)
    workspace.put("acme", 2.5)
    after = workspace.bucket.scan().files["acme"]
    assert after.size == recorded.size
    assert not recorded.is_of(after._replace(changed=recorded.at - 60), None)
