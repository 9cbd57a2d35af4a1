"""The whole pipeline as `dagster dev -m lesson_lib.pipeline.definitions` loads it."""

import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import lesson_lib.pipeline
from lesson_lib.course_data import data_folder
from lesson_lib.pipeline import SourceFolder, UnreadableFile, Warehouse, definitions, defs
from lesson_lib.pipeline.definitions import DATABASE, find_source_folder
from tests.pipeline.workspace import Workspace, priced

# As a newcomer might, with the resources of the definitions themselves.
LOAD = """
import dagster as dg
from {package} import defs, register_keys

with dg.DagsterInstance.ephemeral(settings={{"python_logs": {{"python_log_level": "CRITICAL"}}}}) as instance:
    register_keys(instance, [{key!r}])
    job = defs.resolve_implicit_global_asset_job_def()
    names = ["import_dynamic_partition_file", "duckdb_dynamic_partition_table"]
    selection = [dg.AssetKey(name) for name in names]
    job.execute_in_process(partition_key={key!r}, instance=instance, asset_selection=selection)
"""
WITHOUT_THE_COURSE = "import sys; sys.modules['lesson_lib'] = None"  # importing it raises ModuleNotFoundError


def run(code: str, folder: Path) -> None:
    """Run code in a Python process of its own, in this folder, which is also where it finds packages."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_definitions_load() -> None:
    """All assets, checks, jobs and resources, the schedule and the sensor fit together."""
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == {
        "import_partition_file",
        "duckdb_partition_table",
        "import_dynamic_partition_file",
        "duckdb_dynamic_partition_table",
    }
    assert {(key.asset_key.to_user_string(), key.name) for key in graph.asset_check_keys} == {
        ("import_partition_file", "share_prices_are_positive"),
        ("import_dynamic_partition_file", "share_prices_are_positive"),
        ("duckdb_dynamic_partition_table", "three_records_agree"),
    }
    assert {job.name for job in defs.jobs or []} == {
        "import_partition_job",
        "import_dynamic_partition_job",
        "retire_partition_job",
    }
    assert {schedule.name for schedule in defs.schedules or []} == {"import_partition_schedule"}
    assert {sensor.name for sensor in defs.sensors or []} == {"arrivals_sensor"}


def test_assets_look_like_the_lesson_says() -> None:
    """They have the group, the kinds and the order of the lesson."""
    graph = defs.resolve_asset_graph()
    for first, then in (
        ("import_partition_file", "duckdb_partition_table"),
        ("import_dynamic_partition_file", "duckdb_dynamic_partition_table"),
    ):
        table = graph.get(dg.AssetKey(then))
        assert table.parent_keys == {dg.AssetKey(first)}
        assert (table.group_name, table.kinds) == ("static_etl", {"duckdb"})
        assert graph.get(dg.AssetKey(first)).group_name == "static_etl"


def test_the_resources_are_the_courses_data_and_a_database_where_it_is_started() -> None:
    """They have the names that the lesson uses."""
    assert defs.resources == {
        "source": SourceFolder(path=data_folder() / "source"),
        "database": Warehouse(database=DATABASE),
    }
    assert Path.cwd() / "output" / "warehouse.duckdb" == DATABASE


def test_the_courses_data_loads_from_an_empty_folder(workspace: Workspace, tmp_path: Path) -> None:
    """The output folder is made where the command is started, and nowhere else."""
    here = tmp_path / "here"
    here.mkdir()
    run(LOAD.format(package="lesson_lib.pipeline", key="o'hare"), here)
    assert [path.relative_to(here).as_posix() for path in here.rglob("*")] == [
        "output",
        "output/warehouse.duckdb",
    ]
    lines = (data_folder() / "source" / "o'hare.csv").read_text().splitlines()
    (here / "output" / "warehouse.duckdb").rename(workspace.database)
    assert {key: len(prices) for key, prices in workspace.prices().items()} == {"o'hare": len(lines) - 1}


def test_a_copy_of_the_pipeline_runs_without_the_course(workspace: Workspace, tmp_path: Path) -> None:
    """The folder alone is a package of any name, and loads the files in `data/source` beside it."""
    project = tmp_path / "project"
    shutil.copytree(Path(lesson_lib.pipeline.__file__).parent, project / "my_pipeline")
    (project / "data").mkdir()
    workspace.write("acme", priced(1.5, 2.5))
    workspace.source.rename(project / "data" / "source")
    run(f"{WITHOUT_THE_COURSE}\n{LOAD.format(package='my_pipeline', key='acme')}", project)
    (project / "output" / "warehouse.duckdb").rename(workspace.database)
    assert workspace.prices() == {"acme": [1.5, 2.5]}


def test_the_source_folder_is_that_of_the_current_folder_even_where_it_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes before that of the package, and an error names the missing folder."""
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "data" / "source"
    assert find_source_folder() == data_folder() / "source"
    monkeypatch.setattr(definitions, "__file__", str(tmp_path / "site" / "some" / "pipeline" / "module.py"))
    assert find_source_folder() == own
    with pytest.raises(UnreadableFile, match=f"{own}, since there is no such folder. Mount or create"):
        SourceFolder(path=find_source_folder()).find("acme")
    own.mkdir(parents=True)
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert find_source_folder() == own


def test_every_public_name_is_there_once_and_in_order() -> None:
    """`__all__` lists what the package re-exports."""
    names = lesson_lib.pipeline.__all__
    assert names == sorted(set(names))
    assert all(hasattr(lesson_lib.pipeline, name) for name in names)
