"""Where the three records come from: an instance, assets, and a database of any kind."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster_duckdb import DuckDBResource

from lesson_lib.classroom import three_records
from lesson_lib.classroom.lab.three_records import ThreeRecords
from lesson_lib.pipeline import (
    Warehouse,
    WarehouseUnavailable,
    duckdb_partition_table,
    import_partition_file,
    register_keys,
    three_records_agree,
)
from lesson_lib.pipeline.audit import State
from tests.pipeline.workspace import IMPORT, LOAD, Workspace, open_workspace

HOLD = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace in which acme is loaded, and zenith only registered."""
    with open_workspace(tmp_path) as workspace:
        workspace.add("acme", 1.5, 2.5)
        workspace.load("acme")
        register_keys(workspace.instance, ["zenith"])
        yield workspace


def list_states(records: ThreeRecords) -> dict[str | None, tuple[int | None, State]]:
    """Return the rows of each key, and the state of its records."""
    return {record.key: (record.rows, record.state) for record in records.keys}


EXPECTED = {"acme": (2, State.AGREE), "zenith": (0, State.ANNOUNCED)}


def test_shows_itself(workspace: Workspace) -> None:
    """The three records show themselves as text everywhere, and as HTML in a notebook."""
    records = three_records(workspace.instance, [IMPORT, LOAD, three_records_agree], workspace.database)
    assert repr(records) == (
        "✓ The three records of 2 keys agree\n"
        "    key     registered  materialized  rows  verdict\n"
        "    acme    yes         yes           2     ✓ agree\n"
        "    zenith  yes         no            0     ○ announced\n"
        "  ○ announced: registered, but nothing has run yet. That is not a disagreement."
    )
    assert records._repr_html_().startswith('<section class="lesson-board"')
    assert records.assets == ("import_dynamic_partition_file", "duckdb_dynamic_partition_table")


@pytest.mark.parametrize(
    "database",
    [str, Path, lambda path: Warehouse(database=path), lambda path: DuckDBResource(database=str(path))],
    ids=["str", "Path", "Warehouse", "DuckDBResource"],
)
def test_a_database_is_opened_and_closed_again(
    workspace: Workspace, database: Callable[[Path], object]
) -> None:
    """Afterwards, the database can be opened with any settings."""
    assert list_states(three_records(workspace.instance, LOAD, database(workspace.database))) == EXPECTED
    duckdb.connect(workspace.database, config={"custom_user_agent": "another"}).close()


def test_an_open_connection_is_left_as_it_was(workspace: Workspace) -> None:
    """A half-read result stays readable, and uncommitted rows are not counted."""
    with duckdb.connect(workspace.database) as con:
        con.begin()
        con.execute("DELETE FROM raw_partition_data")
        half_read = con.execute("FROM range(5)")
        assert half_read.fetchone() == (0,)
        assert list_states(three_records(workspace.instance, LOAD, con)) == EXPECTED
        assert half_read.fetchall() == [(1,), (2,), (3,), (4,)]
        con.rollback()


def test_a_resource_whose_connection_is_open_can_be_read(workspace: Workspace) -> None:
    """A `DuckDBResource` leaves its connection open after a failed load, with a setting of its own."""
    resource = DuckDBResource(database=str(workspace.database))
    with resource.get_connection():
        assert list_states(three_records(workspace.instance, LOAD, resource)) == EXPECTED


def test_a_database_whose_file_was_deleted_while_it_is_open_is_an_error(workspace: Workspace) -> None:
    """The rows are no longer at the path, but the open connection still shows them."""
    with DuckDBResource(database=str(workspace.database)).get_connection() as con:
        workspace.database.unlink()
        same_settings = DuckDBResource(database=str(workspace.database))
        with pytest.raises(
            WarehouseUnavailable, match="was deleted or renamed while a connection of this process had it"
        ):
            three_records(workspace.instance, LOAD, same_settings)
        with pytest.raises(WarehouseUnavailable, match="is open in this process with other settings"):
            three_records(workspace.instance, LOAD, workspace.database)
        assert list_states(three_records(workspace.instance, LOAD, con)) == EXPECTED
    assert not workspace.database.exists()
    assert not three_records(workspace.instance, LOAD, workspace.database).has_database
    assert not workspace.database.exists()


@pytest.mark.parametrize("resource", [DuckDBResource, Warehouse])
def test_an_environment_variable_names_the_database(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, resource: type[DuckDBResource]
) -> None:
    """The variable is read when it is needed, as in a run."""
    monkeypatch.delenv("LESSON_DATABASE", raising=False)
    given = resource(database=dg.EnvVar("LESSON_DATABASE"))
    with pytest.raises(
        ValueError, match=r"^The environment variable LESSON_DATABASE, .* is not set\. Set it"
    ):
        three_records(workspace.instance, LOAD, given)
    monkeypatch.setenv("LESSON_DATABASE", str(workspace.database))
    assert list_states(three_records(workspace.instance, LOAD, given)) == EXPECTED


