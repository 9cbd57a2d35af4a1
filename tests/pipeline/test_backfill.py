"""A backfill loads any set of keys in one run; a broken file fails alone, and the next call continues."""

import dataclasses
import datetime as dt
import importlib
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg
import pytest
from duckdb import DuckDBPyConnection
from sqlalchemy.exc import OperationalError

from lesson_lib.pipeline import (
    Backfill,
    InstanceUnavailable,
    InvalidKey,
    SourceFolder,
    UnreadableFile,
    Warehouse,
    WarehouseUnavailable,
    WrongTable,
    backfill,
    missing_keys,
    register_keys,
    retire_key,
    s3_partitions_def,
    warehouse,
)
from lesson_lib.pipeline.backfill import compute_next_batch_size
from lesson_lib.pipeline.event_log import describe_file
from lesson_lib.pipeline.source_files import SourceFile
from lesson_lib.pipeline.warehouse import replace_rows, transaction
from tests.pipeline.test_warehouse import build_many_rows, hold_database
from tests.pipeline.workspace import HEADER, IMPORT, LOAD, Asset, Workspace, open_workspace, priced

# By name, since the package's own `backfill` is the function.
MODULE = importlib.import_module("lesson_lib.pipeline.backfill")
Keys = Iterable[str] | dg.PartitionKeyRange | None
QUIET = {"python_logs": {"python_log_level": "CRITICAL"}}

# The program of a second process: it loads all keys, two at a time, into an instance on the disk.
LOAD_ALL = """
import importlib, signal, sys, time
from pathlib import Path
import dagster as dg
from lesson_lib.pipeline import SourceFolder, Warehouse, assets, backfill

def wait():
    print("here", flush=True)
    time.sleep(600)

def at(done, total):
    pass

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the one who started the tests ignores
module = importlib.import_module("lesson_lib.pipeline.backfill")
module.MAX_KEYS_PER_BATCH = module._FIRST_BATCH_SIZE = 2
folder = Path(sys.argv[1])
quiet = {{"python_logs": {{"python_log_level": "CRITICAL"}}}}
with dg.DagsterInstance.local_temp(str(folder / "home"), overrides=quiet) as instance:
    {set_up}
    source, database = SourceFolder(path=folder / "source"), Warehouse(database=folder / "warehouse.duckdb")
    backfill(instance, source=source, database=database, progress=lambda done, total: at(done, total))
"""
IN_A_TRANSACTION = """
    warehouse = importlib.import_module("lesson_lib.pipeline.warehouse")
    def replace_rows(con, table, files, replace=warehouse.replace_rows):
        counts = replace(con, table, files)
        if files[0].key == "k2":
            wait()
        return counts
    warehouse.replace_rows = replace_rows
"""
HALF_RECORDED = """
    def at(done, total):
        if done == 3:
            wait()
"""
IN_A_REFUSED_RUN = """
    def list_partition_keys(context):
        wait()
    assets.list_partition_keys = list_partition_keys
"""
DISK_OF_2_MB = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))"


def ignore_progress(done: int, total: int) -> None:
    """Accept the progress, and show nothing."""


def load(workspace: Workspace, keys: Keys = None, **options: object) -> Backfill:
    """Backfill a workspace's keys."""
    resources = {"progress": ignore_progress, **workspace.resources(), **options}
    return backfill(workspace.instance, keys, **resources)  # type: ignore[arg-type] # of several types


def add_keys(workspace: Workspace, count: int) -> list[str]:
    """Register this many keys, each with a file of two prices of its own."""
    keys = [f"k{number}" for number in range(count)]
    for number, key in enumerate(keys):
        workspace.add(key, *choose_prices(number))
    return keys


def choose_prices(number: int) -> tuple[float, float]:
    """Return the content of the file of the key with this number."""
    return (number + 1.25, number + 1.5)


def build_prices(numbers: Iterable[int]) -> dict[str, list[float]]:
    """Return the prices of the keys with these numbers, as a workspace returns them."""
    return {f"k{number}": list(choose_prices(number)) for number in numbers}


def get_status(workspace: Workspace) -> dict[str, tuple[str | None, str | None]]:
    """Return Dagster's status of each key: of its import, and of its rows."""
    keys = workspace.keys()

    def of(asset: Asset) -> list[str | None]:
        states = workspace.instance.get_status_by_partition(asset.key, keys, s3_partitions_def) or {}
        return [state and state.value for state in map(states.get, keys)]

    return dict(zip(keys, zip(of(IMPORT), of(LOAD), strict=True), strict=True))


BOTH = ("MATERIALIZED", "MATERIALIZED")


