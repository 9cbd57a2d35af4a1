"""A workspace for each test, empty or with two customers loaded, and one that a module's tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.workspace import Workspace, clone_workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Open a workspace with an empty source folder, no database and an instance without keys."""
    with open_workspace(tmp_path) as workspace:
        yield workspace


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Load acme with two rows and globex with one, only for copying."""
    with open_workspace(tmp_path_factory.mktemp("original")) as workspace:
        workspace.add("acme", 1.5, 2.5)
        workspace.add("globex", 9.75)
        workspace.load_range("acme", "globex")
        assert workspace.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
        yield workspace


@pytest.fixture
def loaded(original: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """Copy the workspace in which acme is loaded with two rows and globex with one."""
    with clone_workspace(original, tmp_path) as workspace:
        yield workspace


@pytest.fixture(scope="module")
def _shared(original: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with clone_workspace(original, tmp_path_factory.mktemp("shared")) as workspace:
        yield workspace


@pytest.fixture
def shared(_shared: Workspace) -> Workspace:
    """Like `loaded`, but shared by a module's tests of errors, each of which asserts that nothing changes."""
    _shared.add("acme", 1.5, 2.5)
    return _shared


@pytest.fixture
def an_ordinary_user() -> Iterator[None]:
    """Run without the rights of the superuser, who may read and write every file."""
    is_superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_superuser:
        os.seteuid(65534)
    yield
    if is_superuser:
        os.seteuid(0)
