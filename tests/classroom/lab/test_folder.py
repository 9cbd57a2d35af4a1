"""The lab: a copy to work in, which comes back to how it was and goes away by itself."""

import errno
import gc
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from dagster_duckdb import DuckDBResource

from lesson_lib.classroom import Lab, open_lab
from lesson_lib.classroom.lab import folder as lab_module
from lesson_lib.classroom.lab.folder import LabUnavailable, list_arrivals
from lesson_lib.course_data import data_folder
from lesson_lib.pipeline import WarehouseUnavailable
from lesson_lib.pipeline.source_files import inspect_file


@pytest.fixture
def lab() -> Lab:
    """Return a new lab."""
    return open_lab()


def list_names(lab: Lab) -> list[str]:
    """Return the names of all files and folders in the lab."""
    return sorted(path.name for path in lab.folder.rglob("*"))


def test_holds_a_copy_of_every_source_file(lab: Lab) -> None:
    """A lab starts with the course's source files, byte for byte, and without a database."""
    originals = {path.name: path.read_bytes() for path in (data_folder() / "source").iterdir()}
    assert {path.name: path.read_bytes() for path in lab.source.iterdir()} == originals
    assert not lab.database.exists()


def test_work_in_it_leaves_the_course_data_alone(lab: Lab) -> None:
    """Whatever is overwritten or deleted in the lab, the original stays."""
    original = (data_folder() / "source" / "acme.csv").read_bytes()
    (lab.source / "acme.csv").write_text("scribbled over")
    (lab.source / "zenith.csv").unlink()
    assert (data_folder() / "source" / "acme.csv").read_bytes() == original
    assert (data_folder() / "source" / "zenith.csv").exists()


def test_brings_in_a_new_customer_and_a_correction(lab: Lab) -> None:
    """An arrival is copied into `source`, over an earlier file of the same name."""
    assert lab.bring_in("quickstart") == lab.source / "quickstart.csv"
    lab.bring_in("acme")
    for arrival in ("quickstart", "acme"):
        delivered = (data_folder() / "arrivals" / f"{arrival}.csv").read_bytes()
        assert (lab.source / f"{arrival}.csv").read_bytes() == delivered


def test_brings_in_a_broken_file_under_its_own_name(lab: Lab) -> None:
    """`broken/acme` is delivered as `acme.csv`."""
    lab.bring_in("broken/acme")
    assert "n/a" in (lab.source / "acme.csv").read_text()


@pytest.mark.parametrize("arrival", ["nobody", "", "../source/zenith", "broken", "quickstart.csv"])
def test_an_unknown_arrival_is_refused_with_the_known_ones(lab: Lab, arrival: str) -> None:
    """A typo or a path out of the folder changes nothing, and the message lists the arrivals."""
    before = list_names(lab)
    with pytest.raises(ValueError, match="No arrival is called") as refusal:
        lab.bring_in(arrival)
    assert all(name in str(refusal.value) for name in ("quickstart", "swapped-columns", "broken/acme"))
    assert list_names(lab) == before


def test_arrivals_are_all_files_of_the_folder() -> None:
    """All files below the folder are arrivals."""
    assert len(list_arrivals()) == len(list((data_folder() / "arrivals").rglob("*.csv"))) > 0


def test_reset_source_keeps_the_database_and_reset_does_not(lab: Lab) -> None:
    """Only `reset` removes the database."""
    fresh = list_names(lab)
    lab.bring_in("quickstart")
    lab.database.write_text("rows")
    lab.reset_source()
    assert list_names(lab) == sorted([*fresh, "warehouse.duckdb"])
    lab.reset()
    assert list_names(lab) == fresh


