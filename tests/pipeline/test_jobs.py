"""The jobs: what each of them loads, and when a key is retired."""

from pathlib import Path

import dagster as dg
import pytest

from lesson_lib.pipeline import (
    UnreadableFile,
    WarehouseUnavailable,
    daily_partitions_def,
    defs,
    retire_partition_job,
    s3_partitions_def,
)
from lesson_lib.pipeline.event_log import find_current_imports
from tests.pipeline.workspace import IMPORT, LOAD, Workspace, priced


def retire(workspace: Workspace, key: str) -> dg.ExecuteInProcessResult:
    """Run the job for a key."""
    return retire_partition_job.execute_in_process(
        run_config={"ops": {"retire_partition": {"config": {"key": key}}}},
        instance=workspace.instance,
        resources=workspace.resources(),
    )


def run(workspace: Workspace, job: str, key: str) -> None:
    """Run a job of the definitions for a key, in a workspace of its own."""
    own = dg.Definitions(assets=defs.assets, asset_checks=defs.asset_checks, jobs=defs.jobs)
    own = dg.Definitions.merge(own, dg.Definitions(resources=workspace.resources()))
    own.resolve_job_def(job).execute_in_process(partition_key=key, instance=workspace.instance)


def test_each_job_has_its_pair_of_assets_and_their_partitions() -> None:
    """One has the days and one the customers; the third job has no partitions."""
    for name, assets, partitions_def in (
        ("import_partition_job", {"import_partition_file", "duckdb_partition_table"}, daily_partitions_def),
        (
            "import_dynamic_partition_job",
            {"import_dynamic_partition_file", "duckdb_dynamic_partition_table"},
            s3_partitions_def,
        ),
    ):
        job = defs.resolve_job_def(name)
        assert {key.to_user_string() for key in job.asset_layer.executable_asset_keys} == assets
        assert job.partitions_def == partitions_def
    assert defs.resolve_job_def("retire_partition_job").partitions_def is None


def test_the_customers_job_loads_a_key(workspace: Workspace) -> None:
    """The table contains the key's rows."""
    workspace.add("acme", 1.5)
    run(workspace, "import_dynamic_partition_job", "acme")
    assert workspace.prices() == {"acme": [1.5]}


def test_the_daily_job_loads_a_day(workspace: Workspace) -> None:
    """Its rows go into the other table."""
    workspace.write("2018-01-22", priced(2.5))
    run(workspace, "import_partition_job", "2018-01-22")
    assert list(workspace.rows()) == [("raw_daily_data", "2018-01-22")]


def test_a_key_whose_file_is_gone_is_retired(loaded: Workspace) -> None:
    """Its rows go as well; the other key's rows and the history stay."""
    (loaded.source / "acme.csv").unlink()
    assert retire(loaded, "acme").success
    assert (loaded.keys(), loaded.prices()) == (["globex"], {"globex": [9.75]})
    assert loaded.times_materialized(LOAD, "acme") == 1


def test_a_key_whose_file_is_there_again_stays(loaded: Workspace) -> None:
    """Between the request and the run, a sender may have sent it again."""
    keys, prices = loaded.keys(), loaded.prices()
    assert retire(loaded, "acme").success
    assert (loaded.keys(), loaded.prices()) == (keys, prices)


def test_a_key_that_another_folder_imported_last_stays(
    loaded: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the request and the run, the sensor of that folder may have loaded its file."""
    with dg.DagsterInstance.ephemeral() as talkative:
        here, other = (
            Workspace(folder, loaded.database, talkative) for folder in (loaded.source, tmp_path / "b")
        )
        other.source.mkdir()
        for key, latest in (("acme", other), ("globex", here)):
            here.add(key, 1)
            here.load(key)
            latest.write(key, priced(2))
            latest.load(key)
        (here.source / "acme.csv").unlink()
        keys, prices = here.keys(), here.prices()
        assert retire(here, "acme").success
        assert (here.keys(), here.prices()) == (keys, prices)
        assert (
            f"'acme' is not retired: its latest import did not come from {here.source}, or has been retired "
            "already. Nothing was changed. To retire it all the same, call retire_key."
            in capsys.readouterr().err
        )


def test_a_day_stays(loaded: Workspace) -> None:
    """Its file belongs to the exchange, although its name was registered."""
    loaded.write("2018-01-22", priced(1))
    loaded.instance.add_dynamic_partitions("s3", ["2018-01-22"])
    assert retire(loaded, "2018-01-22").success
    assert loaded.keys() == ["acme", "globex", "2018-01-22"]


def test_a_retirement_is_recorded_once(loaded: Workspace) -> None:
    """The import asset has an observation of the key, so an import is not retired twice."""
    (loaded.source / "acme.csv").unlink()
    keys = ["acme", "globex"]
    assert list(find_current_imports(loaded.instance, keys)) == keys
    for _ in range(2):
        assert retire(loaded, "acme").success
        assert list(find_current_imports(loaded.instance, keys)) == ["globex"]
    retired = dg.AssetRecordsFilter(asset_key=IMPORT.key, asset_partitions=["acme"])
    (record,) = loaded.instance.fetch_observations(retired, limit=10).records
    assert record.asset_observation.metadata["retired"].value is True


def test_nothing_is_retired_while_the_folder_cannot_be_read(loaded: Workspace) -> None:
    """An unmounted folder does not show which files are gone."""
    loaded.source.rename(loaded.source.with_name("away"))
    with loaded.raises(UnreadableFile, str(loaded.source), "The key 'acme' and its rows stay", "Mount"):
        retire(loaded, "acme")


def test_nothing_is_retired_while_no_data_file_is_there(loaded: Workspace) -> None:
    """An unmounted folder looks like this, and files of other kinds do not change that."""
    for key in ("acme", "globex"):
        (loaded.source / f"{key}.csv").unlink()
    loaded.write("2018-01-22", priced(1))
    (loaded.source / "lost+found").mkdir()
    with loaded.raises(
        UnreadableFile, f"{str(loaded.source)!r} holds no data file", "The key 'acme' and its rows stay"
    ):
        retire(loaded, "acme")


def test_retiring_a_key_that_is_gone_changes_nothing(loaded: Workspace) -> None:
    """Two runs may be about to retire the same key; the second one finds nothing to do."""
    (loaded.source / "acme.csv").unlink()
    loaded.instance.delete_dynamic_partition("s3", "acme")
    loaded.query("DELETE FROM raw_partition_data WHERE partition_key = 'acme'")
    assert retire(loaded, "acme").success
    assert (loaded.keys(), loaded.prices()) == (["globex"], {"globex": [9.75]})


def test_nothing_is_retired_while_the_database_cannot_be_opened(loaded: Workspace) -> None:
    """The key stays, because its rows cannot be removed."""
    (loaded.source / "acme.csv").unlink()
    loaded.database.rename(loaded.database.with_name("away"))
    loaded.database.mkdir()
    with pytest.raises(WarehouseUnavailable):
        retire(loaded, "acme")
    assert loaded.keys() == ["acme", "globex"]
