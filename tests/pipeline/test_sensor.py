"""The sensor: new and corrected files become keys and run requests; nothing is asked for twice."""

import json
import os

import dagster as dg
import pytest

from lesson_lib.pipeline import SourceFolder, arrivals_sensor, register_keys
from lesson_lib.pipeline.sensor import RUNS_A_TICK
from tests.pipeline.world import IMPORT, World, priced


def evaluate(world: World, cursor: str | None = None) -> dg.SensorResult:
    """Evaluate the sensor once."""
    context = dg.build_sensor_context(instance=world.instance, cursor=cursor)
    result = arrivals_sensor(context, source=SourceFolder(path=world.source))
    assert isinstance(result, dg.SensorResult)
    return result


def tick(world: World, cursor: str | None = None) -> tuple[list[str], list[str], str | None]:
    """Evaluate once, and do what Dagster's daemon does: register keys, and run what is asked for.

    Returns:
        The keys to add, the keys to run, and the cursor for the next tick.
    """
    result = evaluate(world, cursor)
    add = [key for request in result.dynamic_partitions_requests or [] for key in request.partition_keys]
    run = [str(request.partition_key) for request in result.run_requests or []]
    world.instance.add_dynamic_partitions("s3", add)
    for key in run:
        world.load(key)
    return add, run, result.cursor


def test_a_new_file_becomes_a_key_and_a_run(loaded: World) -> None:
    """A registered key with a file not seen yet is asked for, too, and not added again."""
    loaded.write("o'hare", priced(4.5))
    assert tick(loaded)[:2] == (["o'hare"], ["acme", "globex", "o'hare"])
    assert loaded.keys() == ["acme", "globex", "o'hare"]
    assert loaded.prices() == {"acme": [1.5, 2.5], "globex": [9.75], "o'hare": [4.5]}


def test_nothing_is_asked_for_twice(loaded: World) -> None:
    """Not at the next tick, and not at the one after it."""
    _, _, cursor = tick(loaded)
    for _ in range(3):
        result = evaluate(loaded, cursor)
        assert (result.run_requests, result.dynamic_partitions_requests) == ([], [])
        assert str(result.skip_reason) == "SkipReason(skip_message='No new or corrected file among 2.')"
        cursor = result.cursor


def test_a_corrected_file_is_asked_for_once_under_a_new_run_key(loaded: World) -> None:
    """Dagster ignores a run key that it knows: the version of the file is part of it."""
    first = evaluate(loaded)
    loaded.write("acme", priced(7.5, 8.5, 9.5))
    second = evaluate(loaded, first.cursor)
    asked = second.run_requests or []
    assert [request.partition_key for request in asked] == ["acme"]
    assert asked[0].run_key not in {request.run_key for request in first.run_requests or []}
    assert evaluate(loaded, second.cursor).run_requests == []


def test_a_file_touched_at_the_same_size_is_asked_for(loaded: World) -> None:
    """The time of change counts like the size."""
    cursor = evaluate(loaded).cursor
    os.utime(loaded.source / "acme.csv", ns=(1, 1))
    assert [request.partition_key for request in evaluate(loaded, cursor).run_requests or []] == ["acme"]


def test_a_file_that_goes_and_comes_back_is_asked_for_again(loaded: World) -> None:
    """A cursor that kept the names of files long gone would grow for ever."""
    cursor = evaluate(loaded).cursor
    path = loaded.source / "acme.csv"
    path.rename(loaded.source.parent / "away")
    gone = evaluate(loaded, cursor)
    assert gone.run_requests == []
    assert "acme" not in str(gone.cursor)
    (loaded.source.parent / "away").rename(path)
    assert [request.partition_key for request in evaluate(loaded, gone.cursor).run_requests or []] == ["acme"]


def test_evaluating_registers_nothing_and_runs_nothing(world: World) -> None:
    """It only asks; the daemon does."""
    world.write("acme", priced(1))
    assert len(evaluate(world).run_requests or []) == 1
    assert world.keys() == []
    assert world.times_materialized(IMPORT, "acme") == 0
    assert not world.database.exists()


def test_a_key_that_breaks_a_rule_is_reported_and_stops_no_other(world: World) -> None:
    """Broken keys and twins are told in the tick's log at every tick, until their file is renamed."""
    register_keys(world.instance, ["ACME"])
    for key in ("a,b", "acme", "bluebird", " padded"):
        world.write(key, priced(1))
    with dg.build_sensor_context(instance=world.instance) as context:
        result = arrivals_sensor(context, source=SourceFolder(path=world.source))
        assert isinstance(result, dg.SensorResult)
    assert [request.partition_key for request in result.run_requests or []] == ["bluebird"]
    assert set(json.loads(str(result.cursor))) == {"bluebird"}
    later = evaluate(world, result.cursor)
    assert "keys that break the rules: ' padded', 'a,b', 'acme'." in str(later.skip_reason)


def test_the_refusal_itself_is_in_the_log(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """With the rule that the key breaks."""
    world.write("a,b", priced(1))
    evaluate(world)
    assert "'a,b' cannot be a partition key: it contains ','" in capsys.readouterr().err


def test_days_hidden_files_folders_and_other_suffixes_are_no_customers(world: World) -> None:
    """A file with a date that is no day of the course is one."""
    (world.source / "folder.csv").mkdir()
    (world.source / "notes.txt").write_text("notes")
    for key in ("2018-01-22", "2018-01-26", "2018-01-27", ".hidden", "acme"):
        world.write(key, priced(1))
    assert tick(world)[:2] == (["2018-01-27", "acme"], ["2018-01-27", "acme"])


def test_a_file_name_in_nfd_becomes_a_key_in_nfc(world: World) -> None:
    """And its file is found again."""
    world.write("cafe\u0301", priced(3))
    assert tick(world)[:2] == (["caf\u00e9"], ["caf\u00e9"])
    assert world.prices() == {"caf\u00e9": [3.0]}


def test_many_files_are_asked_for_over_several_ticks(world: World) -> None:
    """None is lost, and none comes twice."""
    names = [f"k{number:03}" for number in range(RUNS_A_TICK + 30)]
    for name in names:
        world.write(name, "")
    asked: list[str | None] = []
    cursor = None
    for expected in (RUNS_A_TICK, 30, 0):
        result = evaluate(world, cursor)
        cursor = result.cursor
        run = [request.partition_key for request in result.run_requests or []]
        assert len(run) == expected
        asked += run
    assert asked == names


def test_a_missing_source_folder_is_an_empty_one(world: World) -> None:
    """The sensor waits for it."""
    world.source.rmdir()
    assert evaluate(world).run_requests == []
