"""Exercise 3.5: a sensor that registers keys, survives corrections, and requests each run once.

A sensor may add keys to `context.instance` or request them, because a scenario only examines where a key is
registered after the tick.
"""

import os
import tempfile
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from lesson_lib.classroom.display.error_view import explain_error
from lesson_lib.classroom.display.safe_text import format_count, format_list, make_plain
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer, Scenario
from lesson_lib.classroom.exercises.placeholders import get_function
from lesson_lib.classroom.exercises.restart import prepare_restart
from lesson_lib.classroom.exercises.sandbox import (
    KEYS,
    OtherRegistrations,
    open_instance,
    watch_registrations,
)
from lesson_lib.classroom.simulator.tick import RunOutcome, Tick
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)

MAX_RUNS_PER_TICK = 100
FILES_ON_FIRST_DAY = 200  # with good keys, in addition to MAX_RUNS_PER_TICK files with bad keys

_CUSTOMERS = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
_NANOSECONDS = 1_000_000_000  # of a second
_DAY_SECONDS = 86_400


class _TickFailed(Exception):
    """A tick failed outside the learner's code."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick


@dataclass(frozen=True)
class _Deployment:
    """The learner's sensor, with its own folder, instance and daemon.

    Attributes:
        restart: restarts the process of the sensor; the cursor, keys and runs stay.
        elsewhere: the registrations in other sets or instances.
        changed: the modification time of its files in nanoseconds, a day ago, so that any sensor treats them
            as complete. It differs between deployments, so that a version from another one does not match.
    """

    sensor: dg.SensorDefinition
    folder: Path
    instance: dg.DagsterInstance
    daemon: TickSimulator
    restart: Callable[[], None]
    elsewhere: OtherRegistrations
    changed: int

    def put(self, name: str, text: str = "a file\n", *, seconds: int = 0) -> None:
        """Write a file into the folder, and replace an earlier one.

        Args:
            name: the name of the file.
            text: its content.
            seconds: its modification time, in seconds after `changed`.
        """
        path = self.folder / name
        path.write_text(text)
        os.utime(path, ns=(self.changed, self.changed + seconds * _NANOSECONDS))

    def tick(self) -> list[str]:
        """Run one tick, and return the keys of the queued runs in order.

        Raises:
            _TickFailed: Dagster rejected the sensor's requests.
            Exception: the exception that the learner's code raised.
        """
        tick = self.daemon.tick(run=False)
        if tick.error and _came_from(tick.error, self.sensor):
            raise tick.error
        if tick.error:
            raise _TickFailed(tick)
        return [run.partition or "" for run in tick.find_runs(RunOutcome.QUEUED)]

    def list_keys(self) -> list[str]:
        """Return the registered keys."""
        return list(self.instance.get_dynamic_partitions(KEYS))

    def describe_tick(self) -> str:
        """Describe the requests of the last tick."""
        tick = self.daemon.ticks[-1]
        queued = [run.partition or "" for run in tick.find_runs(RunOutcome.QUEUED)]
        dropped = [run.partition or "" for run in tick.find_runs(RunOutcome.DROPPED)]
        parts = [f"runs queued: {_format_names(queued)}"]
        parts += [f"dropped, since their run keys are known: {_format_names(dropped)}"] if dropped else []
        return "; ".join(parts)


def _came_from(error: BaseException, sensor: dg.SensorDefinition) -> bool:
    """Return whether an error was raised in the learner's function, or in code that it called."""
    code = get_function(sensor).__code__
    return any(frame.f_code is code for frame, _ in traceback.walk_tb(error.__traceback__))


@contextmanager
def _deploy(sensor: dg.SensorDefinition) -> Iterator[_Deployment]:
    """Deploy a sensor for one scenario, and restore the learner's objects afterwards."""
    has_assets = any(target.assets_defs for target in sensor.targets)
    with (
        tempfile.TemporaryDirectory() as root,
        open_instance() as instance,
        watch_registrations(instance) as elsewhere,
        prepare_restart(get_function(sensor), sensor) as restart,
    ):
        folder = Path(root, "inbox").resolve()
        folder.mkdir()
        resources = {
            "source": SourceFolder(path=str(folder)),
            "database": Warehouse(database=str(Path(root, "lesson.duckdb"))),
        }
        daemon = simulate(sensor, [] if has_assets else _CUSTOMERS, instance, resources=resources)
        changed = time.time_ns() - _DAY_SECONDS * _NANOSECONDS
        yield _Deployment(sensor, folder, instance, daemon, restart, elsewhere, changed)


_Happening = Callable[[_Deployment], Miss | None]


def _scenario(happening: _Happening) -> Scenario:
    """Return the scenario of a happening, which also explains a tick that fails in Dagster's code."""

    def run(answer: object) -> Miss | None:
        with _deploy(_require_sensor(answer)) as deployment:
            try:
                return happening(deployment)
            except _TickFailed as failed:
                return _explain_failed_tick(deployment, failed.tick)

    run.__doc__ = happening.__doc__
    return run


