"""Set up the course's own environment: the exact pins in `.venv`, and nothing outside the checkout.

    python tools/environment.py                     set up, then stop
    python tools/environment.py -m benchmarks       set up, then run its Python with these arguments

Standard library only, and only syntax that Python 3.7 can parse: an older Python must be able to report that
it is too old.
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
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
LAB = ROOT / ".lab"
VENV = ROOT / ".venv"
PINS = ROOT / "requirements.txt"
BROWSER_PINS = ROOT / "requirements-browser.txt"
UV_PINS = ROOT / "requirements-uv.txt"
PROJECT = ROOT / "pyproject.toml"
LOG = CACHE / "setup.log"

OLDEST_PYTHON = (3, 11)
BYTES_NEEDED = 1_500_000_000  # the packages take half of it, their downloads and the compiling the rest
HEARTBEAT_SECONDS = 10.0

# Python compiles a package when it is first imported. Compiling all of them would double the set-up's time,
# compiling none would delay the first lesson.
FIRST_IMPORTS = "dagster_duckdb, ipykernel.kernelapp, jupyterlab.labapp, pandas"

NO_ROOM = "There is no room left on this disk: free some 1.5 GB, then run the same command again."

# What to do about an installer's error message; the first pattern that matches counts.
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
    """An error whose message is one sentence with the next move; printed without a traceback."""


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> None:
    """Reject a Python that the course's packages do not support."""
    if version[:2] < OLDEST_PYTHON:
        needed, found = format_version(OLDEST_PYTHON), format_version(version)
        raise SetupError(
            f"This is Python {found}; the course needs {needed} or newer. Install one from python.org or "
            f"with your system's package manager, then name it: `make lab PYTHON=python{needed}`, or on "
            f"Windows `py -{needed} tools/lab.py`."
        )


def check_room(folder: Path) -> None:
    """Reject a disk that the packages would fill."""
    free = shutil.disk_usage(folder).free
    if free < BYTES_NEEDED:
        raise SetupError(
            f"The set-up needs {BYTES_NEEDED / 1e9:.1f} GB and {folder} has {free / 1e9:.1f} GB left: "
            "free some room there, then run the same command again."
        )


def format_version(version: tuple[int, ...]) -> str:
    """Return (3, 11) as 3.11."""
    return ".".join(map(str, version))


def find_python(venv: Path) -> Path:
    """Return the path of an environment's interpreter."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def build_variables(lab: Path = LAB) -> dict[str, str]:
    """Return the environment variables for every program of the course, with Jupyter's files in this folder.

    With them, tools write to ignored folders of the checkout instead of the home folder. Variables of another
    environment are left out.
    """
    foreign = {
        *("CONDA_PREFIX", "DAGSTER_HOME", "JUPYTER_CONFIG_PATH", "JUPYTER_PATH", "PYTHONHOME", "PYTHONPATH"),
        *("UV_PROJECT_ENVIRONMENT", "UV_SYSTEM_PYTHON", "VIRTUAL_ENV"),
    }
    return {
        **{name: value for name, value in os.environ.items() if name not in foreign},
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "IPYTHONDIR": str(lab / "ipython"),
        "JUPYTER_CONFIG_DIR": str(lab / "config"),
        "JUPYTER_DATA_DIR": str(lab / "data"),
        "JUPYTER_RUNTIME_DIR": str(lab / "runtime"),
        "PIP_CACHE_DIR": str(CACHE / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_USER": "0",
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "XDG_CACHE_HOME": str(CACHE),
    }


def set_up(*, for_browser: bool = False) -> Path:
    """Bring `.venv` up to date, with a browser's driver on request, and return its Python."""
    # The Python and the place count: an environment works neither with another Python nor after a move.
    inputs = (PINS, UV_PINS, sys.version, sys.base_prefix, str(ROOT))
    packages = f"{count_pins(PINS)} pinned packages"
    with lock_setup():
        complete_once("pins", inputs, lambda: install_packages(VENV, packages, require(PINS)))
        complete_once("package", (PROJECT,), lambda: install_course(VENV))
        if for_browser:
            complete_once("browser", (BROWSER_PINS,), install_browser_pins)
    return find_python(VENV)


