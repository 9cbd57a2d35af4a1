"""The jobs: what each of them loads, and when a key is retired."""

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
from tests.pipeline.world import LOAD, World, priced


def retire(world: World, key: str) -> dg.ExecuteInProcessResult:
    """Run the job for a key."""
    return retire_partition_job.execute_in_process(
        run_config={"ops": {"retire_partition": {"config": {"key": key}}}},
        instance=world.instance,
        resources=world.resources(),
    )


def run(world: World, job: str, key: str) -> None:
    """Run a job of the definitions for a key, in a world of our own."""
    own = dg.Definitions(assets=defs.assets, asset_checks=defs.asset_checks, jobs=defs.jobs)
    own = dg.Definitions.merge(own, dg.Definitions(resources=world.resources()))
    own.resolve_job_def(job).execute_in_process(partition_key=key, instance=world.instance)


def test_each_job_has_its_pair_of_assets_and_their_partitions() -> None:
    """The days' and the customers'; the third job has no partitions at all."""
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


def test_the_customers_job_loads_a_key(world: World) -> None:
    """And its table has the rows."""
    world.add("acme", 1.5)
    run(world, "import_dynamic_partition_job", "acme")
    assert world.prices() == {"acme": [1.5]}


def test_the_daily_job_loads_a_day(world: World) -> None:
    """Into the other table."""
    world.write("2018-01-22", priced(2.5))
    run(world, "import_partition_job", "2018-01-22")
    assert list(world.rows()) == [("raw_daily_data", "2018-01-22")]


def test_a_key_whose_file_is_gone_is_retired(loaded: World) -> None:
    """With its rows; the other key's stay, and so does the history."""
    (loaded.source / "acme.csv").unlink()
    assert retire(loaded, "acme").success
    assert (loaded.keys(), loaded.prices()) == (["globex"], {"globex": [9.75]})
    assert loaded.times_materialized(LOAD, "acme") == 1


def test_a_key_whose_file_is_there_again_stays(loaded: World) -> None:
    """Between the tick that asks and the run, a sender may have sent it once more."""
    keys, prices = loaded.keys(), loaded.prices()
    assert retire(loaded, "acme").success
    assert (loaded.keys(), loaded.prices()) == (keys, prices)


def test_nothing_is_retired_while_the_folder_cannot_be_read(loaded: World) -> None:
    """A folder that is not mounted says nothing of its files."""
    loaded.source.rename(loaded.source.with_name("away"))
    with loaded.refuses(UnreadableFile, str(loaded.source), "The key 'acme' and its rows stay", "Mount"):
        retire(loaded, "acme")


def test_nothing_is_retired_while_no_data_file_is_there(loaded: World) -> None:
    """So does a folder look that is not mounted; other files say nothing of it."""
    for key in ("acme", "globex"):
        (loaded.source / f"{key}.csv").unlink()
    loaded.write("2018-01-22", priced(1))
    (loaded.source / "lost+found").mkdir()
    with loaded.refuses(
        UnreadableFile, f"{str(loaded.source)!r} holds no data file", "The key 'acme' and its rows stay"
    ):
        retire(loaded, "acme")


def test_retiring_what_is_gone_already_changes_nothing(
    loaded: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """As where two runs were to retire the same key; of a key that never was, it tells which was meant."""
    (loaded.source / "acme.csv").unlink()
    with dg.DagsterInstance.ephemeral() as talkative:
        talkative.add_dynamic_partitions("s3", loaded.keys())
        world = World(loaded.source, loaded.database, talkative)
        for _ in range(2):
            assert retire(world, "acme").success
            assert (world.keys(), world.prices()) == (["globex"], {"globex": [9.75]})
        assert "'acme' is not registered in 's3' and has no rows. Nothing was changed." in (
            capsys.readouterr().err
        )
        assert retire(world, "globexx").success
        assert "Did you mean 'globex'? Nothing was changed." in capsys.readouterr().err


def test_nothing_is_retired_while_the_database_cannot_be_opened(loaded: World) -> None:
    """The key stays, with the rows that nobody can remove."""
    (loaded.source / "acme.csv").unlink()
    loaded.database.rename(loaded.database.with_name("away"))
    loaded.database.mkdir()
    with pytest.raises(WarehouseUnavailable):
        retire(loaded, "acme")
    assert loaded.keys() == ["acme", "globex"]
