"""A bucket in the place of the source folder: its objects are fetched, and then treated as files are."""

import os
import shutil
import tempfile
import unicodedata
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import cache
from io import RawIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import dagster as dg
from pydantic import PrivateAttr

from .bucket_errors import (
    CORRECT_URL,
    SET_CREDENTIALS,
    BucketError,
    ChangedObject,
    NoObject,
    ServerUnavailable,
    convert_errors,
)
from .folder_scan import IGNORED_PREFIXES, DataFile, Scan, compute_short_hash, find_key
from .keys import SUFFIX
from .source_files import (
    Source,
    SourceFile,
    SourceUnavailable,
    UnreadableFile,
    build_change_error,
    explain_absence,
    inspect_file,
)

if TYPE_CHECKING:
    from obstore import GetResult
    from obstore.store import ClientConfig, MemoryStore, ObjectStore, RetryConfig

_CHUNK_BYTES = 1 << 20

# A server that does not answer must not hold up a run, or a tick, which Dagster ends after 60 seconds. Only
# the pauses within an answer are limited, because a large object may take its time.
CLIENT_OPTIONS: "ClientConfig" = {"connect_timeout": "3s", "read_timeout": "10s", "timeout": "1h"}
RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=10)}

_TWO_OBJECTS = "two objects have this name, and differ only in its normalization"
_SCHEMES = ("s3", "file", "memory")


