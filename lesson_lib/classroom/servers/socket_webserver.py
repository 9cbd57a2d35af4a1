"""Dagster's webserver on a Unix socket, for which it has no option: the first argument is the socket's path.

It runs by its path: as a module of the course, it would first import all of the classroom.
"""

import os
import sys
from typing import Any

import uvicorn
from dagster_webserver.cli import main

_run = uvicorn.run


def _run_on_socket(app: Any, *, host: str, port: int, **options: Any) -> None:  # noqa: ANN401, ARG001 - as uvicorn's
    """Take the place of `uvicorn.run`, and listen on the socket instead of the port."""
    os.umask(0o077)
    _run(app, uds=_socket, **options)


if __name__ == "__main__":
    _socket = sys.argv.pop(1)
    uvicorn.run = _run_on_socket  # type: ignore[assignment]  # it takes the arguments that Dagster gives
    main()  # type: ignore[no-untyped-call]