def _require_sensor(answer: object) -> dg.SensorDefinition:
    if callable(answer) and not isinstance(answer, dg.SensorDefinition):
        raise NoAnswer("That is a plain function. Put @dg.sensor(target=customers) above it.")
    if not isinstance(answer, dg.SensorDefinition):
        raise NoAnswer("Give check your sensor, by the name of its function and without brackets.")
    if type(answer) is not dg.SensorDefinition or not get_function(answer):
        raise NoAnswer("That is a sensor of another kind. Write a function with @dg.sensor above it.")
    if not answer.targets and answer.asset_selection is None:
        raise NoAnswer("Your sensor does not say what to run. Write @dg.sensor(target=customers).")
    return answer


def _explain_failed_tick(deployment: _Deployment, tick: Tick) -> Miss:
    """Explain a tick that failed because of the sensor's requests."""
    facts = dict(explain_error(tick.error)) if tick.error else {}  # including the cause in plain words
    is_unknown = isinstance(tick.error, dg.DagsterUnknownPartitionError)
    belief, aside = _explain_unknown_key(deployment, tick) if is_unknown else ("", "")
    parts = [
        f"tick {tick.number} failed. {make_plain(facts.get('Raised', ''))}",
        facts.get("Why", ""),
        aside,
    ]
    return Miss(belief, seen=" ".join(filter(None, parts)), expected="a tick that does not fail")


def _explain_unknown_key(deployment: _Deployment, tick: Tick) -> tuple[str, str]:
    """Return the misconception behind a run request with an unknown key, and what else was seen."""
    if deployment.elsewhere.instances:
        return "keys-live-in-the-definition", "Keys went to another instance than context.instance."
    sets = {*deployment.elsewhere.sets, *_find_requested_sets(deployment, tick)}
    if others := sorted(sets - {KEYS}):
        return "typo-raises-an-error", f"The set {make_plain(repr(others[0]))} was to be given keys."
    return ("" if sets or deployment.list_keys() else "run-request-brings-its-key"), ""


def _find_requested_sets(deployment: _Deployment, tick: Tick) -> list[str]:
    """Evaluate the sensor again, because a failed tick does not contain its requests."""
    deployment.restart()
    resources = {"source": SourceFolder(path=str(deployment.folder))}
    with dg.build_sensor_context(deployment.instance, tick.cursor_before, resources=resources) as context:
        returned: Any = deployment.sensor(context)
        results = list(returned) if isinstance(returned, Iterator) else [returned]
    return [
        request.partitions_def_name
        for result in results
        if isinstance(result, dg.SensorResult)
        for request in result.dynamic_partitions_requests or []
    ]


def _format_error(error: BaseException | None) -> str:
    return make_plain(dict(explain_error(error))["Raised"]) if error else ""


def _format_names(names: Sequence[str]) -> str:
    return make_plain(format_list([repr(name) for name in names], max_items=6)) or "none"


def _compare_runs(
    deployment: _Deployment, queued: Sequence[str], expected: Sequence[str], belief: str = "", aside: str = ""
) -> Miss | None:
    """Return the fault in the queued runs of a tick, if their keys are not the expected ones."""
    if sorted(queued) == sorted(expected):
        return None
    number = len(deployment.daemon.ticks)
    seen = f"tick {number}: {aside}{deployment.describe_tick()}"
    return Miss(belief, seen, expected=f"runs queued: {_format_names(expected)}")


def _find_missing_files(deployment: _Deployment, *names: str) -> Miss | None:
    """Return the fault if files are no longer in the folder."""
    gone = [name for name in names if not (deployment.folder / name).is_file()]
    if not gone:
        return None
    return Miss(
        seen=f"no longer in the folder: {_format_names(gone)}", expected="every file stays where it is"
    )


@_scenario
def _new_file(deployment: _Deployment) -> Miss | None:
    """A new file arrives in source.path: ada.csv."""
    deployment.put("ada.csv")
    if miss := _compare_runs(deployment, deployment.tick(), ["ada"]):
        return miss
    if (keys := deployment.list_keys()) != ["ada"]:
        return Miss(
            seen=f"{KEYS} holds {_format_names(keys)}", expected=f"{KEYS} holds {_format_names(['ada'])}"
        )
    return _find_missing_files(deployment, "ada.csv")


