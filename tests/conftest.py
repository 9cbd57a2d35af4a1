"""A fixture of all tests: expensive work with the same result for each of them is done once."""

from collections.abc import Iterator

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory


@pytest.fixture(scope="session", autouse=True)
def read_migrations_once() -> Iterator[None]:
    """Let Alembic read Dagster's migrations once for each kind of storage, not once for each instance.

    Each instance is stamped with the revision of its schema as usual. To find that, Alembic imports 89 files,
    which takes four fifths of the time of making an ephemeral instance, and the files do not change.
    """
    directories: dict[str | None, ScriptDirectory] = {}
    read = ScriptDirectory.from_config

    def read_once(config: Config) -> ScriptDirectory:
        location = config.get_main_option("script_location")
        if location not in directories:
            directories[location] = read(config)
        return directories[location]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", read_once)
        yield
