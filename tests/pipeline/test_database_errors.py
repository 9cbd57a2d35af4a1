"""If DuckDB cannot open, read or write, the message names the cause and the next move."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from lesson_lib.pipeline import Warehouse, WarehouseUnavailable, missing_keys
from lesson_lib.pipeline.database_errors import explain_cause, find_holder, is_temporary
from tests.pipeline.workspace import Workspace

# The program of a process that dies with changes that are only in DuckDB's log.
DIE_WITH_A_LOG = """
import duckdb, os, sys
con = duckdb.connect(sys.argv[1])
con.execute("CREATE TABLE IF NOT EXISTS logged AS SELECT range FROM range(1000)")
os._exit(0)
"""
MOVE_THE_LOG = "move only the log away, keep it, and call `backfill`"


def leave_a_log(database: Path) -> Path:
    """Commit changes that are in the database's log and not yet in the database, and return the log."""
    subprocess.run([sys.executable, "-c", DIE_WITH_A_LOG, str(database)], check=True)
    return database.with_name(f"{database.name}.wal")


def overwrite(path: Path, start: int, length: int = 64) -> None:
    """Damage a file."""
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * length)


def truncate(path: Path) -> None:
    """Cut a database off after its headers."""
    os.truncate(path, 5_000)


def empty(path: Path) -> None:
    """Replace the database by an empty file."""
    path.write_bytes(b"")


def damage_headers(path: Path) -> None:
    """Damage both headers of a database."""
    overwrite(path, 4_096)
    overwrite(path, 8_192)


def damage_the_log(path: Path) -> None:
    """Damage the log beside a database."""
    overwrite(leave_a_log(path), 60)


def put_a_folder_in_place_of_the_log(path: Path) -> None:
    """Make a folder of the log's name."""
    Path(f"{path}.wal").mkdir()


def restore_a_backup_under_a_log(path: Path) -> None:
    """Put an older version of the database beside the log of a newer one."""
    backup = shutil.copy(path, f"{path}.backup")
    with duckdb.connect(path) as con:
        con.execute("CREATE TABLE later AS SELECT 1")
    leave_a_log(path)
    shutil.move(backup, path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate, "If it is damaged, keep it, and restore the database from a backup"),
        (damage_headers, "If it is damaged, keep it, and restore the database from a backup"),
        (empty, "It is a file of another kind, or an empty one, and stays as it is."),
        (damage_the_log, "the database itself may be sound. Restore both from the same backup"),
        (put_a_folder_in_place_of_the_log, "The database is sound, but DuckDB keeps a log in"),
        (restore_a_backup_under_a_log, "The database is sound, but the log beside it"),
    ],
)
def test_a_damaged_database_is_distinguished_from_a_sound_one(
    loaded: Workspace, damage: Callable[[Path], None], message: str
) -> None:
    """Each kind of damage has its own cause, and nothing is changed or advised that would lose sound rows."""
    damage(loaded.database)
    before = {path: path.read_bytes() for path in loaded.database.parent.glob("*") if path.is_file()}
    with pytest.raises(WarehouseUnavailable) as caught:
        missing_keys(loaded.instance, Warehouse(database=loaded.database))
    text = str(caught.value)
    assert text.startswith(f"{loaded.database} cannot be opened: ")
    assert message in text
    assert ("move both away" in text) == ("The file is damaged" in text)
    assert (MOVE_THE_LOG in text) == ("log beside it" in text.lower())
    assert {path: path.read_bytes() for path in before} == before


def test_a_block_that_is_damaged_is_found_when_it_is_read(loaded: Workspace) -> None:
    """The database opens; reading the rows fails with the cause, not with DuckDB's bare error."""
    loaded.query("CREATE TABLE padding AS SELECT range, md5(range::VARCHAR) FROM range(100_000)")
    warehouse = Warehouse(database=loaded.database)
    with duckdb.connect(loaded.database) as con:
        (block,) = con.execute(
            "SELECT min(block_id) FROM pragma_storage_info('raw_partition_data') WHERE block_id >= 0"
        ).fetchone() or (0,)
    overwrite(loaded.database, 3 * 4_096 + block * 262_144 + 100, 4_000)
    with pytest.raises(WarehouseUnavailable, match=r"The file is damaged, or .* keep it, and restore"):
        missing_keys(loaded.instance, warehouse)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"nonsense": "1"}, "Correct its connection_config (nonsense)."),
        ({"memory_limit": "lots"}, "Correct its connection_config (memory_limit)."),
        ({"access_mode": "sideways"}, "Correct its connection_config (access_mode)."),
        ({"threads": "0"}, "Correct its connection_config (threads)."),
    ],
)
def test_settings_that_duckdb_refuses_are_named(
    shared: Workspace, config: dict[str, object], message: str
) -> None:
    """The error does not blame the database, which stays as it is."""
    database = Warehouse(database=shared.database, connection_config=config)
    with shared.raises(WarehouseUnavailable, "The database is not at fault.", message):
        shared.load("acme", resources=shared.resources() | {"database": database})