@pytest.mark.parametrize("deleted", [False, True])
def test_reset_refuses_while_the_database_is_open(lab: Lab, *, deleted: bool) -> None:
    """DuckDB would keep the old rows, even of a file deleted by hand, so nothing changes."""
    lab.bring_in("quickstart")
    with duckdb.connect(lab.database) as con:
        con.execute("CREATE TABLE prices AS SELECT 1 AS price")
        if deleted:
            lab.database.unlink()
        before = list_names(lab)
        with pytest.raises(
            WarehouseUnavailable, match=r"warehouse\.duckdb, is open in this process, .* Close"
        ):
            lab.reset()
        assert list_names(lab) == before
    lab.reset()
    assert "quickstart.csv" not in list_names(lab)
    with duckdb.connect(lab.database) as con:
        assert con.execute("SHOW TABLES").fetchall() == []


def test_reset_refuses_while_another_process_has_the_database(lab: Lab) -> None:
    """The other process would continue with a deleted file, so nothing changes."""
    script = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script, str(lab.database)], text=True, **pipes) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(WarehouseUnavailable, match=f"is open in process {holder.pid}, "):
            lab.reset()
        assert lab.database.exists()
        holder.communicate("\n")
    lab.reset()
    assert not lab.database.exists()


@dg.asset
def failing(database: DuckDBResource) -> None:
    """Fail while the connection is open."""
    with database.get_connection() as con:
        con.execute("CREATE TABLE prices AS SELECT 1 AS price")
        raise ValueError


def test_reset_closes_what_a_failed_load_left_open(lab: Lab) -> None:
    """`reset` closes the connection that `DuckDBResource` leaves open after a failed load."""
    quiet = {"python_logs": {"python_log_level": "CRITICAL"}}
    with dg.DagsterInstance.ephemeral(settings=quiet) as instance:
        resources = {"database": DuckDBResource(database=str(lab.database))}
        dg.materialize([failing], instance=instance, resources=resources, raise_on_error=False)
    lab.reset()
    with duckdb.connect(lab.database) as con:
        assert con.execute("SHOW TABLES").fetchall() == []


def test_a_deleted_folder_is_made_again(lab: Lab) -> None:
    """An arrival makes a deleted folder again, and without one the lab says what to do."""
    fresh = list_names(lab)
    shutil.rmtree(lab.source)
    assert lab.bring_in("quickstart").parent == lab.source
    assert list_names(lab) == ["quickstart.csv", "source"]
    shutil.rmtree(lab.folder)
    assert repr(lab) == "lab (its folder has been deleted; lab.reset() makes it again)"
    lab.bring_in("broken/acme")
    assert list_names(lab) == ["acme.csv", "source"]
    shutil.rmtree(lab.folder)
    lab.reset()
    assert list_names(lab) == fresh


def test_a_symbolic_link_is_never_followed(lab: Lab, tmp_path: Path) -> None:
    """Neither the tree, nor a reset, nor a delivery follows a symbolic link out of the lab."""
    fresh = list_names(lab)
    kept = tmp_path / "acme.csv"
    kept.write_text("kept")
    (lab.folder / "elsewhere").symlink_to(tmp_path)
    (lab.source / "loop").symlink_to(lab.folder)
    (lab.folder / "nowhere").symlink_to(tmp_path / "nothing")
    (lab.source / "acme.csv").unlink()
    (lab.source / "acme.csv").symlink_to(kept)
    lines = repr(lab).splitlines()
    assert lines[1:4] == ["  elsewhere (a symbolic link)", "  nowhere (a symbolic link)", "  source"]
    assert "    loop (a symbolic link)" in lines
    assert len(lines) == len(fresh) + 4
    lab.bring_in("acme")
    lab.reset()
    assert list_names(lab) == fresh
    shutil.rmtree(lab.source)
    lab.source.symlink_to(tmp_path)
    lab.reset_source()
    assert list_names(lab) == fresh
    assert not lab.source.is_symlink()
    assert kept.read_text() == "kept"