@pytest.mark.parametrize("folder", [".", "deeper/still"])
def test_a_missing_file_has_no_rows_and_stays_missing(
    workspace: Workspace, tmp_path: Path, folder: str
) -> None:
    """Neither a database nor a folder is created."""
    path = tmp_path / folder / "nowhere.duckdb"
    before = set(tmp_path.rglob("*"))
    records = three_records(workspace.instance, LOAD, path)
    assert list_states(records) == {"acme": (0, State.ROWS_MISSING), "zenith": (0, State.ANNOUNCED)}
    assert not records.has_table
    assert set(tmp_path.rglob("*")) == before


def test_a_missing_table_has_no_rows(workspace: Workspace) -> None:
    """The name is an identifier, whatever it contains."""
    records = three_records(
        workspace.instance, LOAD, workspace.database, table='x"; DROP TABLE raw_partition_data; --'
    )
    assert not records.has_table
    assert list_states(records)["acme"] == (0, State.ROWS_MISSING)
    assert list_states(three_records(workspace.instance, LOAD, workspace.database)) == EXPECTED


@pytest.mark.parametrize("table", ["table", "name", "con", "*.csv", ""])
def test_a_missing_tables_name_is_nothing_else(workspace: Workspace, table: str) -> None:
    """The name is not read as a Python variable or a file, as DuckDB would do."""
    assert not three_records(workspace.instance, LOAD, workspace.database, table=table).has_table


@pytest.mark.parametrize("table", ["team.prices", "Team.PRICES", "a.b"])
def test_a_table_of_another_schema_is_named_with_it(workspace: Workspace, table: str) -> None:
    """A table in `main` with a full stop in its name takes precedence."""
    workspace.query(
        "CREATE SCHEMA team; CREATE TABLE team.prices AS SELECT 'acme' AS partition_key FROM range(3)"
    )
    workspace.query("CREATE TABLE \"a.b\" AS SELECT 'acme' AS partition_key FROM range(3)")
    workspace.query("CREATE SCHEMA a; CREATE TABLE a.b AS SELECT 'acme' AS partition_key FROM range(4)")
    assert (
        list_states(three_records(workspace.instance, LOAD, workspace.database, table=table))["acme"][0] == 3
    )
    assert not three_records(workspace.instance, LOAD, workspace.database, table="prices").has_table


def test_a_broken_view_is_not_a_missing_table(workspace: Workspace) -> None:
    """The message says why the view cannot be bound or read."""
    workspace.query(
        "CREATE TABLE gone (partition_key VARCHAR); CREATE VIEW broken AS FROM gone; DROP TABLE gone"
    )
    workspace.query("CREATE VIEW failing AS SELECT error('no rows today')::VARCHAR AS partition_key")
    with pytest.raises(
        ValueError, match=r"^broken is there, and cannot be read: .*gone does not exist\. If it"
    ):
        three_records(workspace.instance, LOAD, workspace.database, table="broken")
    with pytest.raises(ValueError, match=r"^failing is there, and cannot be read: .*no rows today\. If it"):
        three_records(workspace.instance, LOAD, workspace.database, table="failing")


def test_a_key_of_blanks_is_visible(workspace: Workspace) -> None:
    """A key with blanks at an end is in quotes, and other keys are not."""
    workspace.query(
        "CREATE TABLE mine AS FROM (VALUES ('  '), ('acme '), ('a b'), ('')) AS rows (partition_key)"
    )
    lines = repr(three_records(workspace.instance, LOAD, workspace.database, table="mine")).splitlines()
    assert {
        line.split("  no  ")[0].strip() for line in lines if "left behind" in line and "  no  " in line
    } == {
        '"  "',
        '"acme "',
        "a b",
        "(empty)",
    }


def test_rows_of_a_table_without_partition_key_belong_to_no_key(workspace: Workspace) -> None:
    """While such a table is empty, as in notebook 01, all keys have no rows."""
    workspace.query('CREATE TABLE "a table" (date DATE, share_price FLOAT)')
    empty = three_records(workspace.instance, LOAD, workspace.database, table="a table")
    assert list_states(empty) == {"acme": (0, State.ROWS_MISSING), "zenith": (0, State.ANNOUNCED)}
    workspace.query("INSERT INTO \"a table\" VALUES (DATE '2018-01-22', 1), (DATE '2018-01-23', 2)")
    filled = three_records(workspace.instance, LOAD, workspace.database, table="a table")
    assert list_states(filled) == {"acme": (None, State.ROWS_UNKNOWN), "zenith": (None, State.ANNOUNCED)}
    assert filled.unassigned_rows == 2