def test_a_database_that_is_attached_elsewhere_in_the_process_is_named_as_the_cause(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB opens a file only once in a process, even if another database attaches it."""
    monkeypatch.setattr("lesson_lib.pipeline.warehouse.LOCK_TIMEOUT_SECONDS", 0)
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{loaded.database}'")
        with pytest.raises(
            WarehouseUnavailable, match=r"Another DuckDB connection of this process has attac"
        ):
            loaded.load("acme")
    loaded.load("acme")


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("loop.duckdb", "It is a link that leads back to itself. Correct the link."),
        (f"{'x' * 300}.duckdb", "No disk takes so long a name. Give a shorter path."),
    ],
)
def test_a_path_that_no_disk_has_is_named_as_the_cause(tmp_path: Path, link: str, message: str) -> None:
    """The system's own message comes first, then what it means here."""
    (tmp_path / "loop.duckdb").symlink_to("loop.duckdb")
    with (
        pytest.raises(WarehouseUnavailable) as caught,
        Warehouse(database=tmp_path / link).get_connection(),
    ):
        pass
    assert str(caught.value).endswith(message)


NO_LOCKS = "IO Error: Could not set lock on file 'w': File locks are not supported for this file system"
UNSEEN_HOLDER = "IO Error: Could not set lock on file 'w': Conflicting lock is held in PID 0. See also"
HELD = "IO Error: Could not set lock on file 'w': Conflicting lock is held in python3 (PID 421)"


@pytest.mark.parametrize(
    ("message", "holder", "cause"),
    [
        (HELD, "process 421", "Process 421 has it open"),
        (UNSEEN_HOLDER, None, "Either a program that this machine does not see has it open"),
        (NO_LOCKS, None, "The disk it is on does not support file locks"),
        ("Could not set lock: No locks available", None, "The disk it is on does not support file"),
        ("the file is used by another process", "another process", "The pipeline does not know"),
        ("No space left on device", None, "The disk, or your share of it, is full."),
        ("Disk quota exceeded", None, "The disk, or your share of it, is full."),
        ("Cannot open file 'w.wal': Permission denied", None, "DuckDB needs permission to read and"),
        ("Cannot open file 'w': Read-only file system", None, "The disk is mounted to read only."),
        ("Could not read: Input/output error", None, "The disk does not answer as it should."),
        ("Could not read: Stale file handle", None, "The disk does not answer as it should."),
        ("Out of Memory Error: failed to allocate", None, "DuckDB ran out of memory."),
        ("FATAL Error: database has been invalidated", None, "After an earlier error DuckDB uses"),
        ("file with version number 99", None, "The database is sound: a newer DuckDB wrote it."),
        ('download extension "sqlite_scanner"', None, "opens, and the file stays as it is"),
        ("TransactionContext Error: Conflict on update!", None, "Another connection of this process"),
        ("Constraint Error: duplicate key", None, "The table has a constraint or an index that"),
        ('Failed to create directory "w.tmp"', None, "keeps temporary files in w.tmp and cannot"),
        ("something new", None, "The pipeline does not know this cause, and has left the file as it"),
    ],
)
def test_each_cause_has_a_sentence_of_its_own(message: str, holder: str | None, cause: str) -> None:
    """No message fits several causes, and an unknown cause is reported as unknown."""
    error = duckdb.IOException(message)
    assert cause in explain_cause(error, "w")
    assert find_holder(error) == holder
    # Whoever has the database open may let it go; waiting changes nothing about the rest.
    assert is_temporary(error) == (message in {HELD, UNSEEN_HOLDER} or holder is not None)
