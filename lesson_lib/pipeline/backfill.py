"""Backfill: load any set of customers in one run, in which a broken file fails alone."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError
from tqdm import tqdm

from .assets import duckdb_dynamic_partition_table, import_dynamic_partition_file
from .database_errors import InstanceUnavailable, explain_instance_error
from .errors import PipelineError
from .event_log import (
    IMPORT,
    TABLE,
    describe_file,
    describe_rows,
    find_failed_keys,
    find_latest_events,
    find_loaded_imports,
)
from .keys import InvalidKey, check_customer_key, list_keys, require_usable, s3_partitions_def, suggest_key
from .price_check import build_price_error
from .source_files import Source, SourceFile, SourceUnavailable, UnreadableFile, compute_fingerprint
from .warehouse import CUSTOMER_TABLE, RowStore

Keys = Iterable[str] | dg.PartitionKeyRange
Progress = Callable[[int, int], object]

# A batch is loaded in one transaction. Recording it takes far longer, and leaves the database free. A kill
# loses the current batch, so the first one is small, and none takes much more than a second.
MAX_KEYS_PER_BATCH = 200
_FIRST_BATCH_SIZE = 1
_SECONDS_PER_BATCH = 1.0

# Two backfills in one process take turns, so that the second one finds the keys loaded. Besides, Dagster 1.13
# can hang if a run starts while another thread logs (see "Several threads" in docs/pipeline.md).
_ONE_BACKFILL = threading.RLock()


@dataclass(frozen=True)
class Backfill:
    """The outcome of a call of `backfill` for each key."""

    loaded: Mapping[str, int]  # the number of rows of each key that was loaded
    unchanged: Sequence[str]  # the keys that were loaded before from the present file
    refused: Mapping[str, str]  # why each other key was not loaded; a failed run records it

    def __str__(self) -> str:
        """Return a line of numbers, and one for each error."""
        rows = sum(self.loaded.values())
        counts = f"{len(self.loaded):,} loaded ({rows:,} rows), {len(self.unchanged):,} unchanged"
        return "\n".join([f"{counts}, {len(self.refused):,} refused", *self.refused.values()])


def backfill(
    instance: dg.DagsterInstance,
    keys: Keys | None = None,
    *,
    source: Source,
    database: RowStore,
    progress: Progress | None = None,
) -> Backfill:
    """Load the keys that are missing, failed or corrected, all in one run.

    Dagster's ranges contain only keys that were registered one after the other. So the run is one op, which
    loads up to 200 keys at a time and records materializations of each; a key whose file is refused gets a
    run of both assets, which fails and reports why. If a call ends early (by Ctrl-C, a kill, or a database
    that another process holds), the next one continues.

    Args:
        instance: the instance with the keys, which records the runs.
        keys: the registered keys to load, in any order, or a range of them; None for all.
        source: the folder or bucket of their files.
        database: the database for their rows.
        progress: is called with the number of keys done and of all; None for a bar, if this is a terminal.

    Raises:
        InvalidKey: a key is not registered, or the range contains none; nothing was loaded.
        UnreadableFile: the source is missing, or has no customers' files; nothing was loaded. Or a bucket's
            server does not answer any more.
        WarehouseUnavailable: the database cannot be opened or written to.
        WrongTable: a view has the table's name, or a table with other columns.
        InstanceUnavailable: the instance cannot record what is loaded.
    """
    # This reads environment variables, as a run does.
    resources = {"source": source, "database": database}
    with _ONE_BACKFILL, dg.build_resources(resources, instance=instance) as ready:
        wanted = select_keys(instance, keys)
        if wanted:
            ready.source.scan_nonempty()
        unchanged = find_unchanged_keys(instance, wanted, ready.source, ready.database)
        due = [key for key in wanted if key not in unchanged]
        with _show_progress(progress, len(due)) as report:
            loading = _Loading(ready.source, ready.database, report)
            try:
                if due:
                    loading.run(instance, due)
                loading.fail_refused(instance)
            except dg.DagsterExecutionInterruptedError:
                raise KeyboardInterrupt from None  # Dagster has replaced it
            except SQLAlchemyError as error:
                raise InstanceUnavailable(
                    f"The instance could not record what was loaded {explain_instance_error(error)} "
                    "Then call backfill again: it goes on from what is recorded."
                ) from error
    return Backfill(loading.loaded, [key for key in wanted if key in unchanged], loading.refused)


def missing_keys(instance: dg.DagsterInstance, database: RowStore) -> list[str]:
    """Return the registered keys that were never loaded, have failed since, or have no rows.

    Only `backfill` also compares files, and notices that one was corrected.

    Raises:
        WarehouseUnavailable: the database cannot be opened.
        WrongTable: a view has the table's name, or a table with other columns.
    """
    there = _find_loaded(instance, database.count_rows(CUSTOMER_TABLE))
    return [key for key in select_keys(instance, None) if key not in there]


def select_keys(instance: dg.DagsterInstance, keys: Keys | None) -> list[str]:
    """Return each selected key once; raise InvalidKey if one is not registered, or the range is empty."""
    registered = list(s3_partitions_def.get_partition_keys(dynamic_partitions_store=instance))
    if keys is None:
        return registered
    wanted = [keys.start, keys.end] if isinstance(keys, dg.PartitionKeyRange) else list_keys(keys, "backfill")
    selected: dict[str, None] = {}
    known = set(registered)
    for key in wanted:
        # Dagster registers any key, so one that breaks the rules may be registered, and fails alone.
        if not isinstance(key, str) or key not in known:
            check_customer_key(key)
            raise InvalidKey(
                f"{key!r} is not registered.{suggest_key(key, registered)} "
                f"Register it first: register_keys(instance, [{key!r}])."
            )
        selected[key] = None
    if not isinstance(keys, dg.PartitionKeyRange):
        return list(selected)
    first, last = registered.index(keys.start), registered.index(keys.end)
    if last < first:
        raise InvalidKey(
            f"The range {keys.start!r} to {keys.end!r} contains no keys: "
            "its end was registered before its start. Swap them."
        )
    return registered[first : last + 1]


def find_unchanged_keys(
    instance: dg.DagsterInstance, keys: Sequence[str], source: Source, database: RowStore
) -> set[str]:
    """Return the keys that are loaded from their present files."""
    rows = database.summarize(CUSTOMER_TABLE, keys)
    loaded = _find_loaded(instance, rows)
    imports = find_loaded_imports(instance, [key for key in keys if key in loaded], loaded)
    unchanged = set()
    for key, recorded in imports.items():
        if recorded.rows == rows.get(key):
            try:
                if compute_fingerprint(source.find(key)) == recorded.fingerprint:
                    unchanged.add(key)
            except SourceUnavailable:
                raise
            except (OSError, UnreadableFile):
                continue  # the load reports it
            finally:
                source.discard_copies()
    return unchanged


def _find_loaded(instance: dg.DagsterInstance, rows: Collection[str | None]) -> dict[str, int]:
    """Return the keys that are loaded, each with the event number of its import."""
    imports, tables = (find_latest_events(instance, asset) for asset in (IMPORT, TABLE))
    failed = find_failed_keys(instance, IMPORT, s3_partitions_def, imports)
    failed |= find_failed_keys(instance, TABLE, s3_partitions_def, tables)
    return {
        key: number
        for key, number in imports.items()
        if tables.get(key, 0) > number and key in rows and key not in failed
    }


@contextmanager
def _show_progress(progress: Progress | None, total: int) -> Iterator[Callable[[int], object]]:
    """Yield a function that reports how many keys are done."""
    if progress:
        yield lambda done: progress(done, total)
    else:
        # `disable=None` shows the bar only in a terminal.
        with tqdm(total=total, desc="backfill", unit=" keys", disable=None) as bar:
            yield lambda done: bar.update(done - bar.n)


def compute_next_batch_size(size: int, seconds: float) -> int:
    """Return the size of the next batch, after one of this size took so many seconds."""
    in_time = int(size * _SECONDS_PER_BATCH / max(seconds, 1e-3))
    return max(1, min(in_time, 4 * size, MAX_KEYS_PER_BATCH))


@dataclass
class _Loading:
    """The work of one call, and its outcome so far."""

    source: Source
    database: RowStore
    report: Callable[[int], object]
    loaded: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)

    def run(self, instance: dg.DagsterInstance, keys: Sequence[str]) -> None:
        """Load the keys in one run, and collect the errors."""

        @dg.op
        def load_customers(context: dg.OpExecutionContext) -> None:
            left, size = list(reversed(keys)), _FIRST_BATCH_SIZE
            while left:
                started = time.monotonic()
                self._load(context, list(self._take_sound_files(left, size)))
                self.source.discard_copies()
                size = compute_next_batch_size(size, time.monotonic() - started)

        @dg.job
        def backfill_customers() -> None:
            load_customers()

        backfill_customers.execute_in_process(instance=instance)

    def _load(self, context: dg.OpExecutionContext, files: Sequence[SourceFile]) -> None:
        """Load the files and record them, without those whose keys were retired since this call began."""
        registered = set(s3_partitions_def.get_partition_keys(dynamic_partitions_store=context.instance))
        for file in files:
            if file.key not in registered:
                self.refused[file.key] = (
                    f"{file.key!r} was retired while this backfill was at work, and was not loaded. "
                    "Register it again if that was a mistake."
                )
        files = [file for file in files if file.key in registered]
        # Before the rows are stored, so that a kill in between leaves imports that were not loaded.
        for file in files:
            imported = dg.AssetMaterialization(IMPORT, partition=file.key, metadata=describe_file(file))
            context.log_event(imported)
        stored, broken = self.database.replace(CUSTOMER_TABLE, files)
        self.refused |= {key: str(error) for key, error in broken.items()}
        for file in files:
            if outcome := stored.get(file.key):  # otherwise its file is refused
                metadata = describe_rows(file, outcome)
                context.log_event(dg.AssetMaterialization(TABLE, partition=file.key, metadata=metadata))
                self.loaded[file.key] = outcome.rows.count
                self.report(len(self.loaded))

    def _take_sound_files(self, left: list[str], size: int) -> Iterator[SourceFile]:
        """Take up to `size` keys from the end of the list, and yield their files; collect the errors."""
        ends = time.monotonic() + _SECONDS_PER_BATCH
        for _ in range(min(size, len(left))):
            if time.monotonic() > ends:  # it is reading large files
                return
            key = left.pop()
            try:
                file = self.source.inspect(require_usable(key))
                if file.bad_prices:
                    raise build_price_error(file)
                yield file
            except SourceUnavailable:
                raise  # not the file's fault, and every other key would wait in vain as well
            except PipelineError as error:
                self.refused[key] = str(error)

    def fail_refused(self, instance: dg.DagsterInstance) -> None:
        """Give each refused key a run that fails; if its file is sound by now, the run loads it."""
        resources = {"source": self.source, "database": self.database}
        assets = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
        for done, key in enumerate(list(self.refused), start=len(self.loaded) + 1):
            try:
                run = dg.materialize(assets, instance=instance, partition_key=key, resources=resources)
            except SourceUnavailable:
                raise
            except UnreadableFile as error:
                self.refused[key] = str(error)  # of the present file
            except (InvalidKey, dg.DagsterError):  # DagsterError: a failed price check has no public name
                pass  # its reason is known already
            else:
                del self.refused[key]
                (stored,) = run.asset_materializations_for_node(duckdb_dynamic_partition_table.node_def.name)
                self.loaded[key] = int(str(stored.metadata["dagster/partition_row_count"].value))
            self.report(done)