def list_runs(workspace: Workspace) -> list[tuple[str, str | None]]:
    """Return each run's status and partition key, the oldest run first."""
    return [(run.status.value, run.tags.get("dagster/partition")) for run in workspace.instance.get_runs()][
        ::-1
    ]


def find_failure(workspace: Workspace, key: str) -> str:
    """Return the failure events of the only failed run of a key."""
    of_key = dg.RunsFilter(tags={"dagster/partition": key}, statuses=[dg.DagsterRunStatus.FAILURE])
    (run,) = workspace.instance.get_runs(of_key)
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.ASSET_CHECK_EVALUATION}
    logs = workspace.instance.all_logs(run.run_id, of_type=kinds)
    return "".join(str(log.dagster_event and log.dagster_event.event_specific_data) for log in logs)


@pytest.fixture(autouse=True)
def batch_size(monkeypatch: pytest.MonkeyPatch) -> int:
    """Load five keys at a time, so that a few dozen keys are several batches."""
    for name in ("MAX_KEYS_PER_BATCH", "_FIRST_BATCH_SIZE"):
        monkeypatch.setattr(MODULE, name, 5)
    return 5


def test_any_set_of_keys_is_one_run(workspace: Workspace) -> None:
    """Only the rows of the given keys, in any order, are stored and recorded."""
    keys = add_keys(workspace, 14)
    picked = ["k13", "k0", "k7", "k2", "k11", "k1"]
    done = load(workspace, picked)
    assert list(done.loaded.items()) == [(key, 2) for key in picked]
    assert (done.unchanged, done.refused) == ([], {})
    assert workspace.prices() == build_prices([13, 0, 7, 2, 11, 1])
    assert get_status(workspace) == {key: BOTH if key in picked else (None, None) for key in keys}
    assert list_runs(workspace) == [("SUCCESS", None)]


def test_no_keys_named_are_all_of_them(workspace: Workspace) -> None:
    """They are loaded in several batches, and still in one run."""
    add_keys(workspace, 12)
    assert list(load(workspace).loaded) == workspace.keys()
    assert workspace.prices() == build_prices(range(12))
    assert list_runs(workspace) == [("SUCCESS", None)]


def test_a_backfill_records_the_same_as_the_assets(workspace: Workspace) -> None:
    """File, fingerprint and numbers of new and replaced rows are as in a run of the two assets."""
    add_keys(workspace, 3)
    workspace.load("k1")
    workspace.write("k1", priced(7.5))
    load(workspace)
    recorded = {asset.key: workspace.metadata(asset, "k1") for asset in (IMPORT, LOAD)}
    assert recorded[LOAD.key] == workspace.loading_records("k1", 1, replaced=2)
    workspace.load("k1")
    assert workspace.metadata(IMPORT, "k1") == recorded[IMPORT.key]
    assert [workspace.times_materialized(asset, "k1") for asset in (IMPORT, LOAD)] == [3, 3]
    assert [workspace.times_materialized(asset, "k2") for asset in (IMPORT, LOAD)] == [1, 1]


def test_a_range_is_in_the_order_of_registration(workspace: Workspace) -> None:
    """A key that was registered late comes last, whatever its name; a range may be a single key."""
    add_keys(workspace, 8)
    workspace.add("a late one", 1)
    assert list(load(workspace, dg.PartitionKeyRange("k2", "k4")).loaded) == ["k2", "k3", "k4"]
    assert list(load(workspace, dg.PartitionKeyRange("k6", "a late one")).loaded) == [
        "k6",
        "k7",
        "a late one",
    ]
    assert list(load(workspace, dg.PartitionKeyRange("k0", "k0")).loaded) == ["k0"]
    assert sorted(workspace.prices()) == ["a late one", "k0", "k2", "k3", "k4", "k6", "k7"]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            ["acme", "globx"],
            "'globx' is not registered. Did you mean 'globex'? Register it first: register_keys(",
        ),
        (["zzz"], "'zzz' is not registered. Register it first: register_keys(instance, ['zzz'])."),
        ("acme", "backfill takes a list of keys: write ['acme']."),
        (dg.PartitionKeyRange("acme", "globx"), "'globx' is not registered. Did you mean 'globex'?"),
        (
            dg.PartitionKeyRange("globex", "acme"),
            (
                "The range 'globex' to 'acme' contains no keys: its end was registered before its start. "
                "Swap them."
            ),
        ),
    ],
)
def test_keys_that_are_not_there_are_refused(
    shared: Workspace, keys: list[str] | dg.PartitionKeyRange, message: str
) -> None:
    """Nothing is loaded and no run is made, although one of the keys has a corrected file."""
    shared.write("acme", priced(3.5))
    before = list_runs(shared)
    with shared.raises(InvalidKey, message):
        load(shared, keys)
    assert list_runs(shared) == before


