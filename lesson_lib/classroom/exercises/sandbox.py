"""The sandbox: a throwaway folder, instance and database in which a learner's code runs."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg
import duckdb

from lesson_lib.classroom.exercises.exercise import NoAnswer
from lesson_lib.classroom.lab.folder import Lab
from lesson_lib.pipeline import SourceFolder, Warehouse

KEYS = "s3"  # the set in which the exercises look for keys


@dataclass(frozen=True)
class Sandbox:
    """The place where one scenario runs, separate from everything that belongs to the learner."""

    lab: Lab  # a folder with its own source files, and no database yet
    instance: dg.DagsterInstance  # an ephemeral instance without keys
    closing: ExitStack  # closes what the sandbox opens

    def write(self, key: str, text: str) -> None:
        """Write the source file of a key; a lone surrogate becomes a broken byte."""
        path = self.lab.source / f"{key}.csv"
        path.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")

    def materialize(
        self, assets: list[Any], key: str, selection: list[Any] | None = None
    ) -> dg.ExecuteInProcessResult:
        """Register the key in the set of the first asset, and materialize all or some of the assets for it.

        The resources are those of the course: `source`, a `SourceFolder`, and `database`, a `Warehouse`.

        Raises:
            NoAnswer: the first one is not an asset, or has no dynamic partitions.
            Exception: whatever the assets raised.
        """
        self.instance.add_dynamic_partitions(require_set(assets[0]), [key])
        return dg.materialize(
            assets,
            partition_key=key,
            instance=self.instance,
            resources=self.resources() | {"paths": _Paths(self.lab.source)},
            selection=selection,
        )

    def materialize_range(self, asset: Any, first: str, last: str) -> dg.ExecuteInProcessResult:  # noqa: ANN401 - any value that a learner gives
        """Materialize an asset in one run for the registered keys from the first to the last."""
        require_set(asset)
        ends = {"start": first, "end": last}
        tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
        return dg.materialize([asset], tags=tags, instance=self.instance, resources=self.resources())

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """A connection to the database, which stays open until the scenario ends.

        While one is open, DuckDB serves the answer's own connections from the same memory: opening a database
        takes 15 ms, as long as all other work on eight rows.
        """
        return self.closing.enter_context(duckdb.connect(self.lab.database))

    def resources(self) -> dict[str, object]:
        """Return the course's resources for this sandbox."""
        return {
            "source": SourceFolder(path=str(self.lab.source)),
            "database": Warehouse(database=str(self.lab.database)),
        }

    def load(self, table: Any, key: str) -> None:  # noqa: ANN401 - any value that a learner gives
        """Materialize a table's asset for a key; an `import_dynamic_partition_file` gives it the path."""
        require_set(table)  # before the other asset shares its partitions
        self.connection  # noqa: B018 - stays open from here on

        @dg.asset(partitions_def=table.partitions_def, io_manager_key="paths")
        def import_dynamic_partition_file() -> None: ...

        self.materialize([import_dynamic_partition_file, table], key, selection=[table])

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query on the database, with values for its `?`."""
        return self.connection.execute(sql, values).fetchall()


class _Paths(dg.IOManager):
    """Gives an asset the paths of the files in a folder, without an import that would return them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load_input(self, context: dg.InputContext) -> str:
        """Return the path of the key's file."""
        return str(self.folder / f"{context.partition_key}.csv")

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Store nothing, because the import never runs."""


@contextmanager
def open_sandbox() -> Iterator[Sandbox]:
    """Make a sandbox for one scenario, and remove it afterwards."""
    with open_instance() as instance, ExitStack() as closing:
        yield Sandbox(Lab(), instance, closing)


_idle_instances: list[dg.DagsterInstance] = []


@contextmanager
def open_instance() -> Iterator[dg.DagsterInstance]:
    """Open an ephemeral instance without keys, runs and events, for one scenario.

    Making an instance takes 70 ms, as long as a run, so the next scenario gets the same one, wiped.
    """
    instance = _idle_instances.pop() if _idle_instances else dg.DagsterInstance.ephemeral()
    try:
        yield instance
    except BaseException:
        instance.dispose()  # the answer may have been stopped halfway
        raise
    with suppress(Exception):  # the answer may have closed it
        instance.wipe()
        _idle_instances.append(instance)


def require_set(asset: Any) -> str:  # noqa: ANN401 - any value that a learner gives
    """Return the name of an asset's dynamic partitions.

    Raises:
        NoAnswer: it is not an asset, or has no dynamic partitions.
    """
    if inspect.isfunction(asset):
        raise NoAnswer("That is a plain function. Put @dg.asset(partitions_def=s3_partitions_def) above it.")
    if not isinstance(asset, dg.AssetsDefinition):
        raise NoAnswer("Pass your asset to check, by the name of its function and without parentheses.")
    definition = asset.partitions_def
    if not isinstance(definition, dg.DynamicPartitionsDefinition) or definition.name is None:
        raise NoAnswer(
            "Your asset has no dynamic partitions. Decorate it with partitions_def=s3_partitions_def."
        )
    return definition.name


@dataclass
class OtherRegistrations:
    """The registrations outside the set `s3` of the given instance."""

    sets: list[str] = field(default_factory=list)
    instances: int = 0


@contextmanager
def watch_registrations(given: dg.DagsterInstance) -> Iterator[OtherRegistrations]:
    """Count the registrations elsewhere, and keep every other instance from changing."""
    add, delete = dg.DagsterInstance.add_dynamic_partitions, dg.DagsterInstance.delete_dynamic_partition
    elsewhere = OtherRegistrations()

    def add_and_count(
        instance: dg.DagsterInstance, partitions_def_name: str, partition_keys: Sequence[str]
    ) -> None:
        if instance is not given:  # such as the learner's own, in the notebook
            elsewhere.instances += bool(partition_keys)
            return
        if partition_keys and partitions_def_name != KEYS:
            elsewhere.sets.append(partitions_def_name)
        add(instance, partitions_def_name, partition_keys)

    def delete_if_given(instance: dg.DagsterInstance, partitions_def_name: str, partition_key: str) -> None:
        if instance is given:
            delete(instance, partitions_def_name, partition_key)

    with (
        patch.object(dg.DagsterInstance, "add_dynamic_partitions", add_and_count),
        patch.object(dg.DagsterInstance, "delete_dynamic_partition", delete_if_given),
    ):
        yield elsewhere