def test_shows_its_tree_without_its_path(lab: Lab) -> None:
    """What a notebook shows of the lab is the same on every machine."""
    lines = repr(lab).splitlines()
    assert lines[:3] == ["lab", "  source", "    2018-01-22.csv"]
    assert "    o'hare.csv" in lines
    assert str(lab.folder) not in repr(lab)


def test_makes_customers_who_hold_to_the_rules(lab: Lab) -> None:
    """There is a file for each key, with eight rows that the pipeline accepts."""
    before = {path.name for path in lab.source.iterdir()}
    keys = lab.make_customers(12)
    assert keys == [f"customer-{number:04}" for number in range(1, 13)]
    assert {path.name for path in lab.source.iterdir()} == before | {f"{key}.csv" for key in keys}
    files = [inspect_file(key, lab.source / f"{key}.csv") for key in keys]
    assert [file.bad_prices for file in files] == [0] * 12
    contents = [(lab.source / f"{key}.csv").read_text(encoding="utf-8") for key in keys]
    assert {len(content.splitlines()) for content in contents} == {9}
    assert len(set(contents)) == 12


def test_made_customers_are_the_same_everywhere_and_gone_after_a_reset(lab: Lab) -> None:
    """Each call in each lab writes the same bytes, over a broken file as well."""
    digest = "a4887f64a79d9f346a5f617ce0910ee897b825071a16d9cb1e454462d1b41cda"
    for made in (lab, open_lab()):
        for number in (30, 5):
            keys = made.make_customers(number)
        (made.source / "customer-0002.csv").write_text("broken")
        keys = made.make_customers(30)
        contents = b"".join((made.source / f"{key}.csv").read_bytes() for key in keys)
        assert hashlib.sha256(contents).hexdigest() == digest
    lab.reset_source()
    assert not list(lab.source.glob("customer-*"))


