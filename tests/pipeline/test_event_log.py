"""The latest imports, as the event log records them."""

from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.pipeline import backfill, event_log, register_keys, s3_partitions_def
from lesson_lib.pipeline.event_log import (
    find_current_imports,
    find_failed_keys,
    find_keys_imported_from,
    find_latest_events,
    find_loaded_imports,
)
from lesson_lib.pipeline.folder_scan import scan
from lesson_lib.pipeline.sensor.fingerprints import ReadingBudget
from tests.pipeline.workspace import IMPORT, LOAD, Asset, Workspace, priced


@pytest.fixture(params=[1, 1_000], ids=["a query a key", "one query"])
def named_in_a_query(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Query one key at a time, or all of them together."""
    monkeypatch.setattr(event_log, "MAX_KEYS_PER_QUERY", request.param)


@pytest.mark.usefixtures("named_in_a_query")
def test_the_latest_imports_are_those_of_the_files(loaded: Workspace) -> None:
    """Every key that was loaded after its import is found, however many keys one query covers."""
    keys = ["acme", "globex", "unknown"]
    found = find_loaded_imports(loaded.instance, keys, find_latest_events(loaded.instance, IMPORT.key, keys))
    files, fingerprint = scan(loaded.source).files, ReadingBudget().compute_fingerprint
    assert {key: (item.fingerprint, item.size, item.rows.count) for key, item in found.items()} == {
        key: (fingerprint(file), file.size, {"acme": 2, "globex": 1}[key]) for key, file in files.items()
    }
    assert all(found[key].is_of(file, fingerprint(file)) for key, file in files.items())
    assert not found["acme"].is_of(files["acme"], fingerprint(files["globex"]))


@pytest.mark.usefixtures("named_in_a_query")
def test_an_import_that_was_not_loaded_is_not_among_them(loaded: Workspace) -> None:
    """Its rows, if there are any, are from an earlier import, of another file or of the same."""
    keys = ["acme", "globex"]
    before = find_latest_events(loaded.instance, IMPORT.key, keys)
    loaded.write("acme", priced(3.5))
    for key in keys:
        loaded.load(key, assets=[IMPORT])
    after = find_latest_events(loaded.instance, IMPORT.key, keys)
    assert all(after[key] > before[key] for key in keys)
    assert find_loaded_imports(loaded.instance, keys, after) == {}
    loaded.load("globex", assets=[LOAD])
    assert list(find_loaded_imports(loaded.instance, keys, after)) == ["globex"]


@pytest.mark.usefixtures("named_in_a_query")
def test_an_import_belongs_to_the_folder_that_it_records(loaded: Workspace, tmp_path: Path) -> None:
    """Ranges, runs of one key and backfills record it; reports by hand and older imports do not."""
    other = Workspace(tmp_path / "other", loaded.database, loaded.instance)
    other.source.mkdir()
    for key in ("acme", "globex", "zenith"):
        register_keys(loaded.instance, [key])
        other.write(key, priced(1))
    loaded.write("zenith", priced(2))
    loaded.load("zenith")
    folders = str(loaded.source), str(other.source)
    keys = ["acme", "globex", "zenith", "unknown"]

    def found() -> list[list[str]]:
        imports = find_current_imports(loaded.instance, keys)
        return [sorted(find_keys_imported_from(loaded.instance, keys, imports, folder)) for folder in folders]

    assert found() == [["acme", "globex", "zenith"], []]
    other.load_range("acme", "globex")
    assert found() == [["zenith"], ["acme", "globex"]]
    backfill(loaded.instance, ["acme"], **loaded.resources(), progress=lambda _done, _total: None)
    assert found() == [["acme", "zenith"], ["globex"]]
    other.load("zenith")
    assert found() == [["acme"], ["globex", "zenith"]]
    by_hand = dg.AssetMaterialization(IMPORT.key, partition="acme", metadata={"fingerprint": "ab"})
    loaded.instance.report_runless_asset_event(by_hand)
    assert found() == [[], ["globex", "zenith"]]


def test_no_query_is_made_for_no_keys(loaded: Workspace) -> None:
    """Dagster would take an empty set of keys for all keys."""
    assert find_latest_events(loaded.instance, IMPORT.key, []) == {}


def test_materialized_again_has_a_new_number(loaded: Workspace) -> None:
    """A deleted key keeps its number, because the event log forgets nothing."""
    before = find_latest_events(loaded.instance, LOAD.key)
    loaded.instance.delete_dynamic_partition("s3", "globex")
    loaded.load("acme")
    after = find_latest_events(loaded.instance, LOAD.key)
    assert set(before) == set(after) == {"acme", "globex"}
    assert after["acme"] > before["acme"]
    assert after["globex"] == before["globex"]


def test_a_key_has_failed_until_it_is_materialized(loaded: Workspace) -> None:
    """The last attempt of each asset counts; a key that was never tried has not failed."""

    def failed(asset: Asset) -> set[str]:
        known = find_latest_events(loaded.instance, asset.key)
        return find_failed_keys(loaded.instance, asset.key, s3_partitions_def, known)

    register_keys(loaded.instance, ["zenith"])
    assert failed(IMPORT) == failed(LOAD) == set()
    loaded.write("acme", "nonsense")
    loaded.load("acme", raise_on_error=False)
    assert failed(IMPORT) == failed(LOAD) == {"acme"}
    loaded.add("acme", 1.5)
    loaded.load("acme", assets=[IMPORT])
    assert (failed(IMPORT), failed(LOAD)) == (set(), {"acme"})
    loaded.load("acme")
    assert failed(LOAD) == set()


def test_the_assets_are_known_by_the_keys_that_they_have() -> None:
    """The event log does not import the assets, and spells their keys itself."""
    assert (IMPORT.key, LOAD.key) == (event_log.IMPORT, event_log.TABLE)
