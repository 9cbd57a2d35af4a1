"""Exercise 3.5: a sensor that registers keys, survives corrections, and never asks twice.

What counts is where a key is registered once the tick is over: a sensor that adds it to `context.instance` by
itself is as right as one that requests it.
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

from lesson_lib.classroom.display.error_view import told_of
from lesson_lib.classroom.display.safe_text import counted, listed, plain
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer, Scenario
from lesson_lib.classroom.exercises.placeholders import get_function
from lesson_lib.classroom.exercises.restarts import restarts
from lesson_lib.classroom.exercises.sandbox import KEYS, OtherRegistrations, watch_registrations
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate
from lesson_lib.classroom.simulator.tick_view import Became, Tick
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)

MOST_RUNS = 100  # that a tick may ask for
FIRST_DAY = 200  # good files, and as many bad ones as fill a tick

_CUSTOMERS = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
_SECOND = 1_000_000_000  # nanoseconds
_DAY = 86_400  # seconds


class _TickFailed(Exception):
    """A tick failed, and not in a line of the learner's."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick


@dataclass(frozen=True)
class _Deployment:
    """The learner's sensor, with a folder, an instance and a daemon of its own.

    Attributes:
        restart: ends the process of the sensor, and starts it again; the cursor, keys and runs stay.
        elsewhere: what was registered in no set of this name, or in another instance.
        changed: when its files were changed, in nanoseconds: a day ago, for anybody to call them settled. No
            two deployments have the same, so that what a sensor has kept from another one is no match.
    """

    sensor: dg.SensorDefinition
    folder: Path
    instance: dg.DagsterInstance
    daemon: TickSimulator
    restart: Callable[[], None]
    elsewhere: OtherRegistrations
    changed: int

    def put(self, name: str, text: str = "a file\n", *, seconds: int = 0) -> None:
        """Put a file into the folder, in place of an earlier one.

        Args:
            name: of the file.
            text: what is in it.
            seconds: its time of change, counted from `changed`.
        """
        path = self.folder / name
        path.write_text(text)
        os.utime(path, ns=(self.changed, self.changed + seconds * _SECOND))

    def tick(self) -> list[str]:
        """Let the daemon tick once, and return the keys for which a run is queued, in order.

        Raises:
            _TickFailed: Dagster refused what the sensor asks for.
            Exception: the sensor's own, untouched.
        """
        tick = self.daemon.tick(run=False)
        if tick.error and _passed(tick.error, self.sensor):
            raise tick.error
        if tick.error:
            raise _TickFailed(tick)
        return [run.partition or "" for run in tick.became(Became.QUEUED)]

    def registered(self) -> list[str]:
        """Return the keys of the set."""
        return list(self.instance.get_dynamic_partitions(KEYS))

    def told(self) -> str:
        """Say what the last tick asked for."""
        tick = self.daemon.ticks[-1]
        dropped = [run.partition or "" for run in tick.became(Became.DROPPED)]
        parts = [f"runs queued: {_names([run.partition or '' for run in tick.became(Became.QUEUED)])}"]
        parts += [f"dropped, since their run keys are known: {_names(dropped)}"] if dropped else []
        return "; ".join(parts)


def _passed(error: BaseException, sensor: dg.SensorDefinition) -> bool:
    """Tell whether an error came up in the learner's function, or in what that called."""
    code = get_function(sensor).__code__
    return any(frame.f_code is code for frame, _ in traceback.walk_tb(error.__traceback__))


@contextmanager
def _deployed(sensor: dg.SensorDefinition) -> Iterator[_Deployment]:
    """Deploy a sensor for one scenario; nothing of the learner's is another one afterwards."""
    has_assets = any(target.assets_defs for target in sensor.targets)
    with (
        tempfile.TemporaryDirectory() as root,
        dg.DagsterInstance.ephemeral() as instance,
        watch_registrations(instance) as elsewhere,
        restarts(get_function(sensor), sensor) as restart,
    ):
        folder = Path(root, "inbox").resolve()
        folder.mkdir()
        resources = {
            "source": SourceFolder(path=str(folder)),
            "database": Warehouse(database=str(Path(root, "lesson.duckdb"))),
        }
        daemon = simulate(sensor, [] if has_assets else _CUSTOMERS, instance, resources=resources)
        changed = time.time_ns() - _DAY * _SECOND
        yield _Deployment(sensor, folder, instance, daemon, restart, elsewhere, changed)


