"""A database's path must name the open file, which one thread at a time may change."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from lesson_lib.pipeline import Warehouse, WarehouseUnavailable, missing_keys, retire_key
from lesson_lib.pipeline.database_files import OpenDatabase
from lesson_lib.pipeline.source_files import inspect_file
from lesson_lib.pipeline.warehouse import CUSTOMER_TABLE, create_table, replace_partitions, transaction
from tests.pipeline.test_backfill import add_keys, build_prices, load
from tests.pipeline.workspace import LOAD, Workspace, priced

OPEN = "import duckdb, sys; duckdb.connect(sys.argv[1])"


def restore(database: Path) -> None:
    """Put a backup in the database's place."""
    shutil.copy(database, f"{database}.backup")
    Path(f"{database}.backup").replace(database)


def rotate(database: Path) -> None:
    """Move the database away, and put a copy in its place."""
    database.rename(f"{database}.old")
    shutil.copy(f"{database}.old", database)


def replace_database(database: Path) -> None:
    """Delete the database, and put an empty file there."""
    database.unlink()
    database.touch()


CHANGES = [
    (restore, "replaced"),
    (rotate, "replaced"),
    (replace_database, "replaced"),
    (Path.unlink, "deleted or renamed"),
]


@pytest.mark.parametrize(("change", "what"), CHANGES)
@pytest.mark.parametrize(
    "use",
    [
        lambda workspace: workspace.load("acme"),
        load,
        lambda workspace: missing_keys(workspace.instance, Warehouse(database=workspace.database)),
        lambda workspace: retire_key(workspace.instance, "acme", Warehouse(database=workspace.database)),
    ],
    ids=["load", "backfill", "missing_keys", "retire_key"],
)
def test_a_database_that_is_not_the_open_one_any_more_is_refused(
    loaded: Workspace, use: Callable[[Workspace], object], change: Callable[[Path], None], what: str
) -> None:
    """DuckDB would store the rows in a file that is gone; nothing is stored or recorded."""
    loaded.write("acme", priced(3.5))
    keys, times = loaded.keys(), loaded.times_materialized(LOAD, "acme")
    with duckdb.connect(loaded.database) as forgotten:
        forgotten.execute("SELECT 1")
        change(loaded.database)
        with pytest.raises(WarehouseUnavailable, match=rf"was {what} while a connection .* close it"):
            use(loaded)
        assert forgotten.execute("SELECT count(*) FROM raw_partition_data").fetchone() == (3,)
    assert (loaded.keys(), loaded.times_materialized(LOAD, "acme")) == (keys, times)


