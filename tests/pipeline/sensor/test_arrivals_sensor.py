"""The sensor: new and corrected files become keys and run requests, each once."""

import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import dagster as dg
import pytest

from lesson_lib.pipeline import (
    InvalidSetting,
    SourceFolder,
    Warehouse,
    arrivals_sensor,
    build_arrivals_sensor,
    defs,
    register_keys,
    retire_key,
    retire_partition_job,
)
from lesson_lib.pipeline.sensor import fingerprints, tick_plan
from tests.pipeline.workspace import IMPORT, LOAD, Workspace, clone_workspace, open_workspace, priced

retiring_sensor = build_arrivals_sensor(vanished="retire")

Requested = list[str | None]


def put(workspace: Workspace, key: str, *prices: float | str, age: float = 60) -> Path:
    """Write a file that was last modified this many seconds ago."""
    path = workspace.write(key, priced(*prices))
    modified = time.time() - age
    os.utime(path, (modified, modified))
    return path


@dataclass
class Daemon:
    """Do what Dagster's daemon does with a sensor, in its order, without a process of its own.

    Attributes:
        known: the run keys of all runs, whatever became of them; a request with one of these is dropped.
        queue: the requests whose runs wait.
    """

    workspace: Workspace
    sensor: dg.SensorDefinition = arrivals_sensor
    cursor: str | None = None
    known: set[str | None] = field(default_factory=set)
    queue: list[dg.RunRequest] = field(default_factory=list)
    result: dg.SensorResult = field(default_factory=dg.SensorResult)

    def evaluate(self) -> dg.SensorResult:
        """Evaluate the sensor once, and apply nothing."""
        with dg.build_sensor_context(
            instance=self.workspace.instance,
            cursor=self.cursor,
            resources={"source": self.workspace.resources()["source"]},
        ) as context:
            result = self.sensor(context)
        assert isinstance(result, dg.SensorResult)
        return result

    def tick(self, *, runs: str = "finish") -> Requested:
        """Evaluate, add the keys, keep the cursor, and launch what is not known yet.

        Args:
            runs: whether the runs finish, or wait in a queue.

        Returns:
            The keys of the runs launched; a key that a run is to retire comes with a minus sign.
        """
        self.result = self.evaluate()
        for request in self.result.dynamic_partitions_requests or []:
            self.workspace.instance.add_dynamic_partitions("s3", request.partition_keys)
        self.cursor = self.result.cursor or self.cursor
        launched = [
            request for request in self.result.run_requests or [] if request.run_key not in self.known
        ]
        self.known |= {request.run_key for request in launched}
        self.queue += launched
        if runs == "finish":
            self.work()
        return [_key_of(request) for request in launched]

    def work(self) -> None:
        """Carry out all runs that wait."""
        while self.queue:
            self._run(self.queue.pop(0))

    def _run(self, request: dg.RunRequest) -> None:
        if request.job_name == "retire_partition_job":
            retire_partition_job.execute_in_process(
                run_config=dict(request.run_config),
                instance=self.workspace.instance,
                resources=self.workspace.resources(),
                raise_on_error=False,
            )
        else:
            assert request.job_name == "import_dynamic_partition_job"
            self.workspace.load(request.partition_key, raise_on_error=False)

    @property
    def message(self) -> str:
        """Return why the last tick requested no run."""
        assert self.result.skip_reason
        return str(self.result.skip_reason.skip_message)

    def run_keys(self) -> list[str | None]:
        """Return the run keys that the last tick requested."""
        return [request.run_key for request in self.result.run_requests or []]


def _key_of(request: dg.RunRequest) -> str | None:
    if request.job_name == "retire_partition_job":
        return f"-{request.run_config['ops']['retire_partition']['config']['key']}"
    return request.partition_key


@pytest.fixture
def daemon(workspace: Workspace) -> Daemon:
    """Return a daemon with the default sensor, in an empty workspace."""
    return Daemon(workspace)


def load_two_customers(daemon: Daemon) -> Daemon:
    """Let acme and globex arrive, and load them."""
    put(daemon.workspace, "acme", 1.5, 2.5)
    put(daemon.workspace, "globex", 9.75)
    assert daemon.tick() == ["acme", "globex"]
    assert daemon.workspace.prices() == {"acme": [1.5, 2.5], "globex": [9.75]}
    return daemon