_Happening = Callable[[_Deployment], Miss | None]


def _scenario(happening: _Happening) -> Scenario:
    """Deploy the learner's sensor for what happens, and tell of a tick that failed for no line of theirs."""

    def run(answer: object) -> Miss | None:
        with _deployed(_sensor_of(answer)) as deployment:
            try:
                return happening(deployment)
            except _TickFailed as failed:
                return _of_failed(deployment, failed.tick)

    run.__doc__ = happening.__doc__
    return run


def _sensor_of(answer: object) -> dg.SensorDefinition:
    if callable(answer) and not isinstance(answer, dg.SensorDefinition):
        raise NoAnswer("That is a plain function. Put @dg.sensor(target=customers) above it.")
    if not isinstance(answer, dg.SensorDefinition):
        raise NoAnswer("Give check your sensor, by the name of its function and without brackets.")
    if type(answer) is not dg.SensorDefinition or not get_function(answer):
        raise NoAnswer("That is a sensor of another kind. Write a function with @dg.sensor above it.")
    if not answer.targets and answer.asset_selection is None:
        raise NoAnswer("Your sensor does not say what to run. Write @dg.sensor(target=customers).")
    return answer


def _of_failed(deployment: _Deployment, tick: Tick) -> Miss:
    """Tell of a tick that Dagster let fail, for what the sensor asked for."""
    told = dict(told_of(tick.error)) if tick.error else {}  # with the cause in plain words
    is_unknown = isinstance(tick.error, dg.DagsterUnknownPartitionError)
    belief, aside = _about_unknown_key(deployment, tick) if is_unknown else ("", "")
    parts = [f"tick {tick.number} failed. {plain(told.get('Raised', ''))}", told.get("Why", ""), aside]
    return Miss(belief, seen=" ".join(filter(None, parts)), expected="a tick that does not fail")


def _about_unknown_key(deployment: _Deployment, tick: Tick) -> tuple[str, str]:
    """Return the misconception behind a run request whose key is unknown, and what else there is to see."""
    if deployment.elsewhere.instances:
        return "keys-live-in-the-definition", "Keys went to another instance than context.instance."
    sets = {*deployment.elsewhere.sets, *_sets_asked_for(deployment, tick)}
    if others := sorted(sets - {KEYS}):
        return "typo-raises-an-error", f"The set {plain(repr(others[0]))} was to be given keys."
    return ("" if sets or deployment.registered() else "run-request-brings-its-key"), ""


def _sets_asked_for(deployment: _Deployment, tick: Tick) -> list[str]:
    """Ask the sensor once more, since a tick that failed does not tell what it had asked for."""
    deployment.restart()
    resources = {"source": SourceFolder(path=str(deployment.folder))}
    with dg.build_sensor_context(deployment.instance, tick.cursor_before, resources=resources) as context:
        asked: Any = deployment.sensor(context)
        results = list(asked) if isinstance(asked, Iterator) else [asked]
    return [
        request.partitions_def_name
        for result in results
        if isinstance(result, dg.SensorResult)
        for request in result.dynamic_partitions_requests or []
    ]


def _raised(error: BaseException | None) -> str:
    return plain(dict(told_of(error))["Raised"]) if error else ""


def _names(names: Sequence[str]) -> str:
    return plain(listed([repr(name) for name in names], many=6)) or "none"


def _differs(
    deployment: _Deployment, queued: Sequence[str], expected: Sequence[str], belief: str = "", aside: str = ""
) -> Miss | None:
    """Return what is wrong with the keys for which a tick queued runs, if they are not those expected."""
    if sorted(queued) == sorted(expected):
        return None
    number = len(deployment.daemon.ticks)
    seen = f"tick {number}: {aside}{deployment.told()}"
    return Miss(belief, seen, expected=f"runs queued: {_names(expected)}")


def _taken_away(deployment: _Deployment, *names: str) -> Miss | None:
    """Tell of files that are not where they were put."""
    gone = [name for name in names if not (deployment.folder / name).is_file()]
    if not gone:
        return None
    return Miss(seen=f"no longer in the folder: {_names(gone)}", expected="every file stays where it is")


