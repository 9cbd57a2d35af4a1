"""A world for each test, empty or with two customers loaded, and one that refusals share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.world import World, new_world


def _with_two_customers(world: World) -> World:
    world.add("acme", 1.5, 2.5)
    world.add("globex", 9.75)
    world.load_range("acme", "globex")
    assert world.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    return world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty source folder, no database yet, and an instance that knows no key."""
    with new_world(tmp_path) as world:
        yield world


@pytest.fixture
def loaded(world: World) -> World:
    """Acme with two rows and globex with one, both loaded."""
    return _with_two_customers(world)


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with new_world(tmp_path_factory.mktemp("shared")) as world:
        yield _with_two_customers(world)


@pytest.fixture
def steady(_shared: World) -> World:
    """Like `loaded`, and shared by a module's refusals: they leave it as it was, as each of them asserts."""
    _shared.add("acme", 1.5, 2.5)
    return _shared


@pytest.fixture
def an_ordinary_user() -> Iterator[None]:
    """Have the rights of nobody in particular: the superuser may read and write every file."""
    is_superuser = hasattr(os, "geteuid") and os.geteuid() == 0
    if is_superuser:
        os.seteuid(65534)
    yield
    if is_superuser:
        os.seteuid(0)
