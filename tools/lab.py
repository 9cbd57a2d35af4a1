"""Open the course in JupyterLab, set up first where that is needed.

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

from environment import LAB, ROOT, SetupError, ready, run, surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOTEBOOK = "notebooks/01_irregular_partitions.ipynb"
LOG = "jupyter.log"
HOST = "127.0.0.1"
PORTS = range(8888, 8938)
PATIENCE = 90  # seconds until the server has to answer: a first start on a slow disk is slow

FLAGS = [
    "--no-browser",  # it is opened here, once the server answers
    "--ServerApp.port_retries=0",  # the port was chosen here and announced
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",  # the pins decide
    "--LabApp.extension_manager=readonly",  # its catalogue lies on the network
    "--LanguageServerManager.autodetect=False",  # looking for language servers, npm writes to the home folder
]

# What JupyterLab asks and fetches by itself, answered once for everybody.
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"checkForUpdates": False, "fetchNews": "false"}}


def main() -> int:
    """Set up, start JupyterLab, say where it is, and stay until it ends."""
    parser = argparse.ArgumentParser(description="Open the course in JupyterLab.")
    parser.add_argument("--port", type=int, help="this port, or not at all")
    wanted = parser.parse_args().port
    python = ready()
    with contextlib.suppress(KeyboardInterrupt), serving(python, choose_port(wanted)) as (server, address):
        announce(address)
        server.wait()
    return 0


@contextlib.contextmanager
def serving(
    python: Path, port: int, root: Path = ROOT, lab: Path = LAB
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start JupyterLab, give the server and its address once it answers, and close it whatever happens.

    It shows the files below `root`, and keeps its settings, its notes and its log in `lab`.
    """
    write_settings(lab)
    trust_notebooks(python, root, lab)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended or interrupted: the server goes too
    print("Starting JupyterLab ...", flush=True)
    token = secrets.token_hex(16)
    with (lab / LOG).open("w", encoding="utf-8") as log:
        server = subprocess.Popen(
            command(python, port, root),
            cwd=ROOT,
            # Not as an argument: those of a running program can be read by every user of the machine.
            env={**surroundings(lab), "JUPYTER_TOKEN": token},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield server, wait_until_it_answers(server, token, lab)
        except KeyboardInterrupt:
            print("\nClosing JupyterLab ...", flush=True)
            raise
        finally:
            close(server)


def choose_port(wanted: int | None) -> int:
    """Return the port that was asked for, or the first free one; say so where that is not the usual one."""
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
    """Tell whether a program holds a port of this machine."""
    with socket.socket() as probe:
        if os.name != "nt":  # on Windows this option would share a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def write_settings(lab: Path) -> None:
    """Put the settings where the JupyterLab that keeps its files in this folder, and no other, reads them."""
    folder = lab / "config" / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "default_setting_overrides.json").write_text(json.dumps(SETTINGS, indent=2), encoding="utf-8")


def command(python: Path, port: int, root: Path = ROOT) -> list[str]:
    """Return the call that starts JupyterLab on the first notebook, reachable from this machine only."""
    return [
        *(str(python), "-m", "jupyterlab", f"--ServerApp.ip={HOST}", f"--ServerApp.port={port}"),
        *(f"--ServerApp.root_dir={root}", f"--LabApp.default_url=/lab/tree/{NOTEBOOK}"),
        *FLAGS,
        *(["--allow-root"] if is_root() else []),
    ]


def is_root() -> bool:
    """Tell whether root is calling, which Jupyter refuses unless told (a container has no other user)."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def trust_notebooks(python: Path, root: Path, lab: Path) -> None:
    """Tell this JupyterLab that the course's notebooks come from someone who may style their outputs.

    Of other notebooks it shows the stored outputs without their style, until they are run.
    """
    notebooks = sorted(map(str, (root / "notebooks").glob("*.ipynb")))
    subprocess.run(
        [str(python), "-m", "nbformat.sign", *notebooks],
        env=surroundings(lab),
        check=False,  # without it, only the looks suffer
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_until_it_answers(server: subprocess.Popen[bytes], token: str, lab: Path) -> str:
    """Return the address to open, once the server has noted that it runs and takes connections."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        for note in (lab / "runtime").glob("jpserver-*.json"):
            running = read_note(note)
            if running.get("token") == token and is_taken(running["port"]):
                return f"http://{HOST}:{running['port']}/lab/tree/{NOTEBOOK}?token={token}"
        time.sleep(0.1)
    log = lab / LOG
    raise SetupError(f"JupyterLab did not start. The end of {log.relative_to(ROOT)}:\n{last_words(log)}")


def read_note(note: Path) -> dict[str, Any]:
    """Return what a server says of itself, or nothing where it is still writing."""
    try:
        content: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def last_words(log: Path) -> str:
    """Return the end of JupyterLab's log."""
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])


def announce(address: str) -> None:
    """Open the browser where there is a display; give the address in any case."""
    opened = has_display() and webbrowser.open(address)
    print(f"{'JupyterLab is open at' if opened else 'Open this address in a browser:'}\n\n    {address}\n")
    print("Leave this running while you learn; Ctrl-C closes JupyterLab.", flush=True)


def has_display(system: str = sys.platform) -> bool:
    """Tell whether a browser could show itself here."""
    if system in {"win32", "darwin"}:
        return "SSH_CONNECTION" not in os.environ
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def close(server: subprocess.Popen[bytes]) -> None:
    """End a program that was started here, such as the server with its kernels."""
    if server.poll() is None:
        server.terminate()
    try:
        server.wait(timeout=20)
    except subprocess.TimeoutExpired:
        server.kill()


if __name__ == "__main__":
    sys.exit(run(main))
