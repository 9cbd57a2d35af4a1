"""The database opens reliably, closes in any case, and is never left half changed."""

import dataclasses
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from lesson_lib.pipeline import (
    UnreadableFile,
    Warehouse,
    WarehouseUnavailable,
    WrongTable,
    missing_keys,
    retire_key,
)
from lesson_lib.pipeline.source_files import SourceFile, inspect_file
from lesson_lib.pipeline.warehouse import (
    CUSTOMER_TABLE,
    create_table,
    delete_rows,
    replace_partitions,
    transaction,
)
from tests.pipeline.workspace import HEADER, LOAD, Workspace, priced

HOLD = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"

# The program of a second process: it re-loads acme, and something happens between the INSERT and the COMMIT.
RELOAD = """
import sys, time
from pathlib import Path
from lesson_lib.pipeline import warehouse
from tests.pipeline.workspace import open_workspace

def before_commit():
    {before_commit}

def replace_partitions(*args, replace=warehouse.replace_partitions):
    counts = replace(*args)
    before_commit()
    return counts

warehouse.replace_partitions = replace_partitions
folder = Path(sys.argv[1])
(folder / "source").rename(folder / "files")
with open_workspace(folder) as workspace:
    (folder / "source").rmdir()
    (folder / "files").rename(folder / "source")
    workspace.instance.add_dynamic_partitions("s3", ["acme"])
    {limit}
    workspace.load("acme")
"""