def test_a_key_named_twice_is_loaded_once(workspace: Workspace) -> None:
    """The keys may come from any iterable."""
    add_keys(workspace, 3)
    done = load(workspace, (key for key in ["k2", "k0", "k2", "k2", "k0"]))
    assert done == Backfill({"k2": 2, "k0": 2}, [], {})
    assert workspace.prices() == build_prices([2, 0])
    assert load(workspace, ["k0", "k2", "k0"]).unchanged == ["k0", "k2"]


def test_nothing_to_do_makes_no_run(loaded: Workspace) -> None:
    """There is nothing to do without keys, or if all keys are loaded from their present files."""
    before = loaded.rows()
    assert load(loaded, []) == Backfill({}, [], {})
    assert load(loaded) == Backfill({}, ["acme", "globex"], {})
    assert load(loaded, ["globex", "acme"]).unchanged == ["globex", "acme"]
    assert list_runs(loaded) == [("SUCCESS", None)]
    assert loaded.rows() == before


BROKEN: dict[str, tuple[str | None, str]] = {
    "missing": (None, "'missing' has no file: missing.csv is not in"),
    "empty": ("", "empty.csv: empty, without even a header"),
    "header": (
        priced(1).replace("amount", "quantity"),
        "header.csv: line 1: missing amount; unknown 'quantity'",
    ),
    "no rows": (f"{HEADER}\n\n", "no rows.csv: a header and no rows"),
    "letters": (
        priced(1, 2, "n/a"),
        "letters.csv: line 4: share_price is 'n/a', not a finite decimal number",
    ),
    "form": (priced(1) + "2018/01/22,1,1,1,1\n", "form.csv: line 3: 5 values for 6 columns"),
    "more": (priced(1) + "2018/01/22,1,1,1,1,1,1\n", "more.csv: line 3: 7 values for 6 columns"),
    "value": (priced(1, "1-2"), "value.csv: line 3: share_price is '1-2', not a finite decimal number"),
    "date": (priced(1) + "2018-02-29,1,1,1,1,1\n", "date.csv: line 3: date is '2018-02-29', not a day"),
    "overflow": (priced(1, "1e400"), "overflow.csv: line 3: share_price is '1e400', not a finite decimal"),
    "line ends": (
        priced(1) + "2018/01/22,1,1,1,1,1\r\n",
        "line ends.csv: line 3 ends in CRLF, the lines before it in LF",
    ),
    "price": (priced(1, -4), "price.csv: line 3: share_price is '-4', not above zero"),
}
ONLY_DUCKDB_SEES = {"form", "more", "value", "date", "overflow", "line ends"}


@pytest.mark.parametrize("at_a_time", [1, 4, 200])
def test_a_broken_file_fails_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    """Sound files beside broken ones are loaded, and a failed run reports why each other is not."""
    for name in ("MAX_KEYS_PER_BATCH", "_FIRST_BATCH_SIZE"):
        monkeypatch.setattr(MODULE, name, at_a_time)
    workspace.add("value", 8.5)
    workspace.load("value")
    for number, (key, (content, _)) in enumerate(BROKEN.items()):
        register_keys(workspace.instance, [key])
        if content is not None:
            workspace.write(key, content)
        workspace.add(f"k{number}", *choose_prices(number))
    done = load(workspace)
    good = range(len(BROKEN))
    assert done.loaded == {f"k{number}": 2 for number in good}
    assert done.unchanged == []
    assert done.refused.keys() == BROKEN.keys()
    for key, (_, message) in BROKEN.items():
        assert done.refused[key].startswith(message)
        assert message.removeprefix(f"{key}.csv: ") in find_failure(workspace, key).replace("\\'", "'")
    assert workspace.prices() == build_prices(good) | {"value": [8.5]}
    imported = {*ONLY_DUCKDB_SEES, "price"}
    assert get_status(workspace) == {
        **{f"k{number}": BOTH for number in good},
        **{key: ("MATERIALIZED" if key in imported else "FAILED", "FAILED") for key in BROKEN},
    }
    assert list_runs(workspace)[:2] == [("SUCCESS", "value"), ("SUCCESS", None)]
    assert sorted(list_runs(workspace)[2:]) == sorted(("FAILURE", key) for key in BROKEN)


