"""What the processes of Dagster have in common: the webserver and the daemon."""

import os
from collections.abc import Mapping
from pathlib import Path

import dagster as dg


def make_variables(home: Path, folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment variables for a process of Dagster: the kernel's, and those below.

    Args:
        home: the DAGSTER_HOME.
        folder: where it and its runs put temporary files; its path must be short, since some are sockets.
        env: more variables, for the resources of the definitions.
    """
    own = {"DAGSTER_HOME": str(home), "DAGSTER_DISABLE_TELEMETRY": "1", "TMPDIR": str(folder)}
    return {**os.environ, **env, **own}


def select_definitions(definitions: str | Path) -> tuple[str, str]:
    """Return the option of Dagster's commands for definitions in a module, or in a Python file."""
    if isinstance(definitions, Path):
        return "--python-file", str(definitions.absolute())
    return "--module-name", definitions


def create_tables(home: Path) -> None:
    """Create the tables of an instance, before two processes try to do so at the same time."""
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.get_runs(limit=1)
        instance.get_dynamic_partitions("")
        instance.all_instigator_state()