class SourceBucket(Source):
    """The bucket that holds one object `<partition_key>.csv` for each key.

    An import fetches the object into a temporary folder, which is removed at the end of the run, and records
    its ETag. A load fetches it on the condition that it still has this ETag, and compares the SHA-256 too,
    because some servers ignore conditions.

    Attributes:
        url: such as `s3://arrivals` or `s3://arrivals/prefix`, and without a server `file:///folder`, or
            `memory://name` for a store that lives as long as the process.
        endpoint: the address of a server that speaks S3, such as `http://127.0.0.1:8333`; None for Amazon's,
            or the one in AWS_ENDPOINT_URL.
        region: the region of the bucket; None for the one in AWS_REGION.

    Credentials come from the environment only: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of
    the machine.
    """

    url: str
    endpoint: str | None = None
    region: str | None = None

    _opened: "ObjectStore | None" = PrivateAttr(default=None)
    _names: list[str] | None = PrivateAttr(default=None)  # of all objects, once a name was searched for
    _unavailable: ServerUnavailable | None = PrivateAttr(default=None)
    _remove_copies: "weakref.finalize[[str], SourceBucket] | None" = PrivateAttr(default=None)
    _copies: Path | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["SourceBucket"]:  # type: ignore[override] # noqa: ARG002
        """Remove the copies of objects at the end of the run, whatever happens."""
        try:
            yield self
        finally:
            self.discard_copies()

    def open_store(self) -> "ObjectStore":
        """Return obstore's store of this url. A test may override this, and return any other store.

        Raises:
            UnreadableFile: the url or the endpoint is unusable, or obstore is not installed.
        """
        scheme = self._require_usable_address()
        try:
            from obstore.store import from_url  # noqa: PLC0415 - an optional dependency
        except ImportError:
            raise UnreadableFile(
                f"{self._describe()} cannot be read: the package obstore is not installed. "
                "Install it: pip install 'obstore>=0.12'."
            ) from None
        if scheme == "memory":
            return _open_memory(self.url)
        with self._explain("opened"), convert_errors():
            if scheme == "file":
                return from_url(self.url)
            endpoint = self.endpoint or os.environ.get("AWS_ENDPOINT_URL", "")
            client: ClientConfig = {**CLIENT_OPTIONS, "allow_http": endpoint.startswith("http://")}
            given = {"endpoint": endpoint, "region": self.region}
            options = {name: value for name, value in given.items() if value}
            return from_url(self.url, client_options=client, retry_config=RETRIES, **options)  # type: ignore[call-overload,no-any-return] # it knows no options of unknown names

    def _require_usable_address(self) -> Literal["s3", "file", "memory"]:
        """Return the scheme of the url, or raise UnreadableFile without repeating what may be a secret."""
        if not self.url.strip():
            raise UnreadableFile(
                f"The source bucket {self.url!r} cannot be read: its url is blank. "
                "Give one such as s3://arrivals; if it comes from an environment variable, set that variable."
            )
        for what, address in (("url", self.url), ("endpoint", self.endpoint or "")):
            with suppress(ValueError):
                parts = urlsplit(address)
                if not ("@" in parts.netloc or parts.query or parts.fragment):
                    continue
            raise UnreadableFile(
                f"The {what} of the source bucket contains more than a name and a path: credentials, for "
                f"example. Take them out. {SET_CREDENTIALS}"
            )
        scheme = urlsplit(self.url).scheme
        if scheme not in _SCHEMES:
            raise UnreadableFile(
                f"The source bucket {self.url!r} cannot be read: its url is not one of a bucket. "
                "Give a url such as s3://arrivals or s3://arrivals/prefix."
            )
        if self.endpoint and not self.endpoint.startswith(("http://", "https://")):
            raise UnreadableFile(
                f"{self._describe()} cannot be read: its endpoint {self.endpoint!r} is not a web address. "
                "Give one such as http://127.0.0.1:8333."
            )
        return scheme  # type: ignore[return-value] # it is one of _SCHEMES

    def store(self) -> "ObjectStore":
        """Return the opened store, for example to put objects into it."""
        if self._opened is None:
            self._opened = self.open_store()
        return self._opened

    def place(self) -> str:
        """Return the url without a slash at its end; the endpoint does not belong to it."""
        return self.url.rstrip("/")

    def _describe(self) -> str:
        return f"The source bucket {self.place()!r}"

    def scan(self) -> Scan:
        """Sort the objects; raise UnreadableFile if they cannot be listed.

        Objects below a further slash are not listed, as the folders in a folder are not.
        """
        found = Scan(self.place(), self._open, is_bucket=True)
        self._unavailable = None
        with self._explain("listed"), self._connect() as store:
            objects = store.list_with_delimiter()["objects"]
        for item in sorted(objects, key=lambda item: item["path"]):
            name, size, modified = item["path"], item["size"], item["last_modified"].timestamp()
            if name.startswith(IGNORED_PREFIXES):
                continue
            digest = compute_short_hash(f"{item['e_tag']} {size} {modified} {name}".encode())
            found.add(name, DataFile(name, find_key(name), size, modified, modified, digest, item["e_tag"]))
        # Which one is meant cannot be known, and `find` refuses both.
        for double in found.doubles:
            found.files.pop(double.key, None)
            found.unreadable[double.key] = _TWO_OBJECTS
        found.doubles.clear()
        found.sort()
        return found

    def scan_nonempty(self) -> Scan:
        """Return the scan; raise UnreadableFile also if there is no data file."""
        if (there := self.scan()).count_files():
            return there
        raise UnreadableFile(
            f"{self._describe()} holds no data file. Correct its url, or put the files there."
        )

    def find(self, key: str) -> Path:
        """Fetch the key's object, and return the path of the copy.

        Raises:
            UnreadableFile: the object is missing, two objects have its name, the bucket is missing, access is
                denied, or no server answers.
        """
        return self._fetch(key)[0]

    def find_imported(self, key: str, etag: str | None) -> Path:
        """Fetch the key's object if it has this ETag; raise ChangedFile if it has another one."""
        return self._fetch(key, etag)[0]

    def inspect(self, key: str) -> SourceFile:
        """Fetch the key's object, and inspect it as `inspect_file` does."""
        path, etag = self._fetch(key)
        return replace(inspect_file(key, path), bucket=self.place(), etag=etag)

    def discard_copies(self) -> None:
        """Remove all objects that were fetched."""
        if self._remove_copies:
            self._remove_copies()
        self._remove_copies = self._copies = self._names = self._unavailable = None

    def _fetch(self, key: str, etag: str | None = None) -> tuple[Path, str | None]:
        """Fetch the key's object; return the path of the copy, and the ETag."""
        name = key + SUFFIX
        try:
            with self._open(self._find_name(key), etag) as content:
                path = self._make_folder_for(key) / name
                with path.open("wb") as file:
                    shutil.copyfileobj(content, file, _CHUNK_BYTES)
                return path, content.etag
        except ChangedObject:
            raise build_change_error(key, name) from None
        except NoObject:
            raise UnreadableFile(explain_absence(key, self.place(), self._list_names())) from None
        except (OSError, UnicodeError) as error:
            write = f"Let this user write to {tempfile.gettempdir()}, and leave room there for the object."
            what = f"{name}, the file of {key!r}, cannot be fetched from {self.place()}"
            raise _build_source_error(what, error, write) from None

    def _make_folder_for(self, key: str) -> Path:
        """Return a folder for the copy, whose name is the key's: no disk then mixes up two keys."""
        if self._copies is None:
            self._copies = Path(tempfile.mkdtemp(prefix="source-bucket-"))
            # Also for a bucket that is used without a run.
            self._remove_copies = weakref.finalize(self, shutil.rmtree, str(self._copies), ignore_errors=True)
        folder = self._copies / compute_short_hash(key.encode())
        folder.mkdir(exist_ok=True)
        return folder

    def _find_name(self, key: str) -> str:
        """Return the name of the key's object, however its sender normalizes it."""
        name = key + SUFFIX
        if name.isascii():
            return name
        # Keys are in NFC; some disks and archives, whose files are uploaded, spell names in NFD.
        forms = dict.fromkeys((name, unicodedata.normalize("NFD", name)))
        there = [form for form in forms if self._has(form)]
        there = there or [other for other in self._list_names() if find_key(other) == key]
        if len(there) > 1:
            raise BucketError(_TWO_OBJECTS, f"Delete one of them, and materialize {key!r} again.")
        return there[0] if there else name

    def _has(self, name: str) -> bool:
        with suppress(NoObject), self._connect() as store:
            store.head(name)
            return True
        return False

    def _list_names(self) -> list[str]:
        """Return the names of all objects, or none if they cannot be listed; one list serves a run."""
        if self._names is None:
            self._names = []
            with suppress(BucketError), self._connect() as store:
                self._names = [item["path"] for item in store.list_with_delimiter()["objects"]]
        return self._names

    def _open(self, name: str, etag: str | None = None) -> "_ObjectReader":
        """Open an object; raise ChangedObject if it has another ETag than this one."""
        with self._connect() as store:
            return _ObjectReader(store.get(name, options={"if_match": etag} if etag else None))

    @contextmanager
    def _connect(self) -> Iterator["ObjectStore"]:
        """Yield the store; once its server was unavailable, do not wait for it again for every other key."""
        if self._unavailable:
            raise ServerUnavailable(str(self._unavailable), self._unavailable.next_move)
        store = self.store()
        try:
            with convert_errors():
                yield store
        except ServerUnavailable as error:
            self._unavailable = error
            raise

    @contextmanager
    def _explain(self, done: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _build_source_error(f"{self._describe()} cannot be {done}", error, CORRECT_URL) from None


def _build_source_error(what: str, error: Exception, next_move: str) -> UnreadableFile:
    """Return the pipeline's error; its next move is that of the bucket's error, if this has one."""
    kind = SourceUnavailable if isinstance(error, ServerUnavailable) else UnreadableFile
    move = error.next_move if isinstance(error, BucketError) else next_move
    return kind(f"{what}: {error}. {move}")


class _ObjectReader(RawIOBase):
    """The content of an object, as it arrives."""

    def __init__(self, result: "GetResult") -> None:
        etag = result.meta["e_tag"]
        # A weak ETag never fulfils a condition.
        self.etag = etag if etag and not etag.startswith("W/") else None
        self._chunks = iter(result.stream(min_chunk_size=_CHUNK_BYTES))

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002 - a chunk may be larger
        """Return the next chunk, whose size the network decides, or b"" at the end."""
        with convert_errors():
            return bytes(next(self._chunks, b""))


@cache
def _open_memory(url: str) -> "MemoryStore":  # noqa: ARG001 - each url has a store of its own
    from obstore.store import MemoryStore  # noqa: PLC0415 - an optional dependency

    return MemoryStore()
