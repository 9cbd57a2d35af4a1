"""Each file of tests starts its own servers, and none of them outlives it."""

import sys
from collections.abc import Iterator

import pytest

from lesson_lib.classroom.servers.server_group import stop_servers

if sys.platform == "win32":
    collect_ignore_glob = ["test_*"]  # there, these servers do not exist


@pytest.fixture(scope="module", autouse=True)
def _servers() -> Iterator[None]:
    """Stop all servers at the end of the file."""
    yield
    stop_servers()
