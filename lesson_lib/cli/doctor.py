"""`lesson doctor`: is this machine fit for the course, and if not, what is the one thing to do."""

import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

import duckdb
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from lesson_lib.cli.checkout import COURSE, CannotGoOn, find_checkout
from lesson_lib.cli.database import Held, open_briefly

CHECKED = ("dagster", "dagster-duckdb", "duckdb", "pandas", "jupyterlab")
JUPYTER_PORT = 8888
INSTALL_AGAIN = "Remove the folder .venv and run `make lab`."


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: a fact, and where it is not well, the fix as its last sentence."""

    ok: bool
    text: str


def findings(database: Callable[[], Path]) -> Iterator[Finding]:
    """Yield one finding a check, as soon as it is known.

    Args:
        database: returns the path of the course's database; called late, since it loads the pipeline.
    """
    yield python_version()
    for package in CHECKED:
        yield package_version(package)
    yield kernel()
    yield temporary_folder()
    yield port(JUPYTER_PORT)
    yield output_folder()
    yield from course_database_file(database)


def python_version() -> Finding:
    """Compare this Python with what the installed course asks for."""
    here = ".".join(map(str, sys.version_info[:3]))
    try:
        wanted = SpecifierSet(metadata(COURSE)["Requires-Python"])
    except PackageNotFoundError:
        return Finding(ok=False, text=f"Python {here}, without the course in it. {INSTALL_AGAIN}")
    if wanted.contains(here, prereleases=True):
        return Finding(ok=True, text=f"Python {here}")
    return Finding(
        ok=False,
        text=f"Python {here}: the course needs {_written(wanted)}. "
        "Install such a Python, remove the folder .venv and run `make lab`.",
    )


def package_version(package: str) -> Finding:
    """Compare an installed package with the range in the installed course's metadata."""
    try:
        wanted = _ranges()[package]
    except (PackageNotFoundError, KeyError):
        return Finding(ok=False, text=f"{package}: no range is known for it. {INSTALL_AGAIN}")
    try:
        here = version(package)
    except PackageNotFoundError:
        return Finding(ok=False, text=f"{package} is not installed. {INSTALL_AGAIN}")
    if wanted.contains(here, prereleases=True):
        return Finding(ok=True, text=f"{package} {here}")
    return Finding(ok=False, text=f"{package} {here}: the course needs {_written(wanted)}. {INSTALL_AGAIN}")


def kernel() -> Finding:
    """Start the kernel that JupyterLab would give a notebook of this course, and stop it again."""
    try:
        import ipykernel  # noqa: F401, PLC0415 - the rest of the doctor works without
        from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415 - as above
        from jupyter_client.manager import start_new_kernel  # noqa: PLC0415 - as above
    except ModuleNotFoundError as missing:
        return Finding(ok=False, text=f"kernel: {missing.name} is not installed. {INSTALL_AGAIN}")
    # Without ipykernel's own fallback there would be nothing to find: it is there, so a spec always is.
    spec = KernelSpecManager().get_kernel_spec("python3")
    if not _starts_this_python(spec.argv[0]):
        return Finding(
            ok=False,
            text=f"kernel: `python3` starts {spec.argv[0]}, not {sys.executable}. "
            f"Move the folder {spec.resource_dir} away.",
        )
    try:
        manager, client = start_new_kernel(30, kernel_name="python3", stderr=subprocess.DEVNULL)
    except (OSError, RuntimeError) as error:
        return Finding(ok=False, text=f"kernel: `python3` does not start ({error}). {INSTALL_AGAIN}")
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    return Finding(ok=True, text="kernel: `python3` starts, with this Python")


def output_folder() -> Finding:
    """Try to write where `lesson run` would."""
    try:
        return writable(find_checkout() / "output")
    except CannotGoOn as reason:
        return Finding(ok=False, text=str(reason))


def temporary_folder() -> Finding:
    """Try to write where the notebooks keep their throwaway copies of the data."""
    try:
        return writable(Path(tempfile.gettempdir()))
    except FileNotFoundError as error:
        return Finding(ok=False, text=f"{error.strerror}. Set TMPDIR to a folder of yours.")


def writable(folder: Path) -> Finding:
    """Try to write into a folder or, while it is not there, into the one it would be made in."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"0")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Finding(
            ok=False,
            text=f"nothing can be written into {folder} ({reason}). "
            f"Make {there} a folder that you may write to, with room left on its disk.",
        )
    return Finding(ok=True, text=f"{folder} can be written to")


def port(number: int) -> Finding:
    """See whether JupyterLab's port is free; it is no fault if not."""
    try:
        socket.create_server(("127.0.0.1", number)).close()
    except OSError:
        return Finding(ok=True, text=f"port {number} is taken: JupyterLab takes the next one that is free")
    return Finding(ok=True, text=f"port {number} is free for JupyterLab")


def course_database_file(database: Callable[[], Path]) -> Iterator[Finding]:
    """Look at the course's database, where there is a checkout for it to lie in."""
    try:
        yield database_file(database())
    except CannotGoOn:
        return  # the line on the output folder has said so
    except ImportError as error:
        yield Finding(ok=False, text=f"the pipeline cannot be imported ({error}). {INSTALL_AGAIN}")


def database_file(path: Path) -> Finding:
    """Open the course's database for a moment, if it is there."""
    if not path.exists():
        return Finding(ok=True, text=f"database: none yet, the first load of `dagster dev` makes {path}")
    try:
        open_briefly(path)
    except Held as holder:
        return Finding(
            ok=False,
            text=f"database: {path} is held by {holder}. "
            "Close what runs there: a notebook's kernel, `dagster dev` or a DuckDB shell.",
        )
    except duckdb.Error as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        return Finding(
            ok=False, text=f"database: {path} cannot be opened ({reason}). Remove it with `lesson reset`."
        )
    return Finding(ok=True, text=f"database: {path} opens, and nobody else holds it")


def _ranges() -> dict[str, SpecifierSet]:
    """Return the version range of each package that the installed course names, extras included."""
    return {need.name: need.specifier for need in map(Requirement, requires(COURSE) or [])}


def _written(wanted: SpecifierSet) -> str:
    """Write a range as people do, the lower end first."""
    return ",".join(sorted(map(str, wanted), reverse=True))


def _starts_this_python(program: str) -> bool:
    """Tell whether a kernelspec's first word is this Python, under any of the names in its folder."""
    # Jupyter itself reads these three as "the Python that I run in".
    major, minor = sys.version_info[:2]
    if program in {"python", f"python{major}", f"python{major}.{minor}"}:
        return True
    # The folder, unresolved: a virtual environment's Python is a link to the one it was made with.
    return Path(program).parent == Path(sys.executable).parent