def test_a_database_that_is_replaced_during_the_load_is_refused(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The load fails before its commit, and no record claims that the file at the path has these rows."""

    def replace_both(*args: object, original: Callable[..., object] = replace_partitions) -> object:
        counts = original(*args)
        restore(loaded.database)
        return counts

    loaded.write("acme", priced(3.5))
    times = loaded.times_materialized(LOAD, "acme")
    monkeypatch.setattr("lesson_lib.pipeline.warehouse.replace_partitions", replace_both)
    with pytest.raises(WarehouseUnavailable, match="was replaced while a connection of this process"):
        loaded.load("acme")
    assert loaded.times_materialized(LOAD, "acme") == times
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_a_database_that_is_replaced_by_the_commit_is_refused(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although it was the open file just before, the load fails, and nothing is recorded."""
    looks: list[bool] = []
    is_same = OpenDatabase.require_same_file

    def require_same_file(opened: OpenDatabase) -> None:
        """Look, and let the file be replaced after the look that precedes the commit of the rows."""
        is_same(opened)
        looks.append(True)
        if len(looks) == 2:  # the first one is on opening
            restore(loaded.database)

    loaded.write("acme", priced(3.5))
    times = loaded.times_materialized(LOAD, "acme")
    monkeypatch.setattr(OpenDatabase, "require_same_file", require_same_file)
    with pytest.raises(WarehouseUnavailable, match="was replaced while a connection of this process"):
        loaded.load("acme")
    assert len(looks) == 2
    assert loaded.times_materialized(LOAD, "acme") == times
    monkeypatch.undo()
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_a_backup_that_is_open_itself_does_not_hide_that_it_is_another_file(loaded: Workspace) -> None:
    """The process has the file at the path open, but not as the database of that path."""
    backup = shutil.copy(loaded.database, f"{loaded.database}.backup")
    with duckdb.connect(loaded.database), duckdb.connect(backup):
        Path(backup).replace(loaded.database)
        with pytest.raises(WarehouseUnavailable, match="was replaced while a connection of this process"):
            loaded.load("acme")


def test_the_log_of_a_restored_backup_is_not_lost_by_the_advice(loaded: Workspace) -> None:
    """DuckDB deletes the log by its name when it closes the database that was there before."""
    with duckdb.connect(loaded.database):
        restore(loaded.database)
        log = Path(f"{loaded.database}.wal")
        log.write_bytes(b"changes")
        with pytest.raises(WarehouseUnavailable, match=rf"move {log} aside .* close it .* put the log back"):
            loaded.load("acme")


def test_a_reader_of_the_new_file_does_not_hide_that_it_is_another_one(loaded: Workspace) -> None:
    """Only a file that is open in DuckDB's mode counts as DuckDB's."""
    with duckdb.connect(loaded.database):
        restore(loaded.database)
        with loaded.database.open("rb"), pytest.raises(WarehouseUnavailable, match="was replaced"):
            loaded.load("acme")


def test_a_link_to_the_database_is_the_same_file(loaded: Workspace, tmp_path: Path) -> None:
    """A symbolic link is another spelling of the path; a hard link would open the file a second time."""
    symbolic, hard = tmp_path / "symbolic.duckdb", tmp_path / "hard.duckdb"
    symbolic.symlink_to(loaded.database)
    with duckdb.connect(loaded.database):
        loaded.load("acme", resources=loaded.resources() | {"database": Warehouse(database=symbolic)})
        hard.hardlink_to(loaded.database)
        with pytest.raises(
            WarehouseUnavailable, match="is open a second time in this process, under another"
        ):
            loaded.load("acme", resources=loaded.resources() | {"database": Warehouse(database=hard)})
        # To open and close the file once more would give up this process's lock on it.
        other = subprocess.run(
            [sys.executable, "-c", OPEN, loaded.database], capture_output=True, text=True, check=False
        )
        assert "Conflicting lock is held" in other.stderr
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_threads_that_load_a_new_key_together_store_its_rows_once(workspace: Workspace) -> None:
    """Transactions on one file take turns, even if another connection opened it through another path."""
    file = inspect_file("acme", workspace.write("acme", priced(1.5, 2.5)))
    link = workspace.database.with_name("link.duckdb")
    link.symlink_to(workspace.database)
    together = threading.Barrier(4)

    def wait() -> None:
        with suppress(threading.BrokenBarrierError):
            together.wait(0.5)

    def load_acme(database: Path) -> None:
        with Warehouse(database=database).get_connection() as con:
            create_table(con, CUSTOMER_TABLE)
            wait()
            with transaction(con):
                replace_partitions(con, CUSTOMER_TABLE, [file])
                wait()  # the others would not see these rows yet

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(load_acme, [workspace.database, link] * 2))
    assert workspace.prices() == {"acme": [1.5, 2.5]}


def test_threads_that_open_and_close_a_database_do_not_hinder_each_other(loaded: Workspace) -> None:
    """DuckDB cannot open a file that another thread is just closing; the next try succeeds."""

    def open_often(_: int) -> Iterator[int]:
        for _ in range(30):
            with Warehouse(database=loaded.database).get_connection() as con:
                ((count,),) = con.execute("SELECT count(*) FROM raw_partition_data").fetchall()
                yield count

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(lambda number: tuple(open_often(number)), range(4))) == {(3,) * 30}


def test_two_backfills_in_two_threads_load_every_key_once(workspace: Workspace) -> None:
    """Their records agree with the stored rows."""
    add_keys(workspace, 40)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(load, workspace) for _ in range(2)]
        assert all(not work.result().refused for work in both)
    assert workspace.prices() == build_prices(range(40))
    assert load(workspace).loaded == {}