def test_rows_of_null_and_of_unknown_keys(workspace: Workspace) -> None:
    """Rows of NULL and of unknown keys are counted, whatever the types and names of columns."""
    workspace.query("CREATE TABLE mine (Partition_Key VARCHAR, share_price FLOAT)")
    workspace.query("INSERT INTO mine VALUES ('acme', 1), (NULL, 2), (NULL, 3), ('o''hare', 4)")
    assert list_states(three_records(workspace.instance, LOAD, workspace.database, table="mine")) == {
        "acme": (1, State.AGREE),
        "zenith": (0, State.ANNOUNCED),
        "o'hare": (1, State.LEFT_BEHIND),
        None: (2, State.NO_KEY),
    }


def test_the_calendars_days_are_registered_keys(workspace: Workspace) -> None:
    """A daily table may store its key as a date."""
    workspace.query("CREATE TABLE days AS SELECT DATE '2018-01-23' AS partition_key FROM range(3)")
    daily = [import_partition_file, duckdb_partition_table]
    records = three_records(workspace.instance, daily, workspace.database, table="days")
    assert list_states(records) == {
        "2018-01-22": (0, State.ANNOUNCED),
        "2018-01-23": (3, State.NOT_RECORDED),
        **{f"2018-01-{day}": (0, State.ANNOUNCED) for day in (24, 25, 26)},
    }


def test_two_moments_are_equal_if_nothing_happened(workspace: Workspace) -> None:
    """A materialization that leaves the same rows makes the moments differ."""
    before = three_records(workspace.instance, LOAD, workspace.database)
    assert three_records(workspace.instance, LOAD, workspace.database) == before
    workspace.load("acme")
    assert three_records(workspace.instance, LOAD, workspace.database) != before


@dg.asset
def report() -> None:
    """Have no partitions."""


@pytest.mark.parametrize(
    ("assets", "message"),
    [
        ([], "three_records needs an asset. Pass the list of assets that you materialize."),
        ([three_records_agree], "three_records needs an asset."),
        (5, "three_records takes assets, not 5. Pass functions decorated with @dg.asset."),
        (["acme"], "three_records takes assets, not 'acme'."),
        ("acme", "three_records takes assets, not 'acme'."),
        (LOAD.key, "three_records takes assets, not AssetKey(['duckdb_dynamic_partition_table'])."),
        ([LOAD.key], "three_records takes assets, not AssetKey(['duckdb_dynamic_partition_table'])."),
        ([LOAD, report], "report has no partitions, so there are no keys to compare. Leave it out"),
        (
            [LOAD, duckdb_partition_table],
            "duckdb_dynamic_partition_table and duckdb_partition_table do not share one partitions",
        ),
    ],
    ids=[
        "none",
        "a check",
        "a number",
        "names",
        "a name",
        "a key",
        "keys",
        "not partitioned",
        "two definitions",
    ],
)
def test_assets_that_share_no_keys_are_refused(workspace: Workspace, assets: object, message: str) -> None:
    """The message names the assets, and what to pass instead."""
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        three_records(workspace.instance, assets, workspace.database)


def test_no_instance_and_no_table_are_refused(workspace: Workspace) -> None:
    """An argument of the wrong kind is named, with what belongs there."""
    with pytest.raises(ValueError, match=r"^three_records takes a Dagster instance first, not None\. Pass "):
        three_records(None, LOAD, workspace.database)
    with pytest.raises(ValueError, match=r"^three_records takes the name of a table, not None\. Leave "):
        three_records(workspace.instance, LOAD, workspace.database, table=None)


@pytest.mark.parametrize(
    ("database", "error", "message"),
    [
        (5, ValueError, "three_records cannot read rows from this int. Pass the path of a DuckDB file"),
        (":memory:", WarehouseUnavailable, "opens as a database in memory"),
        ("s3://bucket/warehouse.duckdb", WarehouseUnavailable, "is an address"),
        ("md:prices", WarehouseUnavailable, "^'md:prices' is an address, .* Give the path of a DuckDB file"),
        (DuckDBResource(database="sqlite:x"), WarehouseUnavailable, "^'sqlite:x' is an address"),
        ("~nobody-of-this-name/x", WarehouseUnavailable, "cannot be opened: Could not determine home"),
        ("a\0b", WarehouseUnavailable, "contains a NUL"),
        ("x" * 5000, WarehouseUnavailable, "cannot be opened: .*name too long"),
    ],
)
def test_other_databases_are_refused(
    workspace: Workspace, database: object, error: type[Exception], message: str
) -> None:
    """A value of another kind is not taken for a database without rows."""
    with pytest.raises(error, match=message):
        three_records(workspace.instance, LOAD, database)


def test_a_database_held_by_another_process_is_refused(workspace: Workspace) -> None:
    """The error comes within seconds, even for a `DuckDBResource`, which would wait for minutes."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(workspace.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(WarehouseUnavailable, match=f"is held by process {holder.pid}"):
            three_records(workspace.instance, LOAD, DuckDBResource(database=str(workspace.database)))
        holder.communicate()
    assert list_states(three_records(workspace.instance, LOAD, workspace.database)) == EXPECTED
