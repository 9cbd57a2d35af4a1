"""Make the course's own environment: the exact pins in `.venv`, and nothing outside the checkout.

    python tools/environment.py                     set up, then stop
    python tools/environment.py -m benchmarks       set up, then run its Python with these arguments

Only the standard library, and only what Python 3.7 can read: an older Python has to understand this file far
enough to say that it is too old.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LAB = ROOT / ".lab"
VENV = ROOT / ".venv"
PINS = ROOT / "requirements.txt"
BROWSER_PINS = ROOT / "requirements-browser.txt"
PROJECT = ROOT / "pyproject.toml"
LOG = CACHE / "setup.log"

OLDEST_PYTHON = (3, 11)
ROOM_NEEDED = 1_500_000_000  # bytes: the packages take half of it, their downloads and the compiling the rest

NO_ROOM = "There is no room left on this disk: free some 1.5 GB, then run the same command again."

# What pip and uv say when they fail, and what the reader can do about it; the first that fits is told.
EXPLANATIONS = {
    r"No space left on device|os error 28|Errno 28|not enough space on the disk": NO_ROOM,
    r"DO NOT MATCH THE HASHES|Hash mismatch": (
        "A downloaded package is not the one that requirements.txt names: its hash differs, and it was not "
        "installed. Something on the way changed it: try another network, or do without a package mirror."
    ),
    r"CERTIFICATE_VERIFY_FAILED|invalid peer certificate|UnknownIssuer": (
        "The package index shows a certificate that this machine does not know. Behind a company proxy, name "
        "the company's certificate file in PIP_CERT and SSL_CERT_FILE, then run the same command again."
    ),
    r"name resolution|resolve host|Name or service|getaddrinfo|NewConnectionError|error sending request"
    r"|Failed to fetch|tcp connect|dns error|Connection re(fused|set)|[Tt]imed out|unreachable|ProxyError": (
        "The package index could not be reached. The first set-up needs the network (some 250 MB), later "
        "ones do not: connect, then run the same command again."
    ),
    r"No matching distribution|No solution found|no usable wheels|Failed (to build|building)": (
        "A pinned package does not exist ready-made for this Python on this machine: try Python 3.12, "
        "as in `make lab PYTHON=python3.12`."
    ),
}


class SetupError(Exception):
    """A refusal in one line that says what to do; shown without a traceback."""


# ---------------------------------------------------------------- what this machine has


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Refuse a Python that the course's packages do not support."""
    if version[:2] < OLDEST_PYTHON:
        needed, found = dotted(OLDEST_PYTHON), dotted(version)
        raise SetupError(
            f"This is Python {found}; the course needs {needed} or newer. Install one from python.org or "
            f"with your system's package manager, then name it: `make lab PYTHON=python{needed}`, or on "
            f"Windows `py -{needed} tools/lab.py`."
        )