@pytest.fixture(scope="session")
def original_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Return a daemon that has loaded acme and globex, only for copying."""
    with open_workspace(tmp_path_factory.mktemp("original")) as workspace:
        yield load_two_customers(Daemon(workspace))


@pytest.fixture
def settled(original_daemon: Daemon, tmp_path: Path) -> Iterator[Daemon]:
    """Return a daemon that has loaded acme and globex and knows their files, which are copies."""
    with clone_workspace(original_daemon.workspace, tmp_path) as workspace:
        daemon = Daemon(workspace, known=set(original_daemon.known))
        assert daemon.tick() == []
        yield daemon


@pytest.fixture
def arrived(daemon: Daemon) -> Daemon:
    """Like `settled`, with files that are older than their imports, as copies are not."""
    return load_two_customers(daemon)


def test_a_new_file_becomes_a_key_and_a_run(settled: Daemon) -> None:
    """One result requests both; a key that is registered already is not added again."""
    register_keys(settled.workspace.instance, ["zenith"])
    put(settled.workspace, "zenith", 3.5)
    put(settled.workspace, "o'hare", 4.5)
    assert settled.tick() == ["o'hare", "zenith"]
    (added,) = settled.result.dynamic_partitions_requests or []
    assert (added.partitions_def_name, added.partition_keys) == ("s3", ["o'hare"])
    assert settled.workspace.keys() == ["acme", "globex", "zenith", "o'hare"]
    assert settled.workspace.prices()["o'hare"] == [4.5]


def test_a_run_key_names_the_version_of_the_file(daemon: Daemon) -> None:
    """It contains the first sixteen digits of the SHA-256 that the import records."""
    put(daemon.workspace, "acme", 1)
    daemon.tick()
    recorded = str(daemon.workspace.metadata(IMPORT, "acme")["fingerprint"])
    assert daemon.run_keys() == [f"acme@{recorded[:16]}"]


def test_no_run_is_requested_twice(settled: Daemon) -> None:
    """Neither of the next two ticks requests it again."""
    for _ in range(3):
        cursor = settled.cursor
        assert settled.tick() == []
        assert settled.result.dynamic_partitions_requests == []
        assert settled.message == "No new or corrected file among 2."
        assert settled.cursor == cursor


def test_a_corrected_file_is_requested_once(settled: Daemon) -> None:
    """It has another run key, and is loaded again."""
    put(settled.workspace, "acme", 7.5, age=50)
    assert settled.tick() == ["acme"]
    assert settled.workspace.prices()["acme"] == [7.5]
    assert settled.tick() == []


def test_a_correction_of_the_same_size_is_seen(settled: Daemon) -> None:
    """The time of change reveals it."""
    put(settled.workspace, "acme", 1.5, 2.6, age=50)
    assert settled.tick() == ["acme"]
    assert settled.workspace.prices()["acme"] == [1.5, 2.6]


def test_a_file_that_was_only_touched_is_not_loaded_again(settled: Daemon) -> None:
    """It is recognized by its content."""
    put(settled.workspace, "acme", 1.5, 2.5, age=50)
    assert settled.tick() == []
    assert settled.message == "2 files, and no runs to request. Already loaded: 'acme'."
    assert settled.workspace.times_materialized(LOAD, "acme") == 1
    assert settled.tick() == []
    assert settled.message == "No new or corrected file among 2."


def test_a_file_that_goes_back_to_an_earlier_content_is_loaded_again(settled: Daemon) -> None:
    """If A becomes B and then A again, the second A has a run key of its own."""
    for age, price in ((50, 7.5), (40, 1.5), (30, 7.5)):
        put(settled.workspace, "acme", price, age=age)
        assert settled.tick() == ["acme"]
        assert settled.workspace.prices()["acme"] == [price]
    assert settled.tick() == []


def test_a_request_that_never_ran_is_not_doubled(daemon: Daemon) -> None:
    """The daemon knows the run key of a version in the queue, even if the cursor is lost."""
    put(daemon.workspace, "acme", 1)
    assert daemon.tick(runs="wait") == ["acme"]
    requested = daemon.run_keys()
    daemon.cursor = None
    assert daemon.tick() == []
    assert daemon.run_keys() == requested


def test_a_file_that_was_missing_at_its_load_is_requested_when_it_is_back(settled: Daemon) -> None:
    """This holds even if it cannot be distinguished from the earlier file, as after a remount."""
    path, target = settled.workspace.source / "zenith.csv", settled.workspace.source / "disk" / "zenith.csv"
    target.parent.mkdir()
    target.write_text(priced(3))
    os.utime(target, (1e9, 1e9))
    path.symlink_to(target)
    assert settled.tick(runs="wait") == ["zenith"]
    for _ in range(2):
        path.unlink()
        settled.work()
        assert settled.tick() == []
        path.symlink_to(target)
        assert settled.tick(runs="wait") == ["zenith"]
    settled.work()
    assert settled.workspace.prices()["zenith"] == [3.0]
    assert settled.tick() == []


def test_a_file_is_requested_again_if_another_one_was_loaded_in_its_place(daemon: Daemon) -> None:
    """A is requested, its run finds a broken B, and A comes back; the same holds if A was loaded before."""
    for good, age in ((1.5, 60), (2.5, 50)):
        put(daemon.workspace, "acme", good, age=age)
        assert daemon.tick(runs="wait") == ["acme"]
        put(daemon.workspace, "acme", "n/a", age=age)
        daemon.work()
        assert daemon.tick() == ["acme"]
        put(daemon.workspace, "acme", good, age=age)
        assert daemon.tick() == ["acme"]
        assert daemon.workspace.prices() == {"acme": [good]}
        assert daemon.tick() == []


def test_a_file_whose_history_was_wiped_is_requested_again(settled: Daemon) -> None:
    """If the cursor is lost as well, nothing records that the file is loaded."""
    settled.workspace.instance.wipe_assets([IMPORT.key, LOAD.key])
    assert settled.tick() == []
    settled.cursor = None
    assert settled.tick() == ["acme", "globex"]
    assert settled.workspace.times_materialized(LOAD, "acme") == 1
    assert settled.tick() == []


def test_a_file_that_failed_is_requested_again_if_it_is_touched_or_the_cursor_is_lost(
    daemon: Daemon,
) -> None:
    """It is requested once each time."""
    put(daemon.workspace, "acme", "n/a")
    assert daemon.tick() == ["acme"]
    assert daemon.tick() == []
    put(daemon.workspace, "acme", "n/a", age=50)
    assert daemon.tick() == ["acme"]
    daemon.cursor = None
    assert [daemon.tick(), daemon.tick()] == [["acme"], []]


def test_the_correction_of_a_file_that_failed_is_loaded(daemon: Daemon) -> None:
    """The version that failed is not requested again, but the corrected one is."""
    put(daemon.workspace, "acme", "n/a")
    assert daemon.tick() == ["acme"]
    assert daemon.tick() == []
    put(daemon.workspace, "acme", 5, age=50)
    assert daemon.tick() == ["acme"]
    assert daemon.workspace.prices() == {"acme": [5.0]}


def test_an_import_without_rows_does_not_count_as_loaded(settled: Daemon) -> None:
    """The rows are those of the earlier file, so the new one is requested when it is touched."""
    put(settled.workspace, "acme", 7.5, age=50)
    assert settled.tick(runs="wait") == ["acme"]
    settled.workspace.load("acme", assets=[IMPORT])
    put(settled.workspace, "acme", 7.5, age=40)
    assert settled.tick() == ["acme"]
    assert settled.workspace.prices()["acme"] == [7.5]


def test_an_import_reported_by_hand_does_not_count(daemon: Daemon) -> None:
    """A materialization without a fingerprint is no proof that the file is loaded."""
    register_keys(daemon.workspace.instance, ["acme"])
    for asset in (IMPORT, LOAD):
        daemon.workspace.instance.report_runless_asset_event(
            dg.AssetMaterialization(asset.key, partition="acme", metadata={"fingerprint": 7})
        )
    put(daemon.workspace, "acme", 1)
    assert daemon.tick() == ["acme"]


@pytest.mark.parametrize(
    "cursor",
    [
        None,
        "{",
        '{"acme": "12-1500000000"}',
        "7" * 5_000,
        "[" * 100_000,
        '{"format": 2, "done": {"a": 1}, "seen": [], "retired": []}',
    ],
    ids=["lost", "cut off", "of the sensor before", "a huge number", "nested", "of another shape"],
)
def test_a_cursor_that_cannot_be_used_loads_nothing_again(
    settled: Daemon, cursor: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Loaded files are recognized by their content, and only new ones are requested."""
    put(settled.workspace, "bluebird", 3)
    settled.cursor = cursor
    capsys.readouterr()
    assert settled.tick() == ["bluebird"]
    logged = capsys.readouterr().err
    assert "3 files. Runs requested: 'bluebird'. Already loaded: 'acme', 'globex'." in logged
    assert ("The cursor is not used" in logged) == (cursor is not None)
    assert settled.tick() == []
    assert settled.message == "No new or corrected file among 3."