def test_a_second_call_loads_keys_that_are_missing_failed_or_corrected(workspace: Workspace) -> None:
    """It loads nothing else, and after that there is nothing to do."""
    keys = add_keys(workspace, 12)
    workspace.write("k3", priced("n/a"))
    workspace.write("k4", priced(1, "1-2"))
    workspace.write("k5", priced(-1))
    first = load(workspace, keys[:11])
    assert sorted(first.refused) == ["k3", "k4", "k5"]
    for number in (3, 4):
        workspace.write(f"k{number}", priced(*choose_prices(number)))
    workspace.write("k0", priced(100.5))
    second = load(workspace)
    assert (second.loaded, list(second.refused)) == ({"k0": 1, "k3": 2, "k4": 2, "k11": 2}, ["k5"])
    assert second.unchanged == ["k1", "k2", "k6", "k7", "k8", "k9", "k10"]
    assert workspace.prices() == build_prices({*range(12)} - {5}) | {"k0": [100.5]}
    assert {key: state for key, state in get_status(workspace).items() if state != BOTH} == {
        "k5": ("MATERIALIZED", "FAILED")
    }
    assert missing_keys(workspace.instance, Warehouse(database=workspace.database)) == ["k5"]
    workspace.write("k5", priced(*choose_prices(5)))
    assert load(workspace).loaded == {"k5": 2}
    assert set(get_status(workspace).values()) == {BOTH}
    assert load(workspace) == Backfill({}, workspace.keys(), {})


def test_a_file_that_is_back_after_a_failure_is_loaded_again(loaded: Workspace) -> None:
    """Its rows never left, and its key counts as failed until it is loaded."""
    loaded.write("acme", priced("n/a"))
    assert list(load(loaded).refused) == ["acme"]
    assert missing_keys(loaded.instance, Warehouse(database=loaded.database)) == ["acme"]
    loaded.write("acme", priced(1.5, 2.5))
    assert load(loaded) == Backfill({"acme": 2}, ["globex"], {})
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_a_file_that_vanished_fails_and_keeps_its_rows(loaded: Workspace) -> None:
    """The same happens in a run of the assets."""
    (loaded.source / "acme.csv").unlink()
    done = load(loaded)
    assert done.refused["acme"].startswith("'acme' has no file: acme.csv is not in")
    assert (done.loaded, done.unchanged) == ({}, ["globex"])
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    assert get_status(loaded) == {"acme": ("FAILED", "FAILED"), "globex": BOTH}


def test_rows_that_were_changed_by_hand_are_loaded_again(loaded: Workspace) -> None:
    """Whatever Dagster has recorded, rows that were removed, changed or doubled are replaced."""
    loaded.query("DELETE FROM raw_partition_data WHERE partition_key = 'acme'")
    assert missing_keys(loaded.instance, Warehouse(database=loaded.database)) == ["acme"]
    assert load(loaded) == Backfill({"acme": 2}, ["globex"], {})
    loaded.query("DELETE FROM raw_partition_data WHERE share_price = 2.5")
    assert load(loaded) == Backfill({"acme": 2}, ["globex"], {})
    loaded.query("INSERT INTO raw_partition_data SELECT * FROM raw_partition_data")
    assert load(loaded) == Backfill({"acme": 2, "globex": 1}, [], {})
    loaded.database.unlink()
    assert load(loaded) == Backfill({"acme": 2, "globex": 1}, [], {})
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_rows_of_another_version_of_a_file_are_loaded_again(loaded: Workspace) -> None:
    """The same number of rows may be other rows: a backup was restored, or rows changed their keys."""
    loaded.write("acme", priced(1.5))
    loaded.load("acme")
    backup = shutil.copy(loaded.database, f"{loaded.database}.backup")
    loaded.write("acme", priced(3.5))
    assert load(loaded).loaded == {"acme": 1}
    Path(backup).replace(loaded.database)
    assert loaded.prices() == {"acme": [1.5], "globex": [9.75]}
    assert load(loaded) == Backfill({"acme": 1}, ["globex"], {})
    loaded.query("UPDATE raw_partition_data SET partition_key = if(share_price = 3.5, 'globex', 'acme')")
    assert load(loaded) == Backfill({"acme": 1, "globex": 1}, [], {})
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75]}


def test_an_import_alone_and_a_report_by_hand_are_not_loaded(loaded: Workspace) -> None:
    """The first did not finish; the second does not record which file its rows come from."""
    loaded.load("acme", assets=[IMPORT])
    for asset in (IMPORT, LOAD):
        reported = dg.AssetMaterialization(asset.key, partition="globex")
        loaded.instance.report_runless_asset_event(reported)
    assert missing_keys(loaded.instance, Warehouse(database=loaded.database)) == ["acme"]
    assert load(loaded).loaded == {"acme": 2, "globex": 1}