@contextmanager
def hold_database(database: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a second process that holds the database until its input ends."""
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.kill()


def start_reload(
    workspace: Workspace, *, before_commit: str = "pass", limit: str = "pass"
) -> subprocess.Popen[str]:
    """Start a second process that re-loads acme."""
    program = RELOAD.format(before_commit=before_commit, limit=limit)
    return subprocess.Popen(
        [sys.executable, "-c", program, str(workspace.database.parent)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )


def build_many_rows(count: int, *, seed: int) -> str:
    """Return a file whose numbers hardly compress, so that it is also large in the database."""
    rows = (
        f"2018/01/22,{number % 9973 + 1}.{seed},{number * 7919 % 1000003},{number}.25,0.5,{seed}\n"
        for number in range(count)
    )
    return f"{HEADER}\n" + "".join(rows)


def test_a_database_held_by_another_process_is_refused_within_seconds(loaded: Workspace) -> None:
    """The error names that process and what to close; after that, the same load works."""
    rows = loaded.rows()
    loaded.write("acme", priced(3.5))
    with hold_database(loaded.database) as other:
        started = time.monotonic()
        with pytest.raises(WarehouseUnavailable) as caught:
            loaded.load("acme")
        assert time.monotonic() - started < 20  # DuckDBResource itself would try for some 100 seconds
    message = str(caught.value)
    assert f"{loaded.database} is held by process {other.pid}" in message
    assert "Close the connection there (or stop that notebook's kernel) and materialize again." in message
    assert loaded.rows() == rows
    loaded.load("acme")
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75]}


def test_a_database_that_is_let_go_in_time_is_waited_for(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The load waits for a process that is about to finish."""
    waited = []
    with hold_database(loaded.database) as other:

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            other.communicate()

        clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
        monkeypatch.setattr("lesson_lib.pipeline.warehouse.time", clock)
        loaded.load("acme")
    assert len(waited) == 1
    assert loaded.metadata(LOAD, "acme") == loaded.loading_records("acme", 2, replaced=2)


def test_a_body_that_raises_lets_the_database_go(loaded: Workspace) -> None:
    """This process and another one can open it at once."""
    with pytest.raises(ZeroDivisionError), Warehouse(database=loaded.database).get_connection() as con:
        raise ZeroDivisionError
    with pytest.raises(duckdb.ConnectionException, match="closed"):
        con.execute("SELECT 1")
    with duckdb.connect(str(loaded.database)) as plain:
        assert plain.execute("SELECT count(*) FROM raw_partition_data").fetchone() == (3,)
    with hold_database(loaded.database):
        pass


def test_a_failed_load_lets_the_database_go(loaded: Workspace) -> None:
    """Another process can open the database after a load has failed."""
    loaded.write("acme", priced(1) + "2018/01/22,1,1,1,1,nan\n")
    with pytest.raises(UnreadableFile):
        loaded.load("acme")
    with hold_database(loaded.database):
        pass


def test_a_plain_connection_of_the_same_process_may_stay_open(loaded: Workspace) -> None:
    """A connection that a learner forgot does not stop the load, and sees its rows."""
    with duckdb.connect(str(loaded.database)) as plain:
        loaded.write("acme", priced(3.5))
        loaded.load("acme")
        query = "SELECT share_price FROM raw_partition_data WHERE partition_key = 'acme'"
        assert plain.execute(query).fetchall() == [(3.5,)]


def test_a_connection_with_other_settings_is_named_as_the_cause(loaded: Workspace) -> None:
    """DuckDB allows only one set of settings in a process."""
    with (
        duckdb.connect(str(loaded.database), config={"threads": 1}),
        pytest.raises(
            WarehouseUnavailable,
            match=r"is open in this process with other settings, .* Close it there, or restart the kernel",
        ),
    ):
        loaded.load("acme")
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_a_missing_folder_is_created(loaded: Workspace, tmp_path: Path) -> None:
    """All missing folders above it are created as well."""
    database = tmp_path / "a" / "b" / "warehouse.duckdb"
    loaded.load("acme", resources=loaded.resources() | {"database": Warehouse(database=database)})
    with duckdb.connect(str(database)) as con:
        assert con.execute("SELECT count(*) FROM raw_partition_data").fetchone() == (2,)


@pytest.mark.parametrize("name", ["", ":memory:", ":memory:shared", "acme.csv"])
def test_a_database_in_memory_is_refused(
    shared: Workspace, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """It would forget the rows although the run succeeds; DuckDB opens a CSV file in the same way."""
    monkeypatch.chdir(shared.source)
    with shared.raises(
        WarehouseUnavailable, repr(name), "forgets its rows", "Give the path of a DuckDB file."
    ):
        shared.load("acme", resources=shared.resources() | {"database": Warehouse(database=name)})
    assert (shared.source / "acme.csv").read_text() == priced(1.5, 2.5)


def test_a_file_that_is_not_a_database_is_refused_and_not_touched(workspace: Workspace) -> None:
    """The error names the file, the folder or the path through a file, and the next move."""
    text = workspace.source / "prices.txt"
    text.write_text(priced(1) * 100)
    before = text.read_bytes()
    for path, next_move in (
        (text, "give the path of a DuckDB file, or a path where there is no file yet."),
        (workspace.source, f"Give the path of a file in it, such as {workspace.source}/warehouse.duckdb."),
        (text / "warehouse.duckdb", "A part of its path is a file, not a folder. Correct the path."),
    ):
        with (
            pytest.raises(WarehouseUnavailable) as caught,
            Warehouse(database=path).get_connection(),
        ):
            pass
        assert str(caught.value).startswith(f"{path} cannot be opened: ")
        assert str(caught.value).endswith(next_move)
    assert text.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("pipe", "'pipe' is a pipe or a device, not a plain file"),
        ("/dev/null", "'/dev/null' is a pipe or a device, not a plain file"),
        ("s3://bucket/warehouse.duckdb", "is an address, not a path on this machine"),
        ("md:my_db", "is an address, not a path on this machine"),
        ("sqlite:x.db", "is an address, not a path on this machine"),
        ("postgres:dbname=x", "is an address, not a path on this machine"),
        ("ducklake:meta.ducklake", "is an address, not a path on this machine"),
        ("file:/warehouse.duckdb", "is an address, not a path on this machine"),
        ("ware\0house.duckdb", r"'ware\x00house.duckdb' contains a NUL, which no path can"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, fault: str
) -> None:
    """DuckDB would wait forever, make a folder of that name, or write to another file."""
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(WarehouseUnavailable) as caught, Warehouse(database=name).get_connection():
        pass
    assert fault in str(caught.value)
    assert str(caught.value).endswith(". Give the path of a DuckDB file.")
    assert list(tmp_path.iterdir()) == [tmp_path / "pipe"]


def test_a_pipe_in_the_place_of_the_log_is_refused_at_once(loaded: Workspace) -> None:
    """DuckDB would wait forever for a writer."""
    os.mkfifo(f"{loaded.database}.wal")
    with pytest.raises(WarehouseUnavailable, match=r"warehouse\.duckdb\.wal is a pipe or a device"):
        loaded.load("acme")


def test_a_tilde_is_the_home_folder(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders below it are created, and the home of an unknown user is an error."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(workspace.source)
    workspace.add("acme", 1.5)
    database = Warehouse(database="~/data/warehouse.duckdb")
    workspace.load("acme", resources=workspace.resources() | {"database": database})
    at_home = dataclasses.replace(workspace, database=tmp_path / "home" / "data" / "warehouse.duckdb")
    assert at_home.prices() == {"acme": [1.5]}
    with (
        pytest.raises(WarehouseUnavailable, match="~nobody-of-this-name/x cannot be opened"),
        Warehouse(database="~nobody-of-this-name/x").get_connection(),
    ):
        pass
    assert list(workspace.source.iterdir()) == [workspace.source / "acme.csv"]


@pytest.mark.usefixtures("an_ordinary_user")
def test_a_file_that_may_not_be_written_is_refused() -> None:
    """The error is prompt, and gives the system's reason."""
    with tempfile.TemporaryDirectory() as folder:  # not `tmp_path`, whose parents are the superuser's
        database = Path(folder, "warehouse.duckdb")
        duckdb.connect(database).close()
        database.chmod(0o444)
        with (
            pytest.raises(WarehouseUnavailable, match=r"cannot be opened: .*Permission denied"),
            Warehouse(database=database).get_connection(),
        ):
            pass


def test_a_database_opened_to_read_only_is_refused(shared: Workspace) -> None:
    """The error blames the database, not the file."""
    database = Warehouse(database=shared.database, connection_config={"access_mode": "READ_ONLY"})
    with shared.raises(WarehouseUnavailable, "DuckDB stored nothing", "read-only mode"):
        shared.load("acme", resources=shared.resources() | {"database": database})


@pytest.mark.parametrize(
    "columns",
    [
        "date DATE, share_price DOUBLE, amount DOUBLE, spend DOUBLE, shift DOUBLE, spread DOUBLE",
        "partition_key VARCHAR, date DATE, share_price FLOAT, amount DOUBLE, spend DOUBLE, shift DOUBLE",
    ],
)
def test_a_table_with_other_columns_is_refused(workspace: Workspace, columns: str) -> None:
    """The source lesson's own table, without the key or with FLOAT, stays as it is."""
    workspace.add("acme", 1)
    workspace.query(f"CREATE TABLE raw_partition_data ({columns})")
    with pytest.raises(WrongTable) as caught:
        workspace.load("acme")
    assert str(caught.value).startswith(f"raw_partition_data has the columns ({columns}), not (date DATE, ")
    assert "Rename it (ALTER TABLE ... RENAME TO ...), and materialize again" in str(caught.value)
    assert workspace.query("SELECT count(*) FROM raw_partition_data") == [(0,)]
    workspace.query("DROP TABLE raw_partition_data")
    workspace.load("acme")
    assert workspace.prices() == {"acme": [1.0]}


def test_a_view_in_the_place_of_the_table_is_refused(loaded: Workspace) -> None:
    """A view has the right columns, but rows cannot be loaded into it."""
    loaded.query("ALTER TABLE raw_partition_data RENAME TO mine")
    loaded.query("CREATE VIEW raw_partition_data AS SELECT * FROM mine")
    with pytest.raises(WrongTable, match=r"raw_partition_data is a view.* Rename it"):
        loaded.load("acme")
    assert loaded.query("SELECT count(*) FROM mine") == [(3,)]


def test_a_view_of_a_table_that_is_gone_is_not_a_missing_table(loaded: Workspace) -> None:
    """No key counts as one without rows, and no key is retired."""
    loaded.query("ALTER TABLE raw_partition_data RENAME TO mine")
    loaded.query("CREATE VIEW raw_partition_data AS SELECT * FROM mine")
    loaded.query("ALTER TABLE mine RENAME TO elsewhere")
    warehouse = Warehouse(database=loaded.database)
    for use in (missing_keys, lambda instance, database: retire_key(instance, "acme", database)):
        with pytest.raises(WrongTable, match="raw_partition_data is a view"):
            use(loaded.instance, warehouse)
    assert loaded.keys() == ["acme", "globex"]


def test_a_constraint_made_by_hand_is_named_as_the_cause(loaded: Workspace) -> None:
    """The error does not blame a full disk or another load."""
    loaded.query("CREATE UNIQUE INDEX one_row_a_price ON raw_partition_data (share_price)")
    loaded.write("globex", priced(1.5))
    with loaded.raises(
        WarehouseUnavailable,
        "stored nothing: Constraint Error",
        "The table has a constraint or an index that was added by hand, and the file's rows break it.",
    ):
        loaded.load("globex")


def test_the_columns_of_a_table_may_stand_in_another_order(workspace: Workspace) -> None:
    """Rows are stored by the names of the columns."""
    workspace.add("acme", 1.5)
    workspace.query(
        "CREATE TABLE raw_partition_data (partition_key VARCHAR, spread DOUBLE, shift DOUBLE, spend DOUBLE, "
        "amount DOUBLE, share_price DOUBLE, date DATE)"
    )
    workspace.load("acme")
    assert workspace.query("SELECT share_price, amount, spend, shift, spread FROM raw_partition_data") == [
        (1.5, 100.0, 425.0, -0.5, 0.01)
    ]


def empty_the_table(database: Path, broken_by: BaseException) -> None:
    """Delete every row in a transaction that does not come to its end."""
    with Warehouse(database=database).get_connection() as con, transaction(con):
        con.execute("DELETE FROM raw_partition_data")
        raise broken_by


@pytest.mark.parametrize("broken_by", [ValueError("mine"), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_a_transaction_keeps_all_or_nothing(loaded: Workspace, broken_by: BaseException) -> None:
    """Nothing is kept, whatever exception ends the body, and that exception is raised."""
    rows = loaded.rows()
    with pytest.raises(type(broken_by)) as caught:
        empty_the_table(loaded.database, broken_by)
    assert caught.value is broken_by
    assert loaded.rows() == rows


def test_an_error_of_the_database_reports_that_nothing_is_stored(shared: Workspace) -> None:
    """The error includes DuckDB's own reason."""
    with shared.raises(WarehouseUnavailable, "stored nothing: no room. All earlier rows are untouched."):
        empty_the_table(shared.database, duckdb.IOException("no room"))


def test_a_load_beside_another_one_is_refused_and_can_be_repeated(loaded: Workspace) -> None:
    """If two transactions of one process change the same rows, the second one stores nothing."""
    rows = loaded.rows()
    with duckdb.connect(str(loaded.database)) as plain:
        plain.begin()
        plain.execute("DELETE FROM raw_partition_data WHERE partition_key = 'acme'")
        with pytest.raises(
            WarehouseUnavailable, match="Another connection of this process changes the same rows"
        ):
            loaded.load("acme")
        plain.rollback()
    assert loaded.rows() == rows
    loaded.load("acme")
    assert loaded.rows() == rows


def test_runs_that_create_the_table_at_the_same_time_all_load(workspace: Workspace) -> None:
    """Four threads of one process load the first four keys at the same time."""
    tables = [f"customers_{number}" for number in range(10)]
    keys = ["acme", "globex", "zenith", "bluebird"]
    files = [
        inspect_file(key, workspace.write(key, priced(price))) for price, key in enumerate(keys, start=1)
    ]
    together = threading.Barrier(len(files), timeout=20)

    def load_into_each(file: SourceFile) -> None:
        with Warehouse(database=workspace.database).get_connection() as con:
            for table in tables:
                together.wait()
                create_table(con, table)
                with transaction(con):
                    replace_partitions(con, table, [file])

    with ThreadPoolExecutor(len(files)) as pool:
        list(pool.map(load_into_each, files))
    for table in tables:
        loaded = workspace.query(f"SELECT partition_key, share_price FROM {table} ORDER BY share_price")
        assert loaded == [(key, float(price)) for price, key in enumerate(keys, start=1)]


def test_kill_9_in_the_middle_of_a_reload_of_a_million_rows_keeps_the_old_rows(loaded: Workspace) -> None:
    """The process dies after it has inserted a million rows, and before it commits them."""
    loaded.write("acme", build_many_rows(1_000_000, seed=1))
    loaded.load("acme")
    census = "SELECT partition_key, count(*), sum(spread) FROM raw_partition_data GROUP BY ALL ORDER BY ALL"
    before = loaded.query(census)
    assert before == [("acme", 1_000_000, 1_000_000.0), ("globex", 1, 0.01)]
    loaded.write("acme", build_many_rows(1_000_000, seed=2))
    with start_reload(loaded, before_commit="print('inserted', flush=True); time.sleep(60)") as other:
        assert other.stdout
        assert "inserted\n" in other.stdout
        other.kill()
    assert loaded.query(census) == before
    loaded.write("acme", priced(3.5))
    loaded.load("acme")
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75]}


def test_a_full_disk_keeps_the_old_rows(loaded: Workspace) -> None:
    """In a process whose files may not exceed 2 MB, the re-load fails and reports that it stored nothing."""
    rows = loaded.rows()
    loaded.write("acme", build_many_rows(200_000, seed=1))
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))"
    with start_reload(loaded, limit=limit) as other:
        _, errors = other.communicate()
    assert other.returncode == 1
    assert "WarehouseUnavailable: DuckDB stored nothing: " in errors
    assert "File too large" in errors
    assert (
        "All earlier rows are untouched. The file has reached the size that the disk or this process"
        in errors
    )
    assert loaded.rows() == rows
    loaded.load("acme")
    assert loaded.metadata(LOAD, "acme") == loaded.loading_records("acme", 200_000, replaced=2)


def test_nothing_is_left_unread_on_a_connection(loaded: Workspace) -> None:
    """The pipeline's queries leave the connection free for the next one."""
    with Warehouse(database=loaded.database).get_connection() as con:
        assert con.sql(f"SELECT count(*) FROM {CUSTOMER_TABLE}").fetchall() == [(3,)]
        delete_rows(con, CUSTOMER_TABLE, ["acme"])
        assert con.sql("SELECT 1").fetchall() == [(1,)]


def test_a_load_gives_back_the_order_of_rows(loaded: Workspace) -> None:
    """The setting that makes a load fast is reset afterwards, also for a learner's own connection."""
    with duckdb.connect(loaded.database) as con:
        loaded.load("acme")
        loaded.write("acme", f"{HEADER}\n2018/01/22,4.25,1-2,425.0,-0.5,0.01\n")
        with pytest.raises(UnreadableFile, match=r"line 2: amount is '1-2'"):
            loaded.load("acme")
        assert con.sql("SELECT current_setting('preserve_insertion_order')").fetchall() == [(True,)]


def test_a_load_keeps_the_settings_of_the_user(loaded: Workspace) -> None:
    """A load restores the earlier setting, not DuckDB's default."""
    with duckdb.connect(loaded.database) as con:
        con.execute("SET preserve_insertion_order = false")
        loaded.load("acme")
        assert con.sql("SELECT current_setting('preserve_insertion_order')").fetchall() == [(False,)]


def test_a_database_whose_settings_are_locked_loads(loaded: Workspace) -> None:
    """The load is slower, since the setting that makes it fast cannot be changed."""
    loaded.write("acme", priced(3.5))
    database = Warehouse(database=loaded.database, connection_config={"lock_configuration": True})
    loaded.load("acme", resources=loaded.resources() | {"database": database})
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75]}