def set_up_newest() -> Path:
    """Make another environment, with the newest releases in pyproject.toml's ranges; return its Python."""
    venv = CACHE / "newest"
    with lock_setup():
        install_packages(venv, "the newest releases", ["--upgrade", *read_ranges("test")])
        install_course(venv)
    return find_python(venv)


def complete_once(name: str, inputs: tuple[Path | str, ...], work: Callable[[], None]) -> None:
    """Do a part of the set-up, unless it was completed with the same inputs.

    The stamp goes before the work and is written after it, so an interrupted part is done again.
    """
    stamp, expected = VENV / f"{name}.complete", hash_inputs(inputs)
    if find_python(VENV).exists() and stamp.exists() and stamp.read_text() == expected:
        return
    stamp.unlink(missing_ok=True)
    work()
    stamp.write_text(expected)


def hash_inputs(inputs: tuple[Path | str, ...]) -> str:
    """Return a hash of texts, and of the content of files."""
    contents = [value.read_bytes() if isinstance(value, Path) else value.encode() for value in inputs]
    return hashlib.sha256(repr(contents).encode()).hexdigest()


def install_browser_pins() -> None:
    """Install what drives a browser into `.venv`."""
    title = f"Installing {count_pins(BROWSER_PINS)} pinned packages to drive a browser with"
    run_step(title, [*find_installer(VENV), *require(BROWSER_PINS)])


def install_packages(venv: Path, packages: str, arguments: list[str]) -> None:
    """Fill a new environment with uv, or with pip if that fails.

    pip takes ten times as long, but it runs where there is no uv, and its configuration may name an index
    that uv does not know, such as a company's mirror.
    """
    make_environment(venv)
    try:
        run_step("Installing uv", [*find_installer(venv), "--retries", "1", *require(UV_PINS)])
        run_step(f"Installing {packages} with uv", [*find_installer(venv), *arguments])
    except SetupError:
        print("uv could not install them, so pip does.", flush=True)
        remove(venv)
        make_environment(venv)
        run_step(f"Installing {packages} with pip: two or three minutes", [*find_installer(venv), *arguments])
    run_step("Compiling what every lesson imports", [str(find_python(venv)), "-c", f"import {FIRST_IMPORTS}"])


def install_course(venv: Path) -> None:
    """Install the course itself, as it lies here, with the build tool that is already pinned."""
    offline = ["--no-index", "--no-deps", "--no-build-isolation"]
    run_step("Installing the course itself", [*find_installer(venv), *offline, "--editable", str(ROOT)])


def make_environment(venv: Path) -> None:
    """Make an environment with nothing but pip, in the place of any earlier one."""
    # The real Python, even if this one runs inside an environment.
    base = getattr(sys, "_base_executable", None) or sys.executable
    maker = [base, "-m", "venv"]
    missing = [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]
    if missing:  # Debian ships them separately
        uv = shutil.which("uv")
        if not uv:
            raise SetupError(
                f"This Python lacks {' and '.join(missing)}. On Debian or Ubuntu: `sudo apt install "
                f"python{format_version(sys.version_info[:2])}-venv`, then run the same command again. "
                "Or install uv."
            )
        maker = [uv, "venv", "--seed", "--python", base]
    check_room(ROOT)
    if venv.exists():
        print(f"Removing {venv.name}: it is out of date, or its set-up was interrupted", flush=True)
        remove(venv)
    version = format_version(sys.version_info[:3])
    run_step(f"Making {venv.relative_to(ROOT)} with Python {version}", [*maker, str(venv)])


