"""Open the course in JupyterLab, after setting it up if necessary.

python tools/lab.py               on the first free port from 8888 on
python tools/lab.py --port 9000   on this port, or not at all
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from typing import TYPE_CHECKING, Any

from environment import LAB, ROOT, SetupError, build_variables, run_tool, set_up

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTEBOOK = "notebooks/01_irregular_partitions.ipynb"
LOG = "jupyter.log"
HOST = "127.0.0.1"
PORTS = range(8888, 8938)
START_TIMEOUT_SECONDS = 90  # a first start on a slow disk is slow

FLAGS = [
    "--no-browser",  # it is opened here, once the server answers
    "--ServerApp.port_retries=0",  # the port was chosen here and announced
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",  # the pins decide
    "--LabApp.extension_manager=readonly",  # its catalogue lies on the network
    "--LanguageServerManager.autodetect=False",  # looking for language servers, npm writes to the home folder
]

# Answers what JupyterLab would otherwise ask each learner, and keeps it from fetching news.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}}

# A kernel that does not mark a notebook as changed when it is opened, and that helps after a restart.
KERNEL = {
    "IPKernelApp": {"kernel_class": "lesson_lib.course_kernel.CourseKernel"},
    "InteractiveShellApp": {"extensions": ["lesson_lib.after_restart"]},
}


def main() -> int:
    """Set up, start JupyterLab, print its address, and wait until it ends."""
    parser = argparse.ArgumentParser(description="Open the course in JupyterLab.")
    parser.add_argument("--port", type=int, help="this port, or not at all")
    wanted = parser.parse_args().port
    python = set_up()
    with contextlib.suppress(KeyboardInterrupt), serve(python, choose_port(wanted)) as (server, address):
        announce(address)
        server.wait()
    return 0


@contextlib.contextmanager
def serve(
    python: Path, port: int, root: Path = ROOT, lab: Path = LAB
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start JupyterLab, yield the server and its address once it answers, and close it in any case.

    It serves the files below `root`, and keeps its settings, its runtime files and its log in `lab`.
    """
    write_settings(lab)
    trust_notebooks(python, root, lab)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that the server ends with this program
    print("Starting JupyterLab ...", flush=True)
    token = secrets.token_hex(16)
    with (lab / LOG).open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            build_command(python, port, root),
            cwd=ROOT,
            # Not as an argument: every user of the machine can read the arguments of a running program.
            env={**build_variables(lab), "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield server, wait_for_server(server, token, lab)
        except KeyboardInterrupt:
            print("\nClosing JupyterLab ...", flush=True)
            raise
        finally:
            close(server)


def choose_port(wanted: int | None) -> int:
    """Return the requested port, or the first free one; print a line if that is not the usual one."""
    if wanted:
        if is_taken(wanted):
            raise SetupError(
                f"Port {wanted} is taken by another program: choose another, as in "
                f"`make lab PORT={wanted + 1}`, or none, and the first free one is used."
            )
        return wanted
    for port in PORTS:
        if not is_taken(port):
            if port != PORTS[0]:
                print(f"Port {PORTS[0]} is taken by another program: using {port}.", flush=True)
            return port
    taken = f"Ports {PORTS[0]} to {PORTS[-1]} are all taken"
    raise SetupError(f"{taken}: name a free one, as in `make lab PORT=9000`.")


def is_taken(port: int) -> bool:
    """Return whether a program is using a port of this machine."""
    with socket.socket() as probe:
        if os.name != "nt":  # on Windows this option would share a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def write_settings(lab: Path) -> None:
    """Write the settings to where only the JupyterLab that keeps its files in this folder reads them."""
    folder = lab / "config" / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "default_setting_overrides.json").write_text(json.dumps(SETTINGS, indent=2), encoding="utf-8")
    profile = lab / "ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.json").write_text(json.dumps(KERNEL, indent=2), encoding="utf-8")


def build_command(python: Path, port: int, root: Path = ROOT) -> list[str]:
    """Return the command that opens JupyterLab on the first notebook, reachable from this machine only."""
    return [
        *(str(python), "-m", "jupyterlab", f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}"),
        *(f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{NOTEBOOK}"),
        *FLAGS,
        *(["--allow-root"] if is_root() else []),
    ]


def is_root() -> bool:
    """Return whether the user is root, as in a container; Jupyter refuses root without a flag."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def trust_notebooks(python: Path, root: Path, lab: Path) -> None:
    """Mark the course's notebooks as trusted in this JupyterLab.

    It would otherwise show their stored outputs without styles until they are run.
    """
    notebooks = sorted(map(str, (root / "notebooks").glob("*.ipynb")))
    subprocess.run(
        [str(python), "-m", "nbformat.sign", *notebooks],
        env=build_variables(lab),
        check=False,  # a failure affects only the styles
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_server(server: subprocess.Popen[bytes], token: str, lab: Path) -> str:
    """Return the address to open, once the server has written its runtime file and accepts connections."""
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        for path in (lab / "runtime").glob("jpserver-*.json"):
            running = read_runtime_file(path)
            if running.get("token") == token and is_taken(running["port"]):
                return f"http://{HOST}:{running['port']}/lab/tree/{NOTEBOOK}?token={token}"
        time.sleep(0.1)
    log = lab / LOG
    raise SetupError(f"JupyterLab did not start. The end of {log.relative_to(ROOT)}:\n{read_end(log)}")


def read_runtime_file(path: Path) -> dict[str, Any]:
    """Return a server's description of itself, or nothing if it is still writing it."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def read_end(log: Path) -> str:
    """Return the last five lines of a log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def announce(address: str) -> None:
    """Open the browser if there is a display, and print the address in any case."""
    opened = has_display() and webbrowser.open(address)
    print(f"{'JupyterLab is open at' if opened else 'Open this address in a browser:'}\n\n    {address}\n")
    print("Leave this running while you learn; Ctrl-C closes JupyterLab.", flush=True)


def has_display(system: str = sys.platform) -> bool:
    """Return whether a browser could open a window here."""
    if system in {"win32", "darwin"}:
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def close(server: subprocess.Popen[bytes]) -> None:
    """End a program that this one started, such as the server with its kernels."""
    if server.poll() is None:
        server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    sys.exit(run_tool(main))