@_scenario
def _new_file(deployment: _Deployment) -> Miss | None:
    """A new file arrives in source.path: ada.csv."""
    deployment.put("ada.csv")
    if miss := _differs(deployment, deployment.tick(), ["ada"]):
        return miss
    if (keys := deployment.registered()) != ["ada"]:
        return Miss(seen=f"{KEYS} holds {_names(keys)}", expected=f"{KEYS} holds {_names(['ada'])}")
    return _taken_away(deployment, "ada.csv")


@_scenario
def _nothing_new(deployment: _Deployment) -> Miss | None:
    """Three files arrive, and then nothing for four ticks."""
    names = ["ada", "grace", "edsger"]
    for name in names:
        deployment.put(f"{name}.csv")
    if miss := _differs(deployment, deployment.tick(), names):
        return miss
    for number in range(2, 6):
        # Who forgets at once remembers nothing; who forgets at the second tick does remember something.
        belief = "cursor-of-new-files-is-enough" if number > 2 else ""  # noqa: PLR2004 - the second tick
        if miss := _differs(deployment, deployment.tick(), [], belief):
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
    dropped = [run.partition for run in deployment.daemon.ticks[-1].became(Became.DROPPED)]
    belief = "file-name-is-a-good-run-key" if "grace" in dropped else "known-name-is-known-file"
    return _differs(deployment, queued, ["grace"], "" if queued else belief) or _differs(
        deployment, deployment.tick(), []
    )


@_scenario
def _older_file(deployment: _Deployment) -> Miss | None:
    """A file arrives that was changed before those that are there already."""
    deployment.put("ada.csv")
    deployment.tick()
    deployment.put("grace.csv", seconds=-_DAY)
    return _differs(deployment, deployment.tick(), ["grace"], "new-files-are-newest")


@_scenario
def _two_dots(deployment: _Deployment) -> Miss | None:
    """Two files arrive at once, and their names begin alike: hooli.eu.csv and hooli.us.csv."""
    deployment.put("hooli.eu.csv")
    deployment.put("hooli.us.csv")
    expected = ["hooli.eu", "hooli.us"]
    try:
        queued = deployment.tick()
    except Exception as error:
        refused = error.tick.error if isinstance(error, _TickFailed) else error
        if "'hooli'" not in str(refused):
            raise
        return Miss(
            "key-ends-at-the-first-dot",
            seen=f"the key of both is 'hooli', and tick 1 failed. {_raised(refused)}",
            expected=f"runs queued: {_names(expected)}",
        )
    belief = "key-ends-at-the-first-dot" if "hooli" in queued else ""
    return _differs(deployment, queued, expected, belief)


@_scenario
def _no_data(deployment: _Deployment) -> Miss | None:
    """Only ada.csv is a data file: the rest is hidden, unfinished, of another kind, or in another folder."""
    for name in ("archive", "edsger.csv"):
        (deployment.folder / name).mkdir()
    for name in (".ada.csv", "grace.csv.part", "notes.txt", "ada.csv", "archive/ada of 2024.csv"):
        deployment.put(name)
    if os.name == "posix":  # on Windows, patterns disregard case, and links take a permission
        deployment.put("GRACE.CSV")
        (deployment.folder / "device.csv").symlink_to(os.devnull)
    queued = deployment.tick()
    belief = "everything-in-a-folder-is-data" if {*queued} - {"ada", "GRACE"} else ""
    return _differs(deployment, queued, ["ada"], belief)


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
                seen=f"tick {len(deployment.daemon.ticks)} failed. {_raised(error)}",
                expected=f"no tick fails, and runs queued: {_names(arrived)}",
            )
        if asked := [key for key in bad if key in (*queued, *deployment.registered())]:
            return Miss(
                "dagster-checks-keys" if asked == bad else "",  # else, some rules are checked, and not all
                seen=f"registered or asked for: {_names(asked)}",
                expected="no key that breaks the rules",
            )
        if miss := _differs(deployment, queued, arrived, "" if queued else "one-bad-key-fails-alone"):
            return miss
    return _taken_away(deployment, *(f"{key}.csv" for key in bad))