def find_installer(venv: Path) -> list[str]:
    """Return the start of an install command: uv's if the environment has uv, else pip's."""
    python = find_python(venv)
    # Both as modules: the first line of an installed script breaks on an apostrophe in its path.
    if python.with_name("uv.exe" if os.name == "nt" else "uv").exists():
        return [str(python), "-m", "uv", "pip", "install", "--python", str(python)]
    return [str(python), "-m", "pip", "install", "--no-input", "--no-compile"]


def require(pins: Path) -> list[str]:
    """Return the arguments that install exactly what a file of pins names, each download's hash checked."""
    # --no-deps: the pins are complete, and pip would look for newer releases of packages with an extra.
    return ["--require-hashes", "--no-deps", "--requirement", str(pins)]


def remove(folder: Path) -> None:
    """Delete a folder; the error says what to close if a program holds it."""
    try:
        shutil.rmtree(folder)
    except OSError as error:
        raise SetupError(
            f"{folder} cannot be removed ({error.strerror or error}): close every program that runs from it, "
            "JupyterLab first, then run the same command again."
        ) from None


def run_step(title: str, argv: list[str]) -> None:
    """Print what is being done and do it; the output goes to a log, from which a failure is explained."""
    print(f"{title} ...", flush=True)
    scratch = CACHE / "tmp"  # on the checked disk: a system's own folder may be a small part of memory
    scratch.mkdir(exist_ok=True)
    started = time.monotonic()
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        env={**build_variables(), **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))},
        encoding="utf-8",
        errors="replace",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    ) as process:
        try:
            output = None
            while output is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output = process.communicate(timeout=HEARTBEAT_SECONDS)[0]
                if output is None:
                    print(f"    still at work after {time.monotonic() - started:.0f} s", flush=True)
        finally:
            process.kill()  # has no effect on a program that has ended
    LOG.write_text(output, encoding="utf-8")
    if process.returncode:
        raise SetupError(explain_failure(output))


def explain_failure(output: str) -> str:
    """Return one line that says what to do about an installer's output."""
    for pattern, explanation in EXPLANATIONS.items():
        if re.search(pattern, output):
            return explanation
    last = (output.strip().splitlines() or ["it said nothing"])[-1].strip()
    return f"The set-up failed: {last} (all of it is in {LOG.relative_to(ROOT)})"


def read_ranges(*groups: str) -> list[str]:
    """Return pyproject.toml's requirements in these groups; "test" includes the course and its lab."""
    import tomllib  # noqa: PLC0415 - absent from the old Pythons that have to read this file

    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    ranges = [requirement for group in groups for requirement in project["dependency-groups"][group]]
    if "test" in groups:
        ranges += project["build-system"]["requires"] + project["project"]["dependencies"]
        extras = project["project"]["optional-dependencies"]
        ranges += [requirement for extra in extras.values() for requirement in extra]
    return ranges


def count_pins(pins: Path) -> int:
    """Return how many packages a file pins: each begins a line, and its hashes follow indented."""
    return len(re.findall(r"(?m)^[^\s#]", pins.read_text(encoding="utf-8")))


@contextlib.contextmanager
def lock_setup() -> Iterator[None]:
    """Keep other processes from setting up the same checkout; the system frees a killed process's lock."""
    with (CACHE / "setup.lock").open("a") as file:
        if not try_lock(file):
            print("Waiting for another set-up of this checkout to end ...", flush=True)
            while not try_lock(file):
                time.sleep(0.5)
        yield


def try_lock(file: IO[str]) -> bool:
    """Lock an open file for this process, and return whether that worked."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only Windows has it

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - Windows lacks it

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def run_tool(main: Callable[[], int]) -> int:
    """Call a tool's main function and return the exit code; print a failure of the machine as one line."""
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
    """Set up, then run the environment's Python with the arguments, if there are any."""
    argv = [str(set_up()), *sys.argv[1:]]
    return (
        subprocess.run(argv, cwd=ROOT, env=build_variables(), check=False).returncode if sys.argv[1:] else 0
    )


if __name__ == "__main__":
    sys.exit(run_tool(main))