def test_the_first_tick_on_a_loaded_instance_loads_nothing_again(loaded: Workspace) -> None:
    """Runs may have been started by hand before the sensor was switched on."""
    for key in ("acme", "globex"):
        os.utime(loaded.source / f"{key}.csv", (1, 1))
    daemon = Daemon(loaded)
    assert daemon.tick() == []
    assert daemon.message == "2 files, and no runs to request. Already loaded: 'acme', 'globex'."


def test_the_cursor_forgets_files_that_are_gone(settled: Daemon) -> None:
    """Otherwise it would grow forever."""
    (settled.workspace.source / "acme.csv").unlink()
    settled.tick()
    assert len(json.loads(str(settled.cursor))["done"]) == 1


def test_a_young_file_waits_until_it_has_settled(daemon: Daemon) -> None:
    """Somebody may still be writing it."""
    put(daemon.workspace, "acme", 1, age=0)
    put(daemon.workspace, "globex", 2, age=5.5)
    assert daemon.tick() == ["globex"]
    path = put(daemon.workspace, "acme", 1, 2, age=1)
    assert daemon.tick() == []
    assert daemon.message == "2 files, and no runs to request. Not settled yet: 'acme'."
    modified = time.time() - 5.5
    os.utime(path, (modified, modified))
    assert daemon.tick() == ["acme"]
    assert daemon.workspace.prices()["acme"] == [1.0, 2.0]


@pytest.mark.parametrize("age", [0.5, -3600], ids=["young", "from the future"])
def test_a_file_that_is_as_the_tick_before_saw_it_has_settled(daemon: Daemon, age: float) -> None:
    """The sender's clock makes no difference."""
    put(daemon.workspace, "acme", 1, age=age)
    assert daemon.tick() == []
    assert daemon.message == "1 file, and no runs to request. Not settled yet: 'acme'."
    assert daemon.tick() == ["acme"]
    assert daemon.tick() == []
    assert daemon.message == "No new or corrected file among 1."


def test_how_long_a_file_settles_is_a_setting(workspace: Workspace) -> None:
    """With 0, no file waits."""
    put(workspace, "acme", 1, age=1)
    put(workspace, "globex", 1, age=100)
    assert Daemon(workspace, build_arrivals_sensor(settle_seconds=0)).tick(runs="wait") == ["acme", "globex"]
    assert Daemon(workspace, build_arrivals_sensor(settle_seconds=50)).tick(runs="wait") == ["globex"]
    assert Daemon(workspace, build_arrivals_sensor(settle_seconds=200)).tick(runs="wait") == []


def test_a_young_file_that_had_to_wait_for_its_turn_has_settled(workspace: Workspace) -> None:
    """It does not have to settle again."""
    daemon = Daemon(workspace, build_arrivals_sensor(runs_a_tick=1))
    for key in ("a", "b", "c"):
        put(workspace, key, 1, age=-3600)
    assert [daemon.tick() for _ in range(5)] == [[], ["a"], ["b"], ["c"], []]


def test_evaluating_registers_nothing_and_runs_nothing(daemon: Daemon) -> None:
    """It only requests changes, which the daemon makes."""
    put(daemon.workspace, "acme", 1)
    assert len(daemon.evaluate().run_requests or []) == 1
    assert daemon.workspace.keys() == []
    assert daemon.workspace.times_materialized(IMPORT, "acme") == 0
    assert not daemon.workspace.database.exists()


