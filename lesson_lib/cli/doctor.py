"""`lesson doctor`: is this machine fit for the course, and if not, what is the one thing to do."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lesson_lib.cli.checkout import COURSE, DATABASE, FOLDERS, CannotGoOn, find_checkout

CHECKED_PACKAGES = ("dagster", "dagster-duckdb", "duckdb", "pandas", "jupyterlab")
JUPYTER_PORT = 8888
INSTALL_AGAIN = "Remove the folder .venv and run `make lab`."


class Finding(NamedTuple):
    """One line of the doctor: a fact and, where something is wrong, the fix as its last sentence."""

    text: str
    ok: bool = False


def examine() -> Iterator[Finding]:
    """Yield the finding of each check as soon as it is known."""
    yield check_python()
    for package in CHECKED_PACKAGES:
        yield check_package(package)
    yield check_kernel()
    yield check_temporary_folder()
    yield check_port(JUPYTER_PORT)
    try:
        checkout = find_checkout()
    except CannotGoOn as reason:
        yield Finding(str(reason))
        return
    yield check_writable(checkout / FOLDERS["run"])
    yield check_database(checkout / DATABASE)


def check_python() -> Finding:
    """Compare this Python with what the installed course requires."""
    here = ".".join(map(str, sys.version_info[:3]))
    try:
        wanted = SpecifierSet(metadata(COURSE)["Requires-Python"])
    except PackageNotFoundError:
        return Finding(f"Python {here}, without the course in it. {INSTALL_AGAIN}")
    fix = "Install such a Python, remove the folder .venv and run `make lab`."
    return _compare("Python", here, wanted, fix)


def check_package(package: str) -> Finding:
    """Compare an installed package with the range in the installed course's metadata."""
    try:
        ranges = {need.name: need.specifier for need in map(Requirement, requires(COURSE) or [])}
        wanted = ranges[package]
    except (PackageNotFoundError, KeyError):
        return Finding(f"{package}: no range is known for it. {INSTALL_AGAIN}")
    try:
        here = version(package)
    except PackageNotFoundError:
        return Finding(f"{package} is not installed. {INSTALL_AGAIN}")
    return _compare(package, here, wanted, INSTALL_AGAIN)


def _compare(name: str, here: str, wanted: SpecifierSet, fix: str) -> Finding:
    if wanted.contains(here, prereleases=True):
        return Finding(f"{name} {here}", ok=True)
    versions = ",".join(sorted(map(str, wanted), reverse=True))  # the lower end first, as people write it
    return Finding(f"{name} {here}: the course needs {versions}. {fix}")


def check_kernel() -> Finding:
    """Start the kernel that JupyterLab would give a notebook of this course, and stop it again."""
    try:
        import ipykernel  # noqa: F401, PLC0415 - the rest of the doctor works without
        from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - as above
        from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 - as above
    except ModuleNotFoundError as missing:
        return Finding(f"kernel: {missing.name} is not installed. {INSTALL_AGAIN}")
    # ipykernel always provides a spec of this name, so one is found.
    spec = KernelSpecManager().get_kernel_spec("python3")
    if not _is_this_python(spec.argv[0]):
        found = f"kernel: `python3` starts {spec.argv[0]}, not {sys.executable}."
        return Finding(f"{found} Move the folder {spec.resource_dir} away.")
    try:
        manager, client = start_new_kernel(30, kernel_name="python3", stderr=subprocess.DEVNULL)
    except (OSError, RuntimeError) as error:
        return Finding(f"kernel: `python3` does not start ({error}). {INSTALL_AGAIN}")
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return Finding("kernel: `python3` starts, with this Python", ok=True)


def _is_this_python(program: str) -> bool:
    """Return whether a kernelspec's program is this Python, under any of the names in its folder."""
    # Jupyter itself reads these three as "the Python that I run in".
    major, minor = sys.version_info[:2]
    if program in {"python", f"python{major}", f"python{major}.{minor}"}:
        return True
    # The folder, unresolved: a virtual environment's Python is a link to the one it was made with.
    return Path(program).parent == Path(sys.executable).parent


def check_temporary_folder() -> Finding:
    """Try to write where the notebooks keep their throwaway copies of the data."""
    try:
        return check_writable(Path(tempfile.gettempdir()))
    except FileNotFoundError as error:
        return Finding(f"{error.strerror}. Set TMPDIR to a folder of yours.")


def check_writable(folder: Path) -> Finding:
    """Try to write into a folder or, if it does not exist yet, into the one it would be made in."""
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"0")
    except OSError as error:
        found = f"nothing can be written into {folder} ({(error.strerror or str(error)).lower()})."
        fix = f"Make {existing} a folder that you may write to, with room left on its disk."
        return Finding(f"{found} {fix}")
    return Finding(f"{folder} can be written to", ok=True)


def check_port(number: int) -> Finding:
    """Report whether JupyterLab's port is free, which is not needed."""
    try:
        socket.create_server(("127.0.0.1", number)).close()
    except OSError:
        return Finding(f"port {number} is taken: JupyterLab takes the next one that is free", ok=True)
    return Finding(f"port {number} is free for JupyterLab", ok=True)


def check_database(path: Path) -> Finding:
    """Open the course's database for a moment, if it exists."""
    try:
        import duckdb  # noqa: PLC0415 - the rest of the doctor works without

        from lesson_lib.pipeline.database_errors import find_file_holder, find_holder  # noqa: PLC0415 - as above
    except ImportError as error:
        return Finding(f"the pipeline cannot be imported ({error}). {INSTALL_AGAIN}")
    if not path.exists():
        return Finding(f"database: none yet, the first load of `dagster dev` makes {path}", ok=True)
    if holder := find_file_holder(path):
        return _report_holder(path, holder)
    try:
        duckdb.connect(path).close()
    except duckdb.Error as error:
        if holder := find_holder(error):  # a process that only reads
            return _report_holder(path, holder)
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        found = f"database: {path} cannot be opened ({reason})."
        return Finding(f"{found} Remove it with `lesson reset`.")
    return Finding(f"database: {path} opens, and nobody else holds it", ok=True)


def _report_holder(path: Path, holder: str) -> Finding:
    fix = "Close what runs there: a notebook's kernel, `dagster dev` or a DuckDB shell."
    return Finding(f"database: {path} is held by {holder}. {fix}")