def test_a_key_that_was_retired_and_came_back_is_loaded(loaded: Workspace) -> None:
    """Its materializations are still recorded, but its rows are gone."""
    retire_key(loaded.instance, "acme", Warehouse(database=loaded.database))
    assert load(loaded) == Backfill({}, ["globex"], {})
    register_keys(loaded.instance, ["acme"])
    assert load(loaded) == Backfill({"acme": 2}, ["globex"], {})


def test_missing_keys_are_those_without_record_or_rows(workspace: Workspace) -> None:
    """They are in order of registration; if there is no database yet, all keys are missing."""
    warehouse = Warehouse(database=workspace.database)
    assert missing_keys(workspace.instance, warehouse) == []
    add_keys(workspace, 6)
    assert missing_keys(workspace.instance, warehouse) == workspace.keys()
    load(workspace, ["k4", "k1"])
    assert missing_keys(workspace.instance, warehouse) == ["k0", "k2", "k3", "k5"]


def test_keys_that_slipped_past_register_keys_fail_alone(loaded: Workspace) -> None:
    """The assets refuse them; a lookalike in another form of Unicode never gets the other one's rows."""
    loaded.write("cafe\u0301", priced(7.5))
    loaded.add("caf\u00e9", 4.5)
    odd = ["../source/acme", "ac[m]e", "acme\n", "cafe\u0301"]
    loaded.instance.add_dynamic_partitions("s3", odd)
    loaded.write("acme", priced(3.5))
    done = load(loaded)
    assert done.loaded == {"caf\u00e9": 1, "acme": 1}
    assert list(done.refused) == odd
    assert "'ac[m]e' cannot be a partition key: it contains '[', a glob character." in done.refused["ac[m]e"]
    assert "is not normalized. Delete it, and add it again" in done.refused["cafe\u0301"]
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75], "caf\u00e9": [4.5]}
    for key in odd:
        assert get_status(loaded)[key] == ("FAILED", "FAILED")
        assert "InvalidKey" in find_failure(loaded, key)


def test_two_keys_of_one_file_get_its_rows_each(workspace: Workspace) -> None:
    """A link within the folder counts as the file that it leads to."""
    workspace.add("acme", 1.5)
    register_keys(workspace.instance, ["zenith"])
    (workspace.source / "zenith.csv").symlink_to("acme.csv")
    load(workspace)
    assert workspace.prices() == {"acme": [1.5], "zenith": [1.5]}


@contextmanager
def change_before_reading(monkeypatch: pytest.MonkeyPatch, path: Path, content: str | None) -> Iterator[None]:
    """Change a file, or remove it, after it was inspected and before DuckDB reads it."""

    def replace_after(*args: object) -> dict[str, tuple[int, int]]:
        monkeypatch.setattr(warehouse, "replace_rows", replace_rows)
        path.unlink() if content is None else path.write_text(content)
        return replace_rows(*args)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(warehouse, "replace_rows", replace_after)
    yield
    assert warehouse.replace_rows is replace_rows  # it was called