def test_a_key_that_breaks_a_rule_is_reported_at_every_tick_and_blocks_no_other(
    daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken keys and lookalikes are reported with the rule until their file is renamed."""
    register_keys(daemon.workspace.instance, ["ACME"])
    for key in ("a,b", "acme", "bluebird", "Bluebird", " padded"):
        put(daemon.workspace, key, 1)
    assert daemon.tick() == ["Bluebird"]
    for _ in range(2):
        logged = capsys.readouterr().err
        assert "'a,b' cannot be a partition key: it contains ','" in logged
        assert "' padded' cannot be a partition key: it begins or ends with white space" in logged
        assert "'acme' is a lookalike of 'ACME'" in logged
        assert "'bluebird' is a lookalike of 'Bluebird'" in logged
        assert "Keys that break the rules: ' padded', 'a,b', 'acme', 'bluebird'." in logged
        assert daemon.tick() == []
    assert daemon.message == (
        "5 files, and no runs to request. Keys that break the rules: ' padded', 'a,b', 'acme', 'bluebird'. "
        "Keys without a file that were never imported: 'ACME'."
    )
    for key in (" padded", "a,b"):
        (daemon.workspace.source / f"{key}.csv").unlink()
    for key in ("acme", "bluebird"):
        (daemon.workspace.source / f"{key}.csv").rename(daemon.workspace.source / f"{key}.eu.csv")
    assert daemon.tick() == ["acme.eu", "bluebird.eu"]


def test_a_young_refused_file_is_refused_at_every_tick(daemon: Daemon) -> None:
    """It does not alternate between waiting and being refused."""
    put(daemon.workspace, "a,b", 1, age=-3600)
    daemon.tick()
    for _ in range(3):
        daemon.tick()
        assert daemon.message == "1 file, and no runs to request. Keys that break the rules: 'a,b'."


def test_names_made_to_hurt_stop_no_other(daemon: Daemon) -> None:
    """Line breaks, markup and other directions are refused, or are part of a key like any other."""
    good = ["100%", "<b>bold<", "' OR 1=1 --", "{0} %s", "株式会社"]
    bad = ["a\nb", "a\tb", "\u202eevil", "..", "*", "\u3164"]
    for key in good + bad:
        put(daemon.workspace, key, 1)
    assert daemon.tick() == sorted(good)
    assert sorted(daemon.workspace.prices()) == sorted(good)
    daemon.tick()
    # "...csv" begins with a dot: it is hidden, and not refused.
    refused = ", ".join(map(repr, sorted(set(bad) - {".."})))
    assert daemon.message == f"10 files, and no runs to request. Keys that break the rules: {refused}."


def test_two_normalizations_of_a_name_are_one_key(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """The name in NFC counts, whichever came first."""
    put(daemon.workspace, "cafe\u0301", 3)
    assert daemon.tick() == ["caf\u00e9"]
    assert daemon.workspace.prices() == {"caf\u00e9": [3.0]}
    put(daemon.workspace, "caf\u00e9", 4)
    assert daemon.tick() == ["caf\u00e9"]
    assert daemon.workspace.prices() == {"caf\u00e9": [4.0]}
    assert "'caf\u00e9' has two files, whose names differ only in normalization" in capsys.readouterr().err
    assert daemon.tick() == []
    assert daemon.message == "2 files, and no runs to request. Keys that break the rules: 'caf\u00e9'."


def test_a_day_outside_the_calendar_is_reported_at_every_tick_and_never_loaded(daemon: Daemon) -> None:
    """Days of the calendar are the exchange's own, and are not mentioned."""
    for key in ("2018-01-22", "2018-01-26", "2018-01-29", "2018-02-30", "acme"):
        put(daemon.workspace, key, 1)
    assert daemon.tick() == ["acme"]
    assert daemon.workspace.keys() == ["acme"]
    for _ in range(2):
        assert daemon.tick() == []
        assert daemon.message == (
            "No new or corrected file among 1. "
            "Days outside the exchange's calendar, not loaded: '2018-01-29', '2018-02-30'."
        )


@pytest.mark.parametrize("vanished", ["keep", "retire"])
@pytest.mark.parametrize("file", ["there", "gone"])
def test_a_registered_day_is_reported_and_never_retired(
    settled: Daemon, vanished: Literal["keep", "retire"], file: str
) -> None:
    """It was registered past the rules, and days belong to the exchange."""
    settled.sensor = build_arrivals_sensor(vanished=vanished)
    settled.workspace.instance.add_dynamic_partitions("s3", ["2018-01-22"])
    path = put(settled.workspace, "2018-01-22", 1)
    if file == "gone":
        path.unlink()
    for _ in range(2):
        assert settled.tick() == []
        assert settled.message == (
            "No new or corrected file among 2. "
            "Registered keys that look like days, which are kept: '2018-01-22'. "
            "Days belong to the exchange: retire these keys by hand."
        )
    assert settled.workspace.keys() == ["acme", "globex", "2018-01-22"]


def test_a_file_with_another_suffix_is_reported_at_every_tick(settled: Daemon) -> None:
    """The message explains the fix, and escapes characters that only look like the suffix."""
    for name in ("ACME.CSV", "acme.csv ", "o'hare.\u0441sv", "notes.txt", ".hidden", "~$acme.csv"):
        (settled.workspace.source / name).write_text(priced(1))
    for _ in range(2):
        assert settled.tick() == []
        assert settled.message == (
            "No new or corrected file among 2. Files that are skipped, because their names do not end in "
            "'.csv': 'ACME.CSV', 'acme.csv ', 'o'hare.\\u0441sv', 'notes.txt'. Rename them."
        )


@pytest.mark.parametrize("name", ["ACME.CSV", "acme.csv.txt", "acme.csv ", "acme.\u0441sv"])
def test_a_key_whose_file_has_nearly_its_name_is_not_retired(settled: Daemon, name: str) -> None:
    """Its file was renamed by mistake, and is reported; the key and its rows stay."""
    settled.sensor = retiring_sensor
    (settled.workspace.source / "acme.csv").rename(settled.workspace.source / name)
    for _ in range(2):
        assert settled.tick() == []
        assert f"do not end in '.csv': {name!a}. Rename them." in settled.message
    assert set(settled.workspace.keys()) == settled.workspace.prices().keys() == {"acme", "globex"}


def test_the_message_names_ten_files_that_are_not_taken(daemon: Daemon) -> None:
    """It counts the others."""
    for number in range(13):
        (daemon.workspace.source / f"{number:02}.txt").write_text("notes")
    assert daemon.tick() == []
    assert daemon.message.endswith("'08.txt', '09.txt' and 3 more. Rename them.")


@pytest.mark.skipif(sys.platform != "linux", reason="only there a name can hold any bytes")
def test_a_name_that_is_not_utf8_is_reported_at_every_tick(daemon: Daemon) -> None:
    """Its bytes are escaped, whatever its suffix."""
    for name in ("caf\udce9.csv", "caf\udce9.txt", "caf\u00e9.csv"):
        (daemon.workspace.source / name).write_text(priced(1))
        os.utime(daemon.workspace.source / name, (1e9, 1e9))
    assert daemon.tick() == ["caf\u00e9"]
    for _ in range(2):
        assert daemon.tick() == []
        assert daemon.message == (
            "2 files, and no runs to request. "
            "Files that are skipped, because their names are not UTF-8: 'caf\\xe9.csv'. Rename them. "
            "Files that are skipped, because their names do not end in '.csv': 'caf\\xe9.txt'. Rename them."
        )


def test_a_link_that_points_nowhere_is_reported_and_its_key_is_kept(settled: Daemon) -> None:
    """Its target may be on a disk that is not mounted; when that is back, so is the file."""
    settled.sensor = retiring_sensor
    path, away = settled.workspace.source / "acme.csv", settled.workspace.source / ".away"
    path.rename(away)
    path.symlink_to(settled.workspace.source / "nowhere")
    for _ in range(2):
        assert settled.tick() == []
        assert settled.message == (
            "2 files, and no runs to request. "
            "Keys whose files cannot be read: 'acme' (a link that points nowhere)."
        )
    path.unlink()
    away.rename(path)
    assert settled.tick() == []
    assert settled.message == "2 files, and no runs to request. Already loaded: 'acme'."


def test_many_files_are_requested_over_several_ticks(workspace: Workspace) -> None:
    """They are requested in order of name, each once."""
    keys = [f"k{number:03}" for number in range(130)]
    for key in keys:
        put(workspace, key, 1)
    daemon = Daemon(workspace)
    assert daemon.tick(runs="wait") == keys[:100]
    assert workspace.keys() == keys[:100]
    assert daemon.tick(runs="wait") == keys[100:]
    assert daemon.tick(runs="wait") == []


def test_the_message_names_some_and_counts_the_rest(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list of a hundred thousand names would be useless."""
    for number in range(25):
        put(workspace, f"k{number:02}", 1)
    Daemon(workspace, build_arrivals_sensor(runs_a_tick=12)).evaluate()
    logged = capsys.readouterr().err
    assert "'k08', 'k09' and 2 more. Left for the next ticks: 'k12', 'k13'," in logged
    assert "'k21' and 3 more." in logged


def test_new_customers_do_not_wait_for_those_that_are_known(
    settled: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new file is requested at once while the files of a lost cursor are examined over several ticks."""
    monkeypatch.setattr(tick_plan, "MAX_EXAMINED_PER_TICK", 1)
    settled.cursor = None
    put(settled.workspace, "zenith", 3)
    assert settled.tick() == ["zenith"]
    assert settled.tick() == []
    assert settled.message == "3 files, and no runs to request. Already loaded: 'globex'."


def test_a_tick_reads_only_so_many_bytes(settled: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next ticks read the rest, and no file is lost."""
    size = (settled.workspace.source / "acme.csv").stat().st_size
    monkeypatch.setattr(fingerprints, "MAX_BYTES_PER_TICK", size)
    settled.cursor = None
    assert settled.tick() == []
    assert (
        settled.message
        == "2 files, and no runs to request. Already loaded: 'acme'. Left for the next ticks: 'globex'."
    )
    assert settled.tick() == []
    assert settled.message == "2 files, and no runs to request. Already loaded: 'globex'."


def test_a_file_too_large_to_read_is_compared_by_size_and_times(
    arrived: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the cursor is lost, it is loaded again only if it changed after its import."""
    monkeypatch.setattr(fingerprints, "MAX_FILE_BYTES", 10)
    arrived.cursor = None
    assert arrived.tick() == []
    assert arrived.message == "2 files, and no runs to request. Already loaded: 'acme', 'globex'."
    put(arrived.workspace, "acme", 1.5, 2.6)
    assert arrived.tick() == ["acme"]
    assert arrived.workspace.prices()["acme"] == [1.5, 2.6]
    assert arrived.tick() == []


def test_a_file_that_goes_while_the_tick_looks_breaks_nothing(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other file is requested."""
    put(daemon.workspace, "acme", 1)
    put(daemon.workspace, "globex", 1)
    judge = tick_plan.judge_keys

    def go(*args: object) -> object:
        (daemon.workspace.source / "acme.csv").unlink()
        return judge(*args)

    monkeypatch.setattr(tick_plan, "judge_keys", go)
    assert daemon.tick() == ["globex"]


@pytest.mark.usefixtures("an_ordinary_user")
def test_a_file_that_cannot_be_read_is_reported_and_blocks_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is requested once it can be read, and it uses nothing of the budget."""
    # Not `tmp_path`, whose parents are the superuser's.
    with tempfile.TemporaryDirectory() as folder, open_workspace(Path(folder)) as workspace:
        daemon = Daemon(workspace)
        path = put(workspace, "acme", 1)
        put(workspace, "globex", 1)
        path.chmod(0)
        monkeypatch.setattr(fingerprints, "MAX_BYTES_PER_TICK", path.stat().st_size)
        assert daemon.tick(runs="wait") == ["globex"]
        assert daemon.tick(runs="wait") == []
        assert daemon.message == (
            "2 files, and no runs to request. Keys whose files cannot be read: 'acme' (Permission denied)."
        )
        path.chmod(0o600)
        assert daemon.tick(runs="wait") == ["acme"]


def test_a_pipe_that_takes_the_place_of_a_file_is_not_waited_for(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipe appears during the tick, and opening it would wait for a writer."""
    path = put(daemon.workspace, "acme", 1)
    put(daemon.workspace, "globex", 1)
    judge = tick_plan.judge_keys

    def replace(*args: object) -> object:
        path.unlink()
        os.mkfifo(path)
        return judge(*args)

    monkeypatch.setattr(tick_plan, "judge_keys", replace)
    assert daemon.tick() == ["globex"]


def test_a_file_that_takes_the_time_of_a_tick_is_compared_by_size_and_times(
    arrived: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files after it are read at the next ticks."""
    arrived.cursor = None
    monkeypatch.setattr(fingerprints, "MAX_SECONDS_PER_TICK", 0.0)
    assert arrived.tick() == []
    assert arrived.message == (
        "2 files, and no runs to request. Already loaded: 'acme'. Left for the next ticks: 'globex'."
    )
    assert arrived.tick() == []
    assert arrived.message == "2 files, and no runs to request. Already loaded: 'globex'."


@pytest.mark.parametrize("path", ["", " "])
def test_a_blank_path_is_reported_and_the_cursor_is_kept(
    settled: Daemon, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the current folder, which may contain other files."""
    put(settled.workspace, "zenith", 3)
    monkeypatch.chdir(settled.workspace.source)
    with dg.build_sensor_context(instance=settled.workspace.instance, cursor=settled.cursor) as context:
        result = retiring_sensor(context, source=SourceFolder(path=path))
    assert (result.run_requests, result.cursor) == ([], None)
    assert str(result.skip_reason.skip_message) == (
        f"The source folder {path!r} cannot be read: its path is blank. Give the path of a folder; if it "
        "comes from an environment variable, set that variable. Earlier requests are remembered."
    )


def test_a_tilde_is_the_home_folder(settled: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sensor and the runs expand it, and the message names the folder."""
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))

    def evaluate_with(path: str) -> str:
        with dg.build_sensor_context(instance=settled.workspace.instance, cursor=settled.cursor) as context:
            return str(arrivals_sensor(context, source=SourceFolder(path=path)).skip_reason.skip_message)

    assert evaluate_with("~/source") == "No new or corrected file among 2."
    assert evaluate_with("~/nowhere").startswith(
        f"The source folder {str(tmp_path / 'nowhere')!r} cannot be read: "
    )


@pytest.mark.parametrize("kind", ["missing", "a file"])
def test_a_folder_that_cannot_be_read_is_reported_and_the_cursor_is_kept(settled: Daemon, kind: str) -> None:
    """It does not count as empty: the cursor stays, and no run is requested when it is back."""
    cursor = settled.cursor
    source = settled.workspace.source
    source.rename(source.with_name("away"))
    if kind == "a file":
        source.write_text("")
    assert settled.tick() == []
    assert f"The source folder {str(source)!r} cannot be read" in settled.message
    assert (settled.result.cursor, settled.cursor) == (None, cursor)
    if kind == "a file":
        source.unlink()
    source.with_name("away").rename(source)
    assert settled.tick() == []
    assert settled.message == "No new or corrected file among 2."


def test_a_file_that_vanished_is_reported_at_every_tick_and_its_key_is_kept(settled: Daemon) -> None:
    """This holds unless the sensor retires keys; keys that were never imported are reported separately."""
    register_keys(settled.workspace.instance, ["announced"])
    (settled.workspace.source / "acme.csv").unlink()
    for _ in range(2):
        assert settled.tick() == []
        assert settled.message == (
            "No new or corrected file among 1. Keys that are kept although their files are gone: 'acme'. "
            "Keys without a file that were never imported: 'announced'."
        )
    assert settled.workspace.keys() == ["acme", "globex", "announced"]
    assert settled.workspace.prices()["acme"] == [1.5, 2.5]


def test_a_file_that_comes_back_unchanged_is_not_loaded_again(settled: Daemon) -> None:
    """Its key was kept, and its rows are still stored."""
    (settled.workspace.source / "acme.csv").rename(settled.workspace.source / "away")
    settled.tick()
    (settled.workspace.source / "away").rename(settled.workspace.source / "acme.csv")
    assert settled.tick() == []
    assert settled.message == "2 files, and no runs to request. Already loaded: 'acme'."


def test_the_key_of_a_vanished_file_is_retired_if_the_sensor_is_set_to_retire(settled: Daemon) -> None:
    """One run of the job is requested; a key that was registered by hand stays."""
    settled.sensor = retiring_sensor
    register_keys(settled.workspace.instance, ["announced"])
    (settled.workspace.source / "acme.csv").unlink()
    assert settled.tick() == ["-acme"]
    assert settled.workspace.keys() == ["globex", "announced"]
    assert settled.workspace.prices() == {"globex": [9.75]}
    assert settled.tick() == []
    assert settled.message == (
        "No new or corrected file among 1. Keys without a file that were never imported: 'announced'."
    )


def test_a_file_that_vanishes_before_its_import_is_reported(daemon: Daemon) -> None:
    """Its key stays, and no run is requested."""
    daemon.sensor = retiring_sensor
    put(daemon.workspace, "acme", 1)
    put(daemon.workspace, "tpyo", 1)
    assert daemon.tick(runs="wait") == ["acme", "tpyo"]
    (daemon.workspace.source / "tpyo.csv").unlink()
    daemon.work()
    assert daemon.tick() == []
    assert daemon.message == (
        "No new or corrected file among 1. Keys without a file that were never imported: 'tpyo'."
    )
    assert daemon.workspace.keys() == ["acme", "tpyo"]


def test_a_retirement_is_requested_once(settled: Daemon) -> None:
    """This holds while its run waits, and if the cursor is lost; the message still reports it."""
    settled.sensor = retiring_sensor
    (settled.workspace.source / "acme.csv").unlink()
    assert settled.tick(runs="wait") == ["-acme"]
    (requested,) = settled.run_keys()
    assert settled.tick(runs="wait") == []
    assert settled.message == (
        "No new or corrected file among 1. Keys to retire, because their files are gone: 'acme'."
    )
    settled.cursor = None
    assert settled.tick(runs="wait") == []
    assert settled.run_keys() == [requested]


def test_a_retired_customer_comes_back_and_goes_again(settled: Daemon) -> None:
    """Even with the same content, the file is loaded each time it arrives, and retired each time it goes."""
    settled.sensor = retiring_sensor
    for age in (50, 40):
        (settled.workspace.source / "acme.csv").unlink()
        assert settled.tick() == ["-acme"]
        put(settled.workspace, "acme", 1.5, 2.5, age=age)
        assert settled.tick() == ["acme"]
        assert settled.workspace.prices()["acme"] == [1.5, 2.5]


def test_a_file_that_is_there_again_keeps_its_key(settled: Daemon) -> None:
    """The run that was to retire the key checks again whether the file is there."""
    settled.sensor = retiring_sensor
    (settled.workspace.source / "acme.csv").rename(settled.workspace.source / "away")
    assert settled.tick(runs="wait") == ["-acme"]
    (settled.workspace.source / "away").rename(settled.workspace.source / "acme.csv")
    settled.work()
    assert settled.workspace.keys() == ["acme", "globex"]
    assert settled.workspace.prices()["acme"] == [1.5, 2.5]


def test_a_file_that_was_back_for_a_while_is_retired_when_it_goes_again(settled: Daemon) -> None:
    """The run that found the file changed nothing, and is over."""
    settled.sensor = retiring_sensor
    path, away = settled.workspace.source / "acme.csv", settled.workspace.source / "away"
    path.rename(away)
    assert settled.tick(runs="wait") == ["-acme"]
    away.rename(path)
    settled.work()
    assert settled.tick() == []
    path.unlink()
    assert settled.tick() == ["-acme"]
    assert settled.workspace.keys() == ["globex"]


def test_a_retirement_that_failed_is_reported_and_not_requested_again(settled: Daemon) -> None:
    """This holds unless the file was back in between, or the cursor is lost."""
    settled.sensor = retiring_sensor
    database = settled.workspace.database
    database.rename(database.with_name("away"))
    database.mkdir()
    (settled.workspace.source / "acme.csv").unlink()
    assert [settled.tick(), settled.tick()] == [["-acme"], []]
    assert "Keys to retire, because their files are gone: 'acme'." in settled.message
    database.rmdir()
    database.with_name("away").rename(database)
    settled.cursor = None
    assert settled.tick() == ["-acme"]
    assert settled.workspace.keys() == ["globex"]


def test_a_renamed_lookalike_replaces_the_retired_key(settled: Daemon) -> None:
    """It is registered one tick after the old key is gone."""
    settled.sensor = retiring_sensor
    (settled.workspace.source / "acme.csv").rename(settled.workspace.source / "ACME.csv")
    assert settled.tick() == ["-acme"]
    assert settled.tick() == ["ACME"]
    assert settled.workspace.prices() == {"globex": [9.75], "ACME": [1.5, 2.5]}


@pytest.mark.parametrize("sensor", [arrivals_sensor, retiring_sensor], ids=["keep", "retire"])
def test_an_empty_folder_retires_nothing(settled: Daemon, sensor: dg.SensorDefinition) -> None:
    """It looks like a folder that is not mounted."""
    settled.sensor = sensor
    for key in ("acme", "globex"):
        (settled.workspace.source / f"{key}.csv").unlink()
    for _ in range(2):
        assert settled.tick() == []
        assert settled.message == (
            "No new or corrected file among 0. "
            "No data file is left. Is the folder mounted? Keys that are kept: 'acme', 'globex'."
        )


def test_a_folder_that_was_not_mounted_for_a_while_brings_nothing_new(settled: Daemon) -> None:
    """The empty mount point does not make a tick forget any file."""
    source = settled.workspace.source
    cursor = settled.cursor
    source.rename(source.with_name("away"))
    source.mkdir()
    for _ in range(2):
        assert settled.tick() == []
        assert settled.cursor == cursor
    source.rmdir()
    source.with_name("away").rename(source)
    assert settled.tick() == []
    assert settled.message == "No new or corrected file among 2."


def test_retirements_count_among_the_runs_of_a_tick(settled: Daemon) -> None:
    """They come after the loads, and each is requested."""
    settled.sensor = build_arrivals_sensor(vanished="retire", runs_a_tick=1)
    put(settled.workspace, "bluebird", 1)
    for key in ("acme", "globex"):
        (settled.workspace.source / f"{key}.csv").unlink()
    assert [settled.tick() for _ in range(4)] == [["bluebird"], ["-acme"], ["-globex"], []]
    assert settled.workspace.keys() == ["bluebird"]


@pytest.mark.parametrize("age", [60, -3600], ids=["old", "from the future"])
def test_a_key_retired_by_hand_is_registered_again_while_its_file_is_there(
    settled: Daemon, capsys: pytest.CaptureFixture[str], age: float
) -> None:
    """Each run has a new run key; once the file is gone, the key stays retired."""
    path = put(settled.workspace, "acme", 3.5, age=age)
    settled.tick()
    settled.tick()
    requested = set()
    for _ in range(2):
        retire_key(settled.workspace.instance, "acme", Warehouse(database=settled.workspace.database))
        capsys.readouterr()
        assert settled.tick() == ["acme"]
        requested |= set(settled.run_keys())
        assert (
            "2 files. Runs requested: 'acme'. Registered again, because their files are here: 'acme'."
            in capsys.readouterr().err
        )
        assert settled.workspace.prices()["acme"] == [3.5]
        assert settled.tick() == []
        assert settled.message == "No new or corrected file among 2."
    assert len(requested) == 2
    path.unlink()
    retire_key(settled.workspace.instance, "acme", Warehouse(database=settled.workspace.database))
    assert settled.tick() == []
    assert settled.workspace.keys() == ["globex"]


def test_keys_that_are_registered_again_wait_for_their_turn(workspace: Workspace) -> None:
    """They count among the runs of a tick, and each is requested."""
    daemon = Daemon(workspace, build_arrivals_sensor(runs_a_tick=1))
    for key in ("acme", "globex"):
        put(workspace, key, 1)
    assert [daemon.tick(), daemon.tick(), daemon.tick()] == [["acme"], ["globex"], []]
    for key in ("acme", "globex"):
        retire_key(workspace.instance, key, Warehouse(database=workspace.database))
    assert [daemon.tick(), daemon.tick(), daemon.tick()] == [["acme"], ["globex"], []]
    assert workspace.prices() == {"acme": [1.0], "globex": [1.0]}


@pytest.fixture
def neighbor(settled: Daemon) -> Daemon:
    """Return the retiring sensor of another folder, with the same instance and database, and load zenith."""
    source = settled.workspace.source.with_name("neighbor")
    source.mkdir()
    daemon = Daemon(
        Workspace(source, settled.workspace.database, settled.workspace.instance), retiring_sensor
    )
    put(daemon.workspace, "zenith", 3)
    assert daemon.tick() == ["zenith"]
    return daemon


@pytest.mark.parametrize("sensor", [arrivals_sensor, retiring_sensor], ids=["keep", "retire"])
def test_keys_of_another_folder_are_kept_and_reported(
    settled: Daemon, neighbor: Daemon, sensor: dg.SensorDefinition
) -> None:
    """So is a key whose import records no folder; only keys that came from this folder are retired."""
    settled.sensor = neighbor.sensor = sensor
    instance = settled.workspace.instance
    instance.add_dynamic_partitions("s3", ["reported"])
    instance.report_runless_asset_event(dg.AssetMaterialization(IMPORT.key, partition="reported"))
    for _ in range(2):
        assert (neighbor.tick(), settled.tick()) == ([], [])
        assert neighbor.message == (
            "No new or corrected file among 1. "
            "Keys of another folder, which are kept: 'acme', 'globex', 'reported'."
        )
        assert settled.message == (
            "No new or corrected file among 2. Keys of another folder, which are kept: 'zenith', 'reported'."
        )
    assert settled.workspace.prices() == {"acme": [1.5, 2.5], "globex": [9.75], "zenith": [3.0]}


def test_an_empty_folder_reports_the_keys_of_another_folder(settled: Daemon, neighbor: Daemon) -> None:
    """Only its own keys make it look like a folder that is not mounted."""
    (neighbor.workspace.source / "zenith.csv").unlink()
    assert neighbor.tick() == []
    assert neighbor.message == (
        "No new or corrected file among 0. No data file is left. Is the folder mounted? "
        "Keys that are kept: 'zenith'. "
        "Keys of another folder, which are kept: 'acme', 'globex'."
    )
    assert settled.workspace.keys() == ["acme", "globex", "zenith"]


def test_a_key_goes_with_the_folder_that_loaded_it_last(settled: Daemon, neighbor: Daemon) -> None:
    """If two folders have acme.csv, each loads its own when it changes, and only then."""
    settled.sensor = retiring_sensor
    put(neighbor.workspace, "acme", 7.5)
    assert neighbor.tick() == ["acme"]
    assert settled.workspace.prices()["acme"] == [7.5]
    assert [settled.tick(), neighbor.tick()] * 2 == [[], []] * 2
    put(settled.workspace, "acme", 8.5, age=50)
    assert settled.tick() == ["acme"]
    assert [settled.tick(), neighbor.tick()] * 2 == [[], []] * 2
    assert settled.workspace.prices()["acme"] == [8.5]

    # The folder that loaded it last loses its file, so the other one takes its place.
    (settled.workspace.source / "acme.csv").unlink()
    assert settled.tick() == ["-acme"]
    assert "acme" not in settled.workspace.prices()
    assert neighbor.tick() == ["acme"]
    assert neighbor.run_keys()[0].startswith("acme@")
    assert settled.workspace.prices()["acme"] == [7.5]
    assert [settled.tick(), neighbor.tick()] * 2 == [[], []] * 2
    assert "Keys of another folder, which are kept: 'zenith', 'acme'." in settled.message


@pytest.mark.parametrize("runs", ["finish", "wait"])
def test_two_folders_do_not_alternate_over_a_key_whose_other_file_is_not_imported(
    settled: Daemon, neighbor: Daemon, runs: str
) -> None:
    """The key is retired once for an import, and registered again once, even without that import."""
    settled.sensor = retiring_sensor
    put(neighbor.workspace, "acme", 1)
    (neighbor.workspace.source / "acme.csv").write_text("")
    os.utime(neighbor.workspace.source / "acme.csv", (1e9, 1e9))
    assert neighbor.tick() == ["acme"]
    (settled.workspace.source / "acme.csv").unlink()
    assert settled.tick() == ["-acme"]
    assert neighbor.tick(runs=runs) == ["acme"]
    for _ in range(3):
        assert (settled.tick(), neighbor.tick(runs=runs)) == ([], [])
        assert (settled.run_keys(), neighbor.run_keys()) == ([], [])
    assert settled.message == (
        "No new or corrected file among 1. Keys of another folder, which are kept: 'zenith'. "
        "Keys without a file that were never imported: 'acme'."
    )
    assert settled.workspace.keys() == ["globex", "zenith", "acme"]


@pytest.mark.parametrize("way", ["a link", "a trailing slash", "a tilde", "dots"])
def test_a_folder_is_the_same_one_whichever_way_its_path_is_written(
    settled: Daemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """An import through one path is retired by the sensor of another path."""
    source = settled.workspace.source
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path))
    (tmp_path / "link").symlink_to(source)
    path = {
        "a link": str(tmp_path / "link"),
        "a trailing slash": f"{source}/",
        "a tilde": "~/source",
        "dots": f"{source}/../source",
    }[way]
    settled.sensor = retiring_sensor
    settled.workspace.load(
        "acme", resources={**settled.workspace.resources(), "source": SourceFolder(path=path)}
    )
    for key in ("acme", "globex"):
        (source / f"{key}.csv").unlink()
    put(settled.workspace, "zenith", 1)
    with dg.build_sensor_context(instance=settled.workspace.instance, cursor=settled.cursor) as context:
        result = retiring_sensor(context, source=SourceFolder(path=path))
    assert list(map(_key_of, result.run_requests)) == ["zenith", "-acme", "-globex"]
    assert settled.tick() == ["zenith", "-acme", "-globex"]
    assert settled.workspace.keys() == ["zenith"]


def test_a_tick_examines_only_so_many_keys_without_files(
    settled: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next ticks examine the others, and one that was retired before is not retired again."""
    monkeypatch.setattr(tick_plan, "MAX_EXAMINED_PER_TICK", 1)
    settled.sensor = retiring_sensor
    put(settled.workspace, "zenith", 1)
    assert settled.tick() == ["zenith"]
    for key in ("acme", "globex"):
        (settled.workspace.source / f"{key}.csv").unlink()
    now = 2 * int(time.time() / 2)
    monkeypatch.setattr(tick_plan, "time", SimpleNamespace(time=lambda: now))
    assert settled.tick(runs="wait") == ["-acme"]
    now += 1
    assert settled.tick(runs="wait") == ["-globex"]
    now += 1
    assert settled.tick(runs="wait") == []
    assert settled.message == (
        "No new or corrected file among 1. Keys to retire, because their files are gone: 'acme'. "
        "Keys without a file that were not examined at this tick: 'globex'."
    )
    settled.work()
    assert settled.workspace.keys() == ["zenith"]


@pytest.mark.parametrize(
    ("setting", "logged"),
    [
        ({"vanished": "delete"}, "vanished is 'delete'. Write vanished='keep' or vanished='retire'."),
        ({"runs_a_tick": 0}, "runs_a_tick is 0. Give a whole number of 1 or more"),
        ({"runs_a_tick": 1.5}, "runs_a_tick is 1.5. Give a whole number"),
        ({"runs_a_tick": True}, "runs_a_tick is True. Give a whole number"),
        ({"settle_seconds": -1}, "settle_seconds is -1. Give a number of seconds"),
        ({"settle_seconds": float("nan")}, "settle_seconds is nan. Give a number of seconds"),
        ({"settle_seconds": float("inf")}, "settle_seconds is inf. Give a number of seconds"),
        ({"settle_seconds": "5"}, "settle_seconds is '5'. Give a number of seconds"),
        ({"minimum_interval_seconds": 0}, "minimum_interval_seconds is 0. Give a whole number"),
        ({"minimum_interval_seconds": None}, "minimum_interval_seconds is None. Give a whole number"),
    ],
)
def test_an_invalid_setting_is_refused(setting: dict[str, object], logged: str) -> None:
    """The error is raised when the sensor is built, and names a valid value."""
    with pytest.raises(InvalidSetting) as caught:
        build_arrivals_sensor(**setting)
    assert logged in str(caught.value)


def test_a_sensor_is_built_with_its_settings() -> None:
    """It has its name, its interval, and the jobs that it may request."""
    built = build_arrivals_sensor(name="other", vanished="retire", minimum_interval_seconds=60)
    assert (built.name, built.minimum_interval_seconds) == ("other", 60)
    assert [job.name for job in built.jobs] == ["import_dynamic_partition_job", "retire_partition_job"]
    assert [job.name for job in arrivals_sensor.jobs] == ["import_dynamic_partition_job"]
    assert (arrivals_sensor.name, arrivals_sensor.minimum_interval_seconds) == ("arrivals_sensor", 30)


# Of Dagster's own making, for any sensor beside a plain job that has resources.
@pytest.mark.filterwarnings("ignore:Parameter `owners`")
def test_dagster_accepts_the_requests_of_the_sensor(workspace: Workspace, tmp_path: Path) -> None:
    """Jobs, keys and configuration pass the validation of a tick, in definitions with both resources."""
    own = dg.Definitions(assets=defs.assets, sensors=[retiring_sensor], resources=workspace.resources())
    put(workspace, "acme", 1)
    home = tmp_path / "home"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        for key in ("globex", "zenith"):
            workspace.write(key, priced(1))
            register_keys(instance, [key])
            dg.materialize(
                [IMPORT],
                partition_key=key,
                instance=instance,
                resources={"source": SourceFolder(path=workspace.source)},
            )
            (workspace.source / f"{key}.csv").unlink()
        with dg.build_sensor_context(
            instance=instance,
            instance_ref=instance.get_ref(),
            definitions=own,
            resources=workspace.resources(),
        ) as context:
            data = own.resolve_sensor_def("arrivals_sensor").evaluate_tick(context)
    assert [(request.job_name, request.partition_key) for request in data.run_requests or []] == [
        ("import_dynamic_partition_job", "acme"),
        ("retire_partition_job", None),
        ("retire_partition_job", None),
    ]
