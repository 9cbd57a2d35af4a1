"""Retiring removes a key together with its rows."""

import pytest

from lesson_lib.pipeline import InvalidKey, Warehouse, WarehouseUnavailable, register_keys, retire_key
from lesson_lib.pipeline.warehouse import delete_rows
from tests.pipeline.workspace import LOAD, Workspace


def test_retiring_removes_the_key_and_its_rows(loaded: Workspace) -> None:
    """The history and the other key's rows stay, and the key can be registered again."""
    assert retire_key(loaded.instance, "acme", Warehouse(database=loaded.database)) == 2
    assert loaded.keys() == ["globex"]
    assert loaded.prices() == {"globex": [9.75]}
    assert loaded.times_materialized(LOAD, "acme") == 1
    loaded.add("acme", 5.5)
    loaded.load("acme")
    assert loaded.prices() == {"acme": [5.5], "globex": [9.75]}


def test_retiring_a_key_without_rows_removes_the_key(workspace: Workspace) -> None:
    """This also works before there is a table."""
    register_keys(workspace.instance, ["acme"])
    assert retire_key(workspace.instance, "acme", Warehouse(database=workspace.database)) == 0
    assert workspace.keys() == []


def test_retiring_removes_rows_whose_key_is_gone_already(loaded: Workspace) -> None:
    """Dagster's own delete_dynamic_partition, which never looks at rows, leaves such rows."""
    loaded.instance.delete_dynamic_partition("s3", "acme")
    assert retire_key(loaded.instance, "acme", Warehouse(database=loaded.database)) == 2
    assert loaded.prices() == {"globex": [9.75]}


def test_retires_a_key_however_its_name_is_composed(workspace: Workspace) -> None:
    """A name typed in NFD, as some keyboards do, means the registered NFC key."""
    workspace.add("caf\N{LATIN SMALL LETTER E WITH ACUTE}", 5.0)
    workspace.load("caf\N{LATIN SMALL LETTER E WITH ACUTE}")
    assert (
        retire_key(
            workspace.instance, "cafe\N{COMBINING ACUTE ACCENT}", Warehouse(database=workspace.database)
        )
        == 1
    )
    assert workspace.keys() == []
    assert workspace.prices() == {}


def test_retiring_an_unknown_key_is_refused(shared: Workspace) -> None:
    """The error suggests the key that was probably meant."""
    with shared.raises(InvalidKey, "'acmee' is not registered in 's3' and has no rows. Did you mean 'acme'?"):
        retire_key(shared.instance, "acmee", Warehouse(database=shared.database))
    with shared.raises(InvalidKey, '"x\' OR 1=1 --" is not registered'):
        retire_key(shared.instance, "x' OR 1=1 --", Warehouse(database=shared.database))


def test_a_key_stays_if_its_rows_cannot_be_removed(loaded: Workspace) -> None:
    """A database that cannot be opened keeps the key, so that the records still agree."""
    broken = loaded.source / "no.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    with loaded.raises(WarehouseUnavailable, str(broken)):
        retire_key(loaded.instance, "acme", Warehouse(database=broken))


def test_rows_come_back_if_retiring_fails(loaded: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction is rolled back if anything fails after the DELETE, and the key stays."""

    def delete_and_fail(*args: object) -> int:
        assert delete_rows(*args) == {"acme": 2}
        raise ZeroDivisionError

    monkeypatch.setattr("lesson_lib.pipeline.warehouse.delete_rows", delete_and_fail)
    with loaded.raises(ZeroDivisionError):
        retire_key(loaded.instance, "acme", Warehouse(database=loaded.database))
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