def test_names_of_many_customers_are_in_order_of_number(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """All names have as many digits as the last one, so that they sort like their numbers."""
    monkeypatch.setattr("lesson_lib.classroom.lab.folder._MIN_DIGITS", 1)  # 10,000 files would take seconds
    keys = lab.make_customers(100)
    assert (keys[0], keys[-1], len(keys)) == ("customer-001", "customer-100", 100)
    assert keys == sorted(keys)


@pytest.mark.parametrize("number", [0, -1, 100_001, 2.0, "30", True, None])
def test_an_invalid_number_of_customers_is_refused(lab: Lab, number: int) -> None:
    """The message names the valid numbers, and no file is written."""
    before = list_names(lab)
    with pytest.raises(ValueError, match=f"whole number from 1 to 100,000, not {number!r}\\. Nothing was"):
        lab.make_customers(number)
    assert list_names(lab) == before


def test_a_customer_is_never_written_through_a_symbolic_link(lab: Lab, tmp_path: Path) -> None:
    """The target of the link does not change."""
    kept = tmp_path / "kept.csv"
    kept.write_text("kept")
    (lab.source / "customer-0001.csv").symlink_to(kept)
    lab.make_customers(1)
    assert kept.read_text() == "kept"
    assert not (lab.source / "customer-0001.csv").is_symlink()


def test_shows_both_ends_of_a_folder_with_many_files(lab: Lab) -> None:
    """A long folder shows the first files, the number in between, and the last file."""
    files = len(list(lab.source.iterdir()))
    lab.make_customers(50)
    lines = repr(lab).splitlines()
    assert len(lines) == 23
    assert lines[2] == "    2018-01-22.csv"
    assert lines[-2:] == [f"    … {files + 50 - 20:,} more", "    zenith.csv"]


def test_two_labs_are_separate_and_are_removed() -> None:
    """Two labs have two folders, and an unused lab is removed."""
    first, second = open_lab(), open_lab()
    folder = first.folder
    assert folder != second.folder
    del first
    gc.collect()
    assert not list(folder.parent.glob(f"{folder.name}*"))  # neither the folder nor its lock
    assert second.source.exists()


def test_a_killed_kernel_leaves_a_lab_that_the_next_call_removes(lab: Lab) -> None:
    """The lock of a killed kernel is free, so its lab is removed, while labs in use stay."""
    script = """if True:
        import os
        from lesson_lib.classroom import open_lab
        lab = open_lab()
        print(lab.folder, flush=True)
        os._exit(9)
    """
    killed = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    abandoned = Path(killed.stdout.strip())
    assert killed.returncode == 9
    assert abandoned.is_dir()
    open_lab()
    assert not abandoned.exists()
    assert not abandoned.with_suffix(".lock").exists()
    assert lab.source.is_dir()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps no such modes")
@pytest.mark.parametrize("remake", ["", "reset", "reset_source", "bring_in", "make_customers"])
def test_a_lab_is_private(lab: Lab, remake: str) -> None:
    """Other users cannot read a lab, not even one that was made again."""
    arguments = {"bring_in": ["acme"], "make_customers": [1]}.get(remake, [])
    if remake:
        shutil.rmtree(lab.folder)
        getattr(lab, remake)(*arguments)
    assert lab.folder.stat().st_mode & 0o777 == 0o700


NEXT_MOVE = (
    "Set TMPDIR to a folder on a local disk, with room on it, that you may write to, and restart the kernel."
)
NO_LOCKS = "its files cannot be locked, which protects the labs in use"


def break_lock(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the system refuse to lock any file."""
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(fcntl, "flock", refuse)


def break_folder(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the system refuse to make folders."""

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Path, "mkdir", refuse)


def break_copy(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the disk full after some files were copied."""

    def refuse(_: Path, target: Path) -> None:
        (target / "acme.csv").write_text("half")
        raise error

    monkeypatch.setattr(shutil, "copy2", refuse)


@pytest.mark.parametrize(
    ("broken", "error", "reason"),
    [
        (break_lock, OSError(errno.ENOLCK, "No locks available"), f"{NO_LOCKS} (No locks available)"),
        (break_lock, OSError(errno.ENOTSUP, "Not supported"), f"{NO_LOCKS} (Not supported)"),
        (break_lock, OSError(errno.EIO, "Input/output error"), "Input/output error"),
        (break_folder, PermissionError(errno.EACCES, "Permission denied"), "Permission denied"),
        (break_folder, OSError(errno.EROFS, "Read-only file system"), "Read-only file system"),
        (break_copy, OSError(errno.ENOSPC, "No space left on device"), "No space left on device"),
    ],
)
def test_a_lab_that_cannot_be_made_says_why_and_leaves_nothing_behind(
    broken: Callable[[OSError, pytest.MonkeyPatch], None],
    error: OSError,
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error names the folder, the cause and the next move."""
    monkeypatch.setattr(lab_module.tempfile, "tempdir", str(tmp_path))
    with monkeypatch.context() as patch, pytest.raises(LabUnavailable) as raised:  # noqa: PT012 - it is patched meanwhile
        broken(error, patch)
        open_lab()
    assert str(raised.value) == f"No lab can be made in {tmp_path}: {reason}. {NEXT_MOVE}"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_temporary_files_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python looks the folder up once; if it is deleted later, it is not made again."""
    gone = tmp_path / "gone"
    monkeypatch.setattr(lab_module.tempfile, "tempdir", str(gone))
    with pytest.raises(LabUnavailable) as raised:
        open_lab()
    assert str(raised.value) == f"No lab can be made in {gone}: there is no such folder. {NEXT_MOVE}"
    assert not gone.exists()


def test_no_folder_for_temporary_files_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so if neither TMPDIR nor a usual folder is writable."""

    def find_none() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(lab_module.tempfile, "gettempdir", find_none)
    with pytest.raises(LabUnavailable) as raised:
        open_lab()
    message = f"No lab can be made: No usable temporary directory found in ['/tmp']. {NEXT_MOVE}"
    assert str(raised.value) == message
