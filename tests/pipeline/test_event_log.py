"""The latest imports, as the event log records them."""

from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.pipeline import audit, backfill, register_keys
from lesson_lib.pipeline.audit import latest_materializations
from lesson_lib.pipeline.event_log import current_imports, keys_imported_from, loaded_imports
from lesson_lib.pipeline.sensor.arrivals import scan
from lesson_lib.pipeline.sensor.fingerprints import Reading
from tests.pipeline.world import IMPORT, LOAD, World, priced


@pytest.fixture(params=[1, 1_000], ids=["a query a key", "one query"])
def named_in_a_query(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for one key at a time, or for all of them together."""
    monkeypatch.setattr(audit, "NAMED_IN_A_QUERY", request.param)


@pytest.mark.usefixtures("named_in_a_query")
def test_the_latest_imports_are_those_of_the_files(loaded: World) -> None:
    """Of every key that was loaded after its import, however many are asked for in one query."""
    keys = ["acme", "globex", "unknown"]
    found = loaded_imports(loaded.instance, keys, latest_materializations(loaded.instance, IMPORT.key, keys))
    files, fingerprint = scan(loaded.source).files, Reading().fingerprint
    assert {key: (item.fingerprint, item.size, item.rows.count) for key, item in found.items()} == {
        key: (fingerprint(file), file.size, {"acme": 2, "globex": 1}[key]) for key, file in files.items()
    }
    assert all(found[key].is_of(file, fingerprint(file)) for key, file in files.items())
    assert not found["acme"].is_of(files["acme"], fingerprint(files["globex"]))


@pytest.mark.usefixtures("named_in_a_query")
def test_an_import_that_was_not_loaded_is_not_among_them(loaded: World) -> None:
    """Its rows are those of an earlier one, if they are still there: of another file, or of the same."""
    keys = ["acme", "globex"]
    before = latest_materializations(loaded.instance, IMPORT.key, keys)
    loaded.write("acme", priced(3.5))
    for key in keys:
        loaded.load(key, assets=[IMPORT])
    after = latest_materializations(loaded.instance, IMPORT.key, keys)
    assert all(after[key] > before[key] for key in keys)
    assert loaded_imports(loaded.instance, keys, after) == {}
    loaded.load("globex", assets=[LOAD])
    assert list(loaded_imports(loaded.instance, keys, after)) == ["globex"]


@pytest.mark.usefixtures("named_in_a_query")
def test_an_import_belongs_to_the_folder_that_it_records(loaded: World, tmp_path: Path) -> None:
    """A range, a run of one key and a backfill record it; a report by hand, or one of before, does not."""
    other = World(tmp_path / "other", loaded.database, loaded.instance)
    other.source.mkdir()
    for key in ("acme", "globex", "zenith"):
        register_keys(loaded.instance, [key])
        other.write(key, priced(1))
    loaded.write("zenith", priced(2))
    loaded.load("zenith")
    folders = str(loaded.source), str(other.source)
    keys = ["acme", "globex", "zenith", "unknown"]

    def found() -> list[list[str]]:
        imports = current_imports(loaded.instance, keys)
        return [sorted(keys_imported_from(loaded.instance, keys, imports, folder)) for folder in folders]

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


def test_nothing_is_asked_where_there_is_nothing_to_ask_for(loaded: World) -> None:
    """Dagster takes an empty set of keys for all of them."""
    assert latest_materializations(loaded.instance, IMPORT.key, []) == {}