def test_a_file_that_changes_in_the_middle_is_loaded_as_it_is_then(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of one content are never stored beside the fingerprint of another."""
    add_keys(workspace, 7)
    with change_before_reading(monkeypatch, workspace.source / "k3.csv", priced(30.5)):
        done = load(workspace)
    assert (done.loaded, done.refused) == ({**dict.fromkeys(workspace.keys(), 2), "k3": 1}, {})
    assert workspace.prices() == build_prices(range(7)) | {"k3": [30.5]}
    assert list_runs(workspace) == [("SUCCESS", None), ("SUCCESS", "k3")]
    assert load(workspace).unchanged == workspace.keys()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "'k3' has no file: k3.csv is not in"),
        (priced("n/a"), "k3.csv: line 2: share_price is 'n/a'"),
        (priced("1-2"), "k3.csv: line 2: share_price is '1-2'"),
    ],
    ids=["vanished", "letters", "value"],
)
def test_a_file_that_breaks_in_the_middle_fails_alone(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, content: str | None, message: str
) -> None:
    """Its failed run records the fault that it has by then."""
    add_keys(workspace, 7)
    with change_before_reading(monkeypatch, workspace.source / "k3.csv", content):
        done = load(workspace)
    assert done.refused["k3"].startswith(message)
    assert message.partition(": ")[2] in find_failure(workspace, "k3").replace("\\'", "'")
    assert workspace.prices() == build_prices({*range(7)} - {3})


@pytest.mark.parametrize("path", ["nowhere", "file.txt", "empty", " "])
def test_a_source_folder_without_data_files_is_refused(shared: Workspace, path: str) -> None:
    """A missing or unmounted folder is reported once, not for each key, and no key counts as failed."""
    shared.write("file.txt", "")
    (shared.source / "empty").mkdir(exist_ok=True)
    before = list_runs(shared)
    with shared.raises(UnreadableFile, repr(path) if path == " " else path):
        load(shared, source=SourceFolder(path=path if path == " " else shared.source / path))
    assert list_runs(shared) == before


def test_a_table_with_other_columns_is_refused(workspace: Workspace) -> None:
    """The error is raised before any run."""
    add_keys(workspace, 2)
    workspace.query("CREATE TABLE raw_partition_data (date DATE, share_price FLOAT)")
    with pytest.raises(WrongTable, match="Rename it"):
        load(workspace)
    assert list_runs(workspace) == []


def test_resources_may_come_from_environment_variables(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This holds for both resources, also in the run of a refused key."""
    add_keys(workspace, 3)
    workspace.write("k1", priced(1, "1-2"))
    monkeypatch.setenv("SOURCE", str(workspace.source))
    monkeypatch.setenv("DATABASE", str(workspace.database))
    source, database = SourceFolder(path=dg.EnvVar("SOURCE")), Warehouse(database=dg.EnvVar("DATABASE"))
    done = load(workspace, source=source, database=database)
    assert (done.loaded, list(done.refused)) == ({"k0": 2, "k2": 2}, ["k1"])
    assert "line 3: share_price is '1-2'" in find_failure(workspace, "k1").replace("\\'", "'")
    assert workspace.prices() == build_prices([0, 2])
    with dg.build_resources({"database": database}, instance=workspace.instance) as ready:
        assert missing_keys(workspace.instance, ready.database) == ["k1"]


def test_no_other_instance_is_made(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """If Dagster made one, it would stay the current one until Python collects it."""
    add_keys(workspace, 2)
    workspace.write("k1", "no file of prices")
    monkeypatch.setattr(dg.DagsterInstance, "ephemeral", lambda **_: pytest.fail("an instance of its own"))
    assert (list(load(workspace).loaded), list(load(workspace).refused)) == (["k0"], ["k1"])


def test_progress_counts_every_key_to_the_end(workspace: Workspace) -> None:
    """It is called for each key, including refused ones, but not for unchanged keys."""
    add_keys(workspace, 8)
    load(workspace, ["k0"])
    workspace.write("k2", priced("n/a"))
    workspace.write("k5", priced("1-2"))
    reported: list[tuple[int, int]] = []
    load(workspace, progress=lambda done, total: reported.append((done, total)))
    assert reported == [(done, 7) for done in range(1, 8)]
    reported.clear()
    load(workspace, ["k0", "k1"], progress=lambda done, total: reported.append((done, total)))
    assert reported == []


def test_without_a_terminal_no_bar_is_displayed(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a log file, for example, a bar would fill many lines."""
    add_keys(workspace, 3)
    done = load(workspace, progress=None)
    assert list(done.loaded) == workspace.keys()
    assert "backfill:" not in "".join(capsys.readouterr())


def test_a_backfill_reports_its_outcome() -> None:
    """The text has a line of numbers, and one for each error."""
    assert str(Backfill({}, [], {})) == "0 loaded (0 rows), 0 unchanged, 0 refused"
    done = Backfill({"acme": 1_500, "globex": 2}, ["zenith"] * 1_000, {"ajax": "ajax.csv: empty."})
    assert str(done) == "2 loaded (1,502 rows), 1,000 unchanged, 1 refused\najax.csv: empty."


def test_a_database_held_from_the_start_is_refused_within_seconds(workspace: Workspace) -> None:
    """No run is made; once the database is released, the same call loads."""
    add_keys(workspace, 3)
    with hold_database(workspace.database) as other:
        started = time.monotonic()
        for call in (
            load,
            lambda workspace: missing_keys(workspace.instance, Warehouse(database=workspace.database)),
        ):
            with pytest.raises(WarehouseUnavailable, match=f"is held by process {other.pid}: "):
                call(workspace)
        assert time.monotonic() - started < 30  # DuckDBResource itself would try for some 100 seconds each
    assert list_runs(workspace) == []
    load(workspace)
    assert workspace.prices() == build_prices(range(3))


def test_a_database_taken_in_the_middle_keeps_the_loaded_rows(workspace: Workspace) -> None:
    """Earlier batches are stored and recorded, and the next call loads the others."""
    add_keys(workspace, 12)
    with ExitStack() as stack:

        def take(done: int, _total: int) -> None:
            if done == 5:
                stack.enter_context(hold_database(workspace.database))

        with pytest.raises(WarehouseUnavailable, match="is held by process"):
            load(workspace, progress=take)
    assert workspace.prices() == build_prices(range(5))
    assert list_runs(workspace) == [("FAILURE", None)]
    assert list(load(workspace).loaded) == [f"k{number}" for number in range(5, 12)]
    assert workspace.prices() == build_prices(range(12))


def test_a_database_taken_in_a_refused_run_is_not_blamed_on_the_file(workspace: Workspace) -> None:
    """The error names the database, and the next call tries the key again."""
    add_keys(workspace, 3)
    workspace.write("k1", priced(1, "1-2"))
    with ExitStack() as stack:

        def take(done: int, _total: int) -> None:
            if done == 2:
                stack.enter_context(hold_database(workspace.database))

        with pytest.raises(WarehouseUnavailable, match="is held by process"):
            load(workspace, progress=take)
    assert workspace.prices() == build_prices([0, 2])
    done = load(workspace)
    assert (list(done.loaded), done.unchanged, list(done.refused)) == ([], ["k0", "k2"], ["k1"])


def test_rows_that_were_stored_but_not_recorded_do_not_count_as_loaded(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program ends just after storing the rows of a corrected file, and the earlier file comes back."""

    @contextmanager
    def last_transaction(con: DuckDBPyConnection) -> Iterator[None]:
        with transaction(con):
            yield
        raise SystemExit

    loaded.write("acme", priced(3.5))
    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "transaction", last_transaction)
        with pytest.raises(SystemExit):
            load(loaded)
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75]}
    loaded.write("acme", priced(1.5, 2.5))
    assert load(loaded) == Backfill({"acme": 2}, ["globex"], {})
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}


