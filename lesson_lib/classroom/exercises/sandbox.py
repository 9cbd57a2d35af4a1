"""The sandbox: a throwaway folder, instance and database in which a learner's code runs."""

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    imported: set[str] = field(default_factory=set)  # the keys that `load` has imported

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
            resources=self.resources(),
            selection=selection,
        )

    def materialize_range(self, asset: Any, first: str, last: str) -> dg.ExecuteInProcessResult:  # noqa: ANN401 - any value that a learner gives
        """Materialize an asset in one run for the registered keys from the first to the last."""
        require_set(asset)
        ends = {"start": first, "end": last}
        tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items()}
        return dg.materialize([asset], tags=tags, instance=self.instance, resources=self.resources())

    def resources(self) -> dict[str, SourceFolder | Warehouse]:
        """Return the course's resources for this sandbox."""
        return {
            "source": SourceFolder(path=str(self.lab.source)),
            "database": Warehouse(database=str(self.lab.database)),
        }

    def load(self, table: Any, key: str) -> None:  # noqa: ANN401 - any value that a learner gives
        """Materialize a table's asset for a key; an `import_dynamic_partition_file` gives it the path."""
        require_set(table)  # before the other asset shares its partitions

        @dg.asset(partitions_def=table.partitions_def)
        def import_dynamic_partition_file(context: dg.AssetExecutionContext) -> str:
            return str(self.lab.source / f"{context.partition_key}.csv")

        # The path of a key's file stays the same, so it is imported once.
        selection = [table] if key in self.imported else None
        self.imported.add(key)
        self.materialize([import_dynamic_partition_file, table], key, selection)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """Run a query on the database, with values for its `?`."""
        with duckdb.connect(self.lab.database) as con:
            return con.execute(sql, values).fetchall()


@contextmanager
def open_sandbox() -> Iterator[Sandbox]:
    """Make a sandbox for one scenario, and remove it afterwards."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield Sandbox(Lab(), instance)


def require_set(asset: Any) -> str:  # noqa: ANN401 - any value that a learner gives
    """Return the name of an asset's dynamic partitions.

    Raises:
        NoAnswer: it is not an asset, or has no dynamic partitions.
    """
    if inspect.isfunction(asset):
        raise NoAnswer("That is a plain function. Put @dg.asset(partitions_def=s3_partitions_def) above it.")
    if not isinstance(asset, dg.AssetsDefinition):
        raise NoAnswer("Give check your asset, by the name of its function and without brackets.")
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