@_scenario
def _unusual_names(deployment: _Deployment) -> Miss | None:
    """The names of four files are unusual, and their keys good: Ada.csv, O'Brien.csv, café.csv, a.csv.csv."""
    spelt = unicodedata.normalize("NFD", "café")  # as some disks and archives do, with the accent by itself
    for name in ("Ada", "O'Brien", spelt, "a.csv"):
        deployment.put(f"{name}.csv")
    queued = deployment.tick()
    aside = "'café' is not as checked_key returns it; " if spelt in queued else ""
    return _differs(deployment, queued, ["Ada", "O'Brien", "café", "a.csv"], aside=aside)


@_scenario
def _burst(deployment: _Deployment) -> Miss | None:
    """On the first day, 300 files are there; the keys of 100 of them break the rules."""
    keys = [f"customer {number:03}" for number in range(1, FIRST_DAY + 1)]
    bad = [f"a,{number:03}" for number in range(1, MOST_RUNS + 1)]  # which come first by name
    for key in (*bad, *keys):
        deployment.put(f"{key}.csv")
    queued: list[str] = []
    quiet = 0
    while quiet < 2 and len(deployment.daemon.ticks) <= FIRST_DAY:  # noqa: PLR2004 - one may be a pause
        new = deployment.tick()
        asked = len(deployment.daemon.ticks[-1].runs)
        if asked > MOST_RUNS:
            return Miss(
                "one-tick-can-ask-for-all",
                seen=f"tick {len(deployment.daemon.ticks)} asked for {counted(asked, 'run')}",
                expected=f"{MOST_RUNS} at the most, and the rest at the next ticks",
            )
        quiet = 0 if new else quiet + 1
        queued += new
    never = [key for key in keys if key not in queued]
    again = sorted({key for key in queued if queued.count(key) > 1})
    if not never and not again:
        return None
    parts = [f"never asked for: {_names(never)}"] if never else []
    parts += [f"asked for again: {_names(again)}"] if again else []
    return Miss(
        seen=f"after {counted(len(deployment.daemon.ticks), 'tick')}, {'; '.join(parts)}",
        expected=f"a run for each of the {FIRST_DAY} good ones, once; the cursor holds only those",
    )


@_scenario
def _restarted(deployment: _Deployment) -> Miss | None:
    """The process of the sensor is restarted, as when new code is deployed; the cursor stays."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    deployment.restart()
    if miss := _differs(
        deployment, deployment.tick(), [], "variables-outlive-a-restart", aside="after the restart, "
    ):
        return miss
    if not deployment.daemon.cursor:  # what it has kept, it has kept where a restart here does not reach
        return Miss(
            seen="after two ticks and a restart, there is no cursor",
            expected="a cursor that remembers what was asked for",
        )
    deployment.restart()
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    return _differs(deployment, deployment.tick(), ["grace"], aside="after the restart, ")


@_scenario
def _vanished(deployment: _Deployment) -> Miss | None:
    """A file goes away, and comes back corrected."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    (deployment.folder / "grace.csv").unlink()
    for _ in range(2):
        if miss := _differs(deployment, deployment.tick(), []):
            return miss
        if "grace" not in (keys := deployment.registered()):
            return Miss(
                seen=f"grace.csv is gone, and {KEYS} holds {_names(keys)}",
                expected="grace stays registered: its rows are still there",
            )
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    return _differs(deployment, deployment.tick(), ["grace"])


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
        if miss := _differs(deployment, deployment.tick(), ["ada"], aside=aside):
            return miss
    return _differs(deployment, deployment.tick(), [])


@_scenario
def _registered_already(deployment: _Deployment) -> Miss | None:
    """Three keys were registered by hand, two of them have files, and the sensor has no cursor yet."""
    by_hand = ["ada", "grace", "edsger"]
    deployment.instance.add_dynamic_partitions(KEYS, by_hand)
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    for expected, belief in ((["ada", "grace"], "three-records-are-one"), ([], "")):
        if miss := _differs(deployment, deployment.tick(), expected, belief):
            return miss
    if gone := [key for key in by_hand if key not in deployment.registered()]:
        return Miss(seen=f"no longer registered: {_names(gone)}", expected="every key stays registered")
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