def check_venv_module(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Refuse a Python that cannot fill a new environment with pip, as Debian ships it."""
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:
        raise SetupError(
            f"This Python lacks {' and '.join(missing)}. On Debian or Ubuntu: `sudo apt install "
            f"python{dotted(version[:2])}-venv`, then run the same command again. Or install uv."
        )


def check_room(folder: Path = ROOT) -> None:
    """Refuse to begin what the disk cannot hold."""
    free = shutil.disk_usage(folder).free
    if free < ROOM_NEEDED:
        raise SetupError(
            f"The set-up needs {ROOM_NEEDED / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB left: "
            "free some room there, then run the same command again."
        )


def dotted(version: tuple[int, ...]) -> str:
    """Return a version as it is written: (3, 11) is 3.11."""
    return ".".join(str(part) for part in version)


def base_python() -> str:
    """Return the Python to build on: the real one, even where this one runs inside some environment."""
    return getattr(sys, "_base_executable", None) or sys.executable


def python_in(venv: Path) -> Path:
    """Return the interpreter of an environment, which lies elsewhere on Windows."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def surroundings(lab: Path = LAB) -> dict[str, str]:
    """Return the environment variables in which everything of ours runs, with Jupyter's files in this folder.

    Whatever Python, pip, uv, Jupyter, Matplotlib and Dagster would write to the home folder goes to ignored
    folders of the checkout; whatever of another environment could leak in is left out.
    """
    foreign = {
        "CONDA_PREFIX",
        "DAGSTER_HOME",
        "JUPYTER_CONFIG_PATH",
        "JUPYTER_PATH",
        "PYTHONHOME",
        "PYTHONPATH",
        "UV_PROJECT_ENVIRONMENT",
        "UV_SYSTEM_PYTHON",
        "VIRTUAL_ENV",
    }
    kept = {name: value for name, value in os.environ.items() if name not in foreign}
    return {
        **kept,
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "IPYTHONDIR": str(lab / "ipython"),
        "JUPYTER_CONFIG_DIR": str(lab / "config"),
        "JUPYTER_DATA_DIR": str(lab / "data"),
        "JUPYTER_RUNTIME_DIR": str(lab / "runtime"),
        "MPLCONFIGDIR": str(CACHE / "matplotlib"),
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "XDG_CACHE_HOME": str(CACHE),
    }


# ---------------------------------------------------------------- what was set up, and from what


def fingerprint(*parts: object) -> str:
    """Return a hash of files, by their bytes, and of anything else, by how it is written."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else str(part).encode()
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def expected_stamp() -> str:
    """Return the two lines that describe a complete `.venv`: the pins it holds, the package installed in it.

    The Python and the place count as well: an environment works neither with another Python nor after a move.
    """
    pins = fingerprint(PINS, sys.version, sys.base_prefix, str(ROOT))
    return f"pins {pins}\npackage {fingerprint(PROJECT)}\n"


def expected_browser_stamp() -> str:
    """Return the line that describes what drives a browser; an environment made anew has lost it."""
    return f"browser {fingerprint(BROWSER_PINS)}\n"


def read_stamp(venv: Path, name: str = "complete") -> str:
    """Return what a finished set-up wrote, or nothing where there is none or it was interrupted."""
    try:
        return (venv / name).read_text() if python_in(venv).exists() else ""
    except OSError:
        return ""


def write_stamp(venv: Path, stamp: str, name: str = "complete") -> None:
    """Mark a set-up as complete, at one stroke and as its last act."""
    draft = venv / f"{name}.draft"
    draft.write_text(stamp)
    draft.replace(venv / name)


# ---------------------------------------------------------------- the set-up itself


def ready() -> Path:
    """Bring `.venv` up to date, if it is not, and return its Python."""
    if read_stamp(VENV) == expected_stamp():
        return python_in(VENV)
    with one_at_a_time():
        found, expected = read_stamp(VENV), expected_stamp()
        if found.split("\n")[0] != expected.split("\n")[0]:
            install_pins()
        if found != expected:
            (VENV / "complete").unlink(missing_ok=True)
            install_package(VENV)
            write_stamp(VENV, expected)
    return python_in(VENV)


def ready_for_browser() -> Path:
    """Bring `.venv` up to date, with what drives a browser on top of it, and return its Python."""
    python = ready()
    if read_stamp(VENV, "browser") != expected_browser_stamp():
        with one_at_a_time():
            pins = count_pins(BROWSER_PINS.read_text(encoding="utf-8"))
            step(f"Installing {pins} pinned packages to drive a browser with", pinned(BROWSER_PINS))
            write_stamp(VENV, expected_browser_stamp(), "browser")
    return python


def install_pins() -> None:
    """Make `.venv` anew with exactly what requirements.txt names, each file's hash checked."""
    create(VENV)
    pins = count_pins(PINS.read_text(encoding="utf-8"))
    how = "with uv" if find_uv() else "with pip: two or three minutes"
    step(f"Installing {pins} pinned packages {how}", pinned(PINS))
    list_fonts(VENV)


def pinned(pins: Path) -> list[str]:
    """Return the command that installs into `.venv` exactly what a file of pins names."""
    # --no-deps: the pins are complete, and pip would reach for newer releases of what has an extra.
    return [*installer(VENV), "--require-hashes", "--no-deps", "--requirement", str(pins)]


def list_fonts(venv: Path) -> None:
    """Have Matplotlib list this machine's fonts: where that is slow, the first chart would complain of it."""
    step("Listing the fonts for charts", [str(python_in(venv)), "-c", "import matplotlib.font_manager"])


def newest() -> Path:
    """Make a second environment, with the newest releases that are admitted, and return its Python."""
    venv = CACHE / "newest"
    with one_at_a_time():
        create(venv)
        step("Installing the newest releases", [*installer(venv), "--upgrade", *ranges()])
        list_fonts(venv)
        install_package(venv)
    return python_in(venv)


def ranges() -> list[str]:
    """Return the requirements in pyproject.toml: the build tool, the course, its lab, its tests."""
    project = read_project()
    return [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["lab"],
        *project["dependency-groups"]["test"],
    ]


def browser_ranges() -> list[str]:
    """Return the requirements in pyproject.toml that only a test in a browser has."""
    wanted: list[str] = read_project()["dependency-groups"]["browser"]
    return wanted


def read_project() -> dict[str, Any]:
    """Return what pyproject.toml says."""
    import tomllib  # noqa: PLC0415 - absent from the old Pythons that have to read this file

    return tomllib.loads(PROJECT.read_text(encoding="utf-8"))


def count_pins(pins: str) -> int:
    """Return how many packages are pinned: each begins a line, its hashes follow indented."""
    return len(re.findall(r"(?m)^[^\s#]", pins))


def install_package(venv: Path) -> None:
    """Install the course itself, as it lies here, with the build tool that is already pinned."""
    step(
        "Installing the course itself",
        [*installer(venv), "--no-index", "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    )


def create(venv: Path) -> None:
    """Make an empty environment, in the place of whatever was there."""
    uv = find_uv()
    if not uv:
        check_venv_module()
    check_room()
    if venv.exists():
        print(f"Removing {venv.name}: it is out of date, or its set-up was interrupted", flush=True)
        remove(venv)
    maker = [uv, "venv", "--quiet", "--python", base_python()] if uv else [base_python(), "-m", "venv"]
    step(f"Making {venv.relative_to(ROOT)} with Python {dotted(sys.version_info[:3])}", [*maker, str(venv)])


def remove(folder: Path) -> None:
    """Delete a folder, and say what holds it where it will not go."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be removed ({error.strerror or error}): close every program that runs from it, "
            "JupyterLab first, then run the same command again."
        ) from None


def find_uv() -> str | None:
    """Return the path of uv where it is installed: it does in seconds what takes pip minutes."""
    return shutil.which("uv")


def installer(venv: Path) -> list[str]:
    """Return the start of an install command for this environment."""
    uv, python = find_uv(), str(python_in(venv))
    if uv:
        return [uv, "pip", "install", "--python", python, "--compile-bytecode"]
    return [python, "-m", "pip", "install", "--no-input"]


def step(title: str, argv: list[str]) -> None:
    """Say what is being done and do it; the output goes to a log, from which a failure is explained."""
    print(f"{title} ...", flush=True)
    scratch = CACHE / "tmp"  # where there is room: a system's own folder for it may be a slice of memory
    scratch.mkdir(exist_ok=True)
    done = subprocess.run(
        argv,
        cwd=ROOT,
        env={**surroundings(), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))},
        check=False,
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    LOG.write_text(done.stdout, encoding="utf-8")
    if done.returncode:
        raise SetupError(explain(done.stdout))


def explain(output: str) -> str:
    """Return, for what a failed installer printed, the one line that helps."""
    for pattern, explanation in EXPLANATIONS.items():
        if re.search(pattern, output):
            return explanation
    last = (output.strip().splitlines() or ["it said nothing"])[-1].strip()
    return f"The set-up failed: {last} (all of it is in {LOG.relative_to(ROOT)})"


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the set-up for this process alone: two at once would build on each other's half-done work."""
    with (CACHE / "setup.lock").open("a") as handle:
        if not locked(handle):
            print("Waiting for another set-up of this checkout to end ...", flush=True)
            while not locked(handle):
                time.sleep(0.5)
        yield  # the system frees the lock with the file, even when the process is killed


def locked(handle: IO[str]) -> bool:
    """Try to lock an open file for this process; tell whether it worked."""
    try:
        if os.name == "nt":
            import msvcrt  # noqa: PLC0415 - only Windows has it

            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - Windows lacks it

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


# ---------------------------------------------------------------- how every tool begins and ends


def run(main: Callable[[], int]) -> int:
    """Call a tool's main function and return the exit code; what the machine lacks is one line on stderr."""
    try:
        check_python()
        CACHE.mkdir(exist_ok=True)
        LAB.mkdir(exist_ok=True)
        return main()
    except SetupError as error:
        problem = str(error)
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        locked_out = f"{error.filename or ROOT} cannot be written: put the course in a folder that is yours."
        problem = NO_ROOM if error.errno == errno.ENOSPC else locked_out
    except KeyboardInterrupt:
        problem = "Stopped. What was half done is done afresh by the next call."
    print(problem, file=sys.stderr)
    return 1


def main() -> int:
    """Set up; with arguments, hand them to the environment's Python."""
    python = ready()
    if not sys.argv[1:]:
        return 0
    return subprocess.run([str(python), *sys.argv[1:]], cwd=ROOT, env=surroundings(), check=False).returncode


if __name__ == "__main__":
    sys.exit(run(main))