@_scenario
def _nothing_new(deployment: _Deployment) -> Miss | None:
    """Three files arrive, and then nothing for four ticks."""
    names = ["ada", "grace", "edsger"]
    for name in names:
        deployment.put(f"{name}.csv")
    if miss := _compare_runs(deployment, deployment.tick(), names):
        return miss
    for number in range(2, 6):
        # A sensor that repeats its requests at the second tick remembers nothing, which shows no belief.
        belief = "cursor-of-new-files-is-enough" if number > 2 else ""  # noqa: PLR2004 - the second tick
        if miss := _compare_runs(deployment, deployment.tick(), [], belief):
            return miss
    return None


@_scenario
def _corrected(deployment: _Deployment) -> Miss | None:
    """A file is corrected: it has another size and another time of change."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    queued = deployment.tick()
    dropped = [run.partition for run in deployment.daemon.ticks[-1].find_runs(RunOutcome.DROPPED)]
    belief = "file-name-is-a-good-run-key" if "grace" in dropped else "known-name-is-known-file"
    return _compare_runs(deployment, queued, ["grace"], "" if queued else belief) or _compare_runs(
        deployment, deployment.tick(), []
    )


@_scenario
def _older_file(deployment: _Deployment) -> Miss | None:
    """A file arrives that was changed before those that are there already."""
    deployment.put("ada.csv")
    deployment.tick()
    deployment.put("grace.csv", seconds=-_DAY_SECONDS)
    return _compare_runs(deployment, deployment.tick(), ["grace"], "new-files-are-newest")


@_scenario
def _two_dots(deployment: _Deployment) -> Miss | None:
    """Two files arrive at once, and their names begin alike: hooli.eu.csv and hooli.us.csv."""
    deployment.put("hooli.eu.csv")
    deployment.put("hooli.us.csv")
    expected = ["hooli.eu", "hooli.us"]
    try:
        queued = deployment.tick()
    except Exception as error:
        cause = error.tick.error if isinstance(error, _TickFailed) else error
        if "'hooli'" not in str(cause):
            raise
        return Miss(
            "key-ends-at-the-first-dot",
            seen=f"the key of both is 'hooli', and tick 1 failed. {_format_error(cause)}",
            expected=f"runs queued: {_format_names(expected)}",
        )
    belief = "key-ends-at-the-first-dot" if "hooli" in queued else ""
    return _compare_runs(deployment, queued, expected, belief)


@_scenario
def _no_data(deployment: _Deployment) -> Miss | None:
    """Only ada.csv is a data file: the rest is hidden, unfinished, of another kind, or in another folder."""
    for name in ("archive", "edsger.csv"):
        (deployment.folder / name).mkdir()
    for name in (".ada.csv", "grace.csv.part", "notes.txt", "ada.csv", "archive/ada of 2024.csv"):
        deployment.put(name)
    if os.name == "posix":  # on Windows, patterns ignore case, and links need a permission
        deployment.put("GRACE.CSV")
        (deployment.folder / "device.csv").symlink_to(os.devnull)
    queued = deployment.tick()
    belief = "everything-in-a-folder-is-data" if {*queued} - {"ada", "GRACE"} else ""
    return _compare_runs(deployment, queued, ["ada"], belief)


@_scenario
def _bad_key(deployment: _Deployment) -> Miss | None:
    """Three files whose keys break the rules arrive beside good ones: a,b.csv, a..b.csv and a[b].csv."""
    bad = ["a,b", "a..b", "a[b]"]
    for name in ("ada", *bad, "grace"):
        deployment.put(f"{name}.csv")
    for arrived in (["ada", "grace"], [], ["edsger"], []):
        for name in arrived:
            deployment.put(f"{name}.csv")
        try:
            queued = deployment.tick()
        except (ValueError, AssertionError) as error:  # InvalidKey is a ValueError
            return Miss(
                "one-bad-key-fails-alone",
                seen=f"tick {len(deployment.daemon.ticks)} failed. {_format_error(error)}",
                expected=f"no tick fails, and runs queued: {_format_names(arrived)}",
            )
        if accepted := [key for key in bad if key in (*queued, *deployment.list_keys())]:
            return Miss(
                "dagster-checks-keys" if accepted == bad else "",  # otherwise some of the rules are checked
                seen=f"registered or asked for: {_format_names(accepted)}",
                expected="no key that breaks the rules",
            )
        if miss := _compare_runs(deployment, queued, arrived, "" if queued else "one-bad-key-fails-alone"):
            return miss
    return _find_missing_files(deployment, *(f"{key}.csv" for key in bad))


@_scenario
def _unusual_names(deployment: _Deployment) -> Miss | None:
    """The names of four files are unusual, and their keys good: Ada.csv, O'Brien.csv, café.csv, a.csv.csv."""
    # Some disks and archives store the accent as a separate character.
    decomposed = unicodedata.normalize("NFD", "café")
    for name in ("Ada", "O'Brien", decomposed, "a.csv"):
        deployment.put(f"{name}.csv")
    queued = deployment.tick()
    aside = "'café' is not as checked_key returns it; " if decomposed in queued else ""
    return _compare_runs(deployment, queued, ["Ada", "O'Brien", "café", "a.csv"], aside=aside)


