"""The tile "Dagster" in JupyterLab's launcher, which shows Dagster's UI in a tab, behind JupyterLab's token.

jupyter-server-proxy finds it by an entry point in pyproject.toml, and forwards what is below `/dagster` to a
Unix socket. A kernel whose notebook has started Dagster's webserver links that socket here. This module is no
part of the classroom, so that JupyterLab does not import Dagster when it starts.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

NAME = "dagster"
_LONGEST_SOCKET = 103  # bytes of a path: macOS allows no more, Linux four more
NOT_RUNNING = "Dagster is not running. Run the cells of notebook 05 that start it, then reload this page."


def describe() -> dict[str, Any]:
    """Return the description of the tile for jupyter-server-proxy."""
    return {
        "unix_socket": str(_shorten(find_link())),
        "absolute_url": True,  # the webserver knows its prefix
        "mappath": require_running,
        "new_browser_tab": False,
        "launcher_entry": {"title": "Dagster", "category": "Other"},
    }


def require_running(path: str) -> str:
    """Return the path of a request unchanged, if there is a webserver to answer it.

    jupyter-server-proxy calls this before it forwards a request.

    Raises:
        tornado.web.HTTPError: no kernel is running a webserver; Jupyter shows the message as a page.
    """
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(_shorten(find_link())))
    except (AttributeError, OSError) as error:  # on Windows, Python has no such sockets
        from tornado.web import HTTPError  # noqa: PLC0415 - JupyterLab has it

        raise HTTPError(503, NOT_RUNNING) from error
    return path


def find_link() -> Path:
    """Return the path of the link to the webserver's socket, in the private folder of Jupyter's own files."""
    return Path(jupyter_runtime_dir()) / f"{NAME}.sock"


def find_prefix() -> str | None:
    """Return the path below which the Jupyter server of this kernel shows the webserver, such as `/dagster`.

    It is None if no Jupyter server has started this process.
    """
    server = Path(jupyter_runtime_dir()) / f"jpserver-{os.environ.get('JPY_PARENT_PID')}.json"
    try:
        return f"{json.loads(server.read_text(encoding='utf-8'))['base_url']}{NAME}"
    except (OSError, ValueError, KeyError):
        return None


def _shorten(path: Path) -> Path:
    """Return the path, relative to where Jupyter was started if it is otherwise too long for a socket."""
    return path if len(os.fsencode(path)) <= _LONGEST_SOCKET else Path(os.path.relpath(path))