def test_rows_that_were_recorded_after_a_later_import_do_not_count_as_its_rows(
    loaded: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A corrected file is imported just after a run has stored the rows of the earlier one."""

    @contextmanager
    def overtaken(con: DuckDBPyConnection) -> Iterator[None]:
        with transaction(con):
            yield
        loaded.write("acme", priced(3.5))
        loaded.load("acme", assets=[IMPORT])

    with monkeypatch.context() as patch:
        patch.setattr(warehouse, "transaction", overtaken)
        loaded.load("acme")
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    assert load(loaded) == Backfill({"acme": 1}, ["globex"], {})
    assert loaded.prices() == {"acme": [3.5], "globex": [9.75]}


def test_a_key_that_is_retired_meanwhile_does_not_come_back(workspace: Workspace) -> None:
    """Its rows would belong to no key, and the result names it."""
    add_keys(workspace, 12)

    def retire(done: int, _total: int) -> None:
        if done == 1:
            retire_key(workspace.instance, "k9", Warehouse(database=workspace.database))

    done = load(workspace, progress=retire)
    assert done.refused.keys() == {"k9"}
    assert done.refused["k9"].startswith("'k9' was retired while this backfill was at work")
    assert workspace.prices() == build_prices([*range(9), 10, 11])
    assert s3_partitions_def.has_partition_key("k9", dynamic_partitions_store=workspace.instance) is False


def test_an_instance_that_cannot_record_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLAlchemy's own error is long, and does not say that another call continues."""
    add_keys(workspace, 3)

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("INSERT", {}, OSError("database or disk is full"))

    with monkeypatch.context() as patch:
        patch.setattr(dg.DagsterInstance, "create_run_for_job", fail)
        with pytest.raises(
            InstanceUnavailable, match=r"disk is full.* Free some room.* it goes on from what"
        ):
            load(workspace)
    assert load(workspace).loaded == dict.fromkeys(workspace.keys(), 2)


@pytest.fixture
def persistent(tmp_path: Path) -> Iterator[Workspace]:
    """Open a workspace whose instance is on the disk, so that a second process can use it."""
    home = tmp_path / "home"
    home.mkdir()
    with (
        open_workspace(tmp_path) as workspace,
        dg.DagsterInstance.local_temp(str(home), overrides=QUIET) as instance,
    ):
        persistent = dataclasses.replace(workspace, instance=instance)
        add_keys(persistent, 8)
        yield persistent


@contextmanager
def start_loading(workspace: Workspace, set_up: str) -> Iterator[subprocess.Popen[str]]:
    """Run a second process that loads all keys, two at a time, with something done to it first."""
    command = [sys.executable, "-c", LOAD_ALL.format(set_up=set_up), str(workspace.database.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str]) -> None:
    """Wait until the second process reports that it has reached this point."""
    assert process.stdout
    assert process.stdout.readline() == "here\n"


@pytest.mark.parametrize(
    ("at", "stored", "recorded"),
    [
        pytest.param(IN_A_TRANSACTION, range(2), ["k0", "k1"], id="in a transaction"),
        pytest.param(HALF_RECORDED, range(4), ["k0", "k1", "k2"], id="half recorded"),
    ],
)
def test_after_kill_9_the_next_call_goes_on(
    persistent: Workspace, at: str, stored: range, recorded: list[str]
) -> None:
    """No row is lost or doubled, and what is recorded is not loaded again."""
    with start_loading(persistent, at) as process:
        wait_for(process)
        process.kill()
    assert persistent.prices() == build_prices(stored)
    done = load(persistent)
    assert done.unchanged == recorded
    assert list(done.loaded) == [f"k{number}" for number in range(len(recorded), 8)]
    assert persistent.prices() == build_prices(range(8))
    assert set(get_status(persistent).values()) == {BOTH}
    assert missing_keys(persistent.instance, Warehouse(database=persistent.database)) == []


def test_a_backfill_that_is_always_stopped_early_still_goes_on(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first batches are small, so that each call loads some keys, however soon it ends."""
    monkeypatch.setattr(MODULE, "MAX_KEYS_PER_BATCH", 200)
    monkeypatch.setattr(MODULE, "_FIRST_BATCH_SIZE", 1)
    add_keys(workspace, 9)
    recorded: list[str] = []

    def stop_at_the_fifth(file: SourceFile) -> object:
        if len(recorded) == 4:
            raise InterruptedError
        recorded.append(file.key)
        return describe_file(file)

    monkeypatch.setattr(MODULE, "describe_file", stop_at_the_fifth)
    for count in (1, 2):
        with pytest.raises(InterruptedError):
            load(workspace)
        assert workspace.prices() == build_prices(range(count))
        recorded.clear()
    monkeypatch.setattr(MODULE, "describe_file", describe_file)
    assert list(load(workspace).loaded) == [f"k{number}" for number in range(2, 9)]


@pytest.mark.parametrize(
    ("size", "seconds", "following"),
    [(1, 0.01, 4), (200, 0.9, 200), (200, 2.0, 100), (200, 400, 1), (1, 60, 1), (3, 0, 12)],
)
def test_a_batch_takes_about_a_second(
    monkeypatch: pytest.MonkeyPatch, size: int, seconds: float, following: int
) -> None:
    """Its size follows from the time of the last one: at most four times as many keys, and at most 200."""
    monkeypatch.setattr(MODULE, "MAX_KEYS_PER_BATCH", 200)
    assert compute_next_batch_size(size, seconds) == following


def test_after_ctrl_c_the_next_call_goes_on(persistent: Workspace) -> None:
    """KeyboardInterrupt is raised, the run counts as failed, and only the rest is loaded."""
    with start_loading(persistent, IN_A_TRANSACTION) as process:
        wait_for(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors.endswith("KeyboardInterrupt\n")
    assert persistent.prices() == build_prices(range(2))
    assert list_runs(persistent) == [("FAILURE", None)]
    assert load(persistent).unchanged == ["k0", "k1"]
    assert persistent.prices() == build_prices(range(8))


def test_ctrl_c_ends_the_runs_of_refused_keys(persistent: Workspace) -> None:
    """It ends all of them, not only one."""
    for number in (2, 4, 5):
        persistent.write(f"k{number}", priced("n/a"))
    with start_loading(persistent, IN_A_REFUSED_RUN) as process:
        wait_for(process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert errors.endswith("KeyboardInterrupt\n")
    assert list_runs(persistent) == [("SUCCESS", None), ("FAILURE", "k2")]
    assert persistent.prices() == build_prices([0, 1, 3, 6, 7])
    assert list(load(persistent).refused) == ["k2", "k4", "k5"]


def test_a_full_disk_keeps_the_loaded_rows(persistent: Workspace) -> None:
    """If a file may not exceed 2 MB, the batch of the large file stores nothing."""
    persistent.write("k4", build_many_rows(200_000, seed=1))
    with start_loading(persistent, DISK_OF_2_MB) as process:
        _, errors = process.communicate(timeout=120)
    assert "WarehouseUnavailable: DuckDB stored nothing: " in errors
    assert "The file has reached the size that the disk or this process allows" in errors
    assert persistent.prices() == build_prices(range(4))
    done = load(persistent)
    assert done.unchanged == ["k0", "k1", "k2", "k3"]
    assert done.loaded == {"k4": 200_000, "k5": 2, "k6": 2, "k7": 2}


def test_the_days_of_the_exchange_are_left_alone(loaded: Workspace) -> None:
    """They have another table and another set of keys."""
    loaded.write("2018-01-23", priced(6.5))
    loaded.load_day("2018-01-23")
    load(loaded)
    row = (dt.date(2018, 1, 22), 6.5, 100.0, 425.0, -0.5, 0.01)
    assert loaded.rows()["raw_daily_data", "2018-01-23"] == [row]