@_scenario
def _burst(deployment: _Deployment) -> Miss | None:
    """On the first day, 300 files are there; the keys of 100 of them break the rules."""
    keys = [f"customer {number:03}" for number in range(1, FILES_ON_FIRST_DAY + 1)]
    bad = [f"a,{number:03}" for number in range(1, MAX_RUNS_PER_TICK + 1)]  # their names sort first
    for key in (*bad, *keys):
        deployment.put(f"{key}.csv")
    queued: list[str] = []
    idle_ticks = 0
    while idle_ticks < 2 and len(deployment.daemon.ticks) <= FILES_ON_FIRST_DAY:  # noqa: PLR2004 - a sensor may pause for one tick
        new = deployment.tick()
        requested = len(deployment.daemon.ticks[-1].runs)
        if requested > MAX_RUNS_PER_TICK:
            return Miss(
                "one-tick-can-ask-for-all",
                seen=f"tick {len(deployment.daemon.ticks)} asked for {format_count(requested, 'run')}",
                expected=f"{MAX_RUNS_PER_TICK} at the most, and the rest at the next ticks",
            )
        idle_ticks = 0 if new else idle_ticks + 1
        queued += new
    missing = [key for key in keys if key not in queued]
    repeated = sorted({key for key in queued if queued.count(key) > 1})
    if not missing and not repeated:
        return None
    parts = [f"never asked for: {_format_names(missing)}"] if missing else []
    parts += [f"asked for again: {_format_names(repeated)}"] if repeated else []
    return Miss(
        seen=f"after {format_count(len(deployment.daemon.ticks), 'tick')}, {'; '.join(parts)}",
        expected=f"a run for each of the {FILES_ON_FIRST_DAY} good ones, once; the cursor holds only those",
    )


@_scenario
def _restarted(deployment: _Deployment) -> Miss | None:
    """The process of the sensor is restarted, as when new code is deployed; the cursor stays."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    deployment.restart()
    if miss := _compare_runs(
        deployment, deployment.tick(), [], "variables-outlive-a-restart", aside="after the restart, "
    ):
        return miss
    if not deployment.daemon.cursor:  # it remembers in a place that this restart does not reset
        return Miss(
            seen="after two ticks and a restart, there is no cursor",
            expected="a cursor that remembers what was asked for",
        )
    deployment.restart()
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    return _compare_runs(deployment, deployment.tick(), ["grace"], aside="after the restart, ")


@_scenario
def _vanished(deployment: _Deployment) -> Miss | None:
    """A file goes away, and comes back corrected."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    (deployment.folder / "grace.csv").unlink()
    for _ in range(2):
        if miss := _compare_runs(deployment, deployment.tick(), []):
            return miss
        if "grace" not in (keys := deployment.list_keys()):
            return Miss(
                seen=f"grace.csv is gone, and {KEYS} holds {_format_names(keys)}",
                expected="grace stays registered: its rows are still there",
            )
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    return _compare_runs(deployment, deployment.tick(), ["grace"])


@_scenario
def _changed_three_times(deployment: _Deployment) -> Miss | None:
    """A file is changed three times: only in its time, only in its size, and back to what it was at first."""
    at_first = "one price\n"
    deployment.put("ada.csv", at_first)
    deployment.put("grace.csv", at_first)
    deployment.tick()
    for text, seconds, aside in (
        ("two price\n", -60, "only the time has changed, to an earlier one; "),
        ("three prices\n", -60, "only the size has changed; "),
        (at_first, 0, "ada.csv is again what it was at first; "),
    ):
        deployment.put("ada.csv", text, seconds=seconds)
        if miss := _compare_runs(deployment, deployment.tick(), ["ada"], aside=aside):
            return miss
    return _compare_runs(deployment, deployment.tick(), [])


@_scenario
def _registered_already(deployment: _Deployment) -> Miss | None:
    """Three keys were registered by hand, two of them have files, and the sensor has no cursor yet."""
    by_hand = ["ada", "grace", "edsger"]
    deployment.instance.add_dynamic_partitions(KEYS, by_hand)
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    for expected, belief in ((["ada", "grace"], "three-records-are-one"), ([], "")):
        if miss := _compare_runs(deployment, deployment.tick(), expected, belief):
            return miss
    if gone := [key for key in by_hand if key not in deployment.list_keys()]:
        return Miss(
            seen=f"no longer registered: {_format_names(gone)}", expected="every key stays registered"
        )
    return None


SCENARIOS = (
    _new_file,
    _nothing_new,
    _corrected,
    _older_file,
    _two_dots,
    _no_data,
    _bad_key,
    _unusual_names,
    _restarted,
    _burst,
    _registered_already,
    _vanished,
    _changed_three_times,
)
