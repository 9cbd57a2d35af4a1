"""The latest imports, as the event log tells of them."""

import pytest

from lesson_lib.pipeline import records
from lesson_lib.pipeline.arrivals import scan
from lesson_lib.pipeline.fingerprints import Reading
from lesson_lib.pipeline.imports import loaded_imports
from lesson_lib.pipeline.records import latest_materializations
from tests.pipeline.world import IMPORT, LOAD, World, priced


@pytest.fixture(params=[1, 1_000], ids=["a query a key", "one query"])
def named_in_a_query(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for one key at a time, or for all of them together."""
    monkeypatch.setattr(records, "NAMED_IN_A_QUERY", request.param)


@pytest.mark.usefixtures("named_in_a_query")
def test_the_latest_imports_are_those_of_the_files(loaded: World) -> None:
    """Of every key that was loaded after its import, however many are asked for in one query."""
    keys = ["acme", "globex", "unknown"]
    found = loaded_imports(loaded.instance, keys, latest_materializations(loaded.instance, IMPORT.key, keys))
    files, fingerprint = scan(loaded.source).files, Reading().fingerprint
    assert {key: (item.fingerprint, item.size, item.rows) for key, item in found.items()} == {
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


def test_nothing_is_asked_where_there_is_nothing_to_ask_for(loaded: World) -> None:
    """Dagster takes an empty set of keys for all of them."""
    assert latest_materializations(loaded.instance, IMPORT.key, []) == {}
