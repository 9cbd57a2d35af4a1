"""Exercise 3.5: a sensor that registers keys, survives corrections, and requests each run once.

A sensor may add keys to `context.instance` or request them, because a scenario only examines where a key is
registered after the tick.
"""

import os
import re
import shutil
import tempfile
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

import dagster as dg

from lesson_lib.classroom.display.error_view import explain_error
from lesson_lib.classroom.display.safe_text import format_count, format_list, make_plain
from lesson_lib.classroom.exercises.exercise import Evidence, Miss, NoAnswer, Scenario
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
from lesson_lib.course.lookalikes import LOOKALIKES
from lesson_lib.pipeline import (
    InvalidKey,
    SourceFolder,
    Warehouse,
    checked_key,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
)

MAX_RUNS_PER_TICK = 100
FILES_ON_FIRST_DAY = 200  # with good keys, in addition to MAX_RUNS_PER_TICK files with bad keys

_CUSTOMERS = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
_NANOSECONDS = 1_000_000_000  # of a second
_DAY_SECONDS = 86_400
_MAX_CURSOR_LENGTH = 80  # characters
_PROCESS, _INBOX = "process", "inbox"  # folders of a deployment
_KEPT = {_PROCESS, _INBOX, "lesson.duckdb"}
_started = count()  # the deployments
_LINES = [f"{number},1.50\n" for number in range(20_000)]  # of a file too long for one read
_LONG = "".join(_LINES)
_SWAPPED = "".join([*_LINES[:10_000], _LINES[10_001], _LINES[10_000], *_LINES[10_002:]])


def _is_good(key: str) -> bool:
    """Return whether the key follows the rules, and stays as it is."""
    try:
        return checked_key(key) == key
    except InvalidKey:
        return False


_LOOKALIKES = [key for keys in LOOKALIKES.values() for key in keys if _is_good(key)]


class _TickFailed(Exception):
    """A tick failed outside the learner's code."""

    def __init__(self, tick: Tick) -> None:
        self.tick = tick


@dataclass
class _Deployment:
    """The learner's sensor, with its own folder, instance and daemon.

    Attributes:
        forget: empties the variables of the sensor's module.
        elsewhere: the registrations in other sets or instances.
        changed: the modification time of its files in nanoseconds, two days ago, so that any sensor treats
            them as complete. It differs between deployments, so that no version of another one matches. In no
            time zone is it near the end of a day, and it is just after a full second.
        put_names: the names of the files that were put into the folder.
    """

    sensor: dg.SensorDefinition
    folder: Path
    instance: dg.DagsterInstance
    daemon: TickSimulator
    forget: Callable[[], None]
    elsewhere: OtherRegistrations
    changed: int
    put_names: set[str] = field(default_factory=set)

    def put(self, name: str, text: str = "a file\n", *, seconds: float = 0) -> None:
        """Write a file into the folder, and replace an earlier one.

        Args:
            name: the name of the file.
            text: its content.
            seconds: its modification time, in seconds after `changed`.
        """
        path = self.folder / name
        path.write_text(text)
        os.utime(path, ns=(self.changed, self.changed + round(seconds * _NANOSECONDS)))
        self.put_names.add(name)

    def restart(self) -> None:
        """Restart the process on another machine: only the cursor, keys, runs and the folder stay."""
        self.forget()
        get_function(self.sensor).__globals__.setdefault("hash", _hash_after_restart)
        process = self.folder.with_name(_PROCESS)
        for path in (*process.iterdir(), *process.parent.iterdir()):
            if path.name not in _KEPT:
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def set_cursor(self, cursor: str | None) -> None:
        """Restart the process, and let the next tick begin with this cursor."""
        self.restart()
        self.daemon.ticks[-1] = replace(self.daemon.ticks[-1], cursor_after=cursor)

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
        parts += [f"dropped, with known run keys: {_format_names(dropped)}"] if dropped else []
        return "; ".join(parts)


def _hash_after_restart(value: object) -> int:
    """Return another hash than before, except of numbers: Python adds a random number in each process."""
    values = value if isinstance(value, tuple) else (value,)
    return hash(value if all(isinstance(each, int | float) for each in values) else ("restarted", value))


def _came_from(error: BaseException, sensor: dg.SensorDefinition) -> bool:
    """Return whether an error was raised in the learner's function, or in code that it called."""
    code = get_function(sensor).__code__
    return any(frame.f_code is code for frame, _ in traceback.walk_tb(error.__traceback__))


@contextmanager
def _deploy(sensor: dg.SensorDefinition) -> Iterator[_Deployment]:
    """Deploy a sensor for one scenario, and restore the learner's objects afterwards."""
    with (
        tempfile.TemporaryDirectory() as root,
        _enter(Path(root, _PROCESS)),
        open_instance() as instance,
        watch_registrations(instance) as elsewhere,
        prepare_restart(get_function(sensor), sensor) as forget,
    ):
        folder = Path(root, _INBOX).resolve()
        folder.mkdir()
        today = time.time() // _DAY_SECONDS * _DAY_SECONDS
        changed = round(today) - 2 * _DAY_SECONDS + 44_400 + next(_started) % 600  # from 12:20 UTC on
        yield _Deployment(
            sensor=sensor,
            folder=folder,
            instance=instance,
            daemon=_start_daemon(sensor, folder, instance),
            forget=forget,
            elsewhere=elsewhere,
            changed=changed * _NANOSECONDS + 11_000_000,
        )


def _start_daemon(sensor: dg.SensorDefinition, folder: Path, instance: dg.DagsterInstance) -> TickSimulator:
    has_assets = any(target.assets_defs for target in sensor.targets)
    resources = {
        "source": SourceFolder(path=str(folder)),
        "database": Warehouse(database=str(folder.parent / "lesson.duckdb")),
    }
    return simulate(sensor, [] if has_assets else _CUSTOMERS, instance, resources=resources)


@contextmanager
def _enter(folder: Path) -> Iterator[None]:
    """Make a folder the working, home and temporary one of this process, since a sensor may write there."""
    folder.mkdir()
    own = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TMP", "TEMP"), str(folder))
    with patch.dict(os.environ, own), patch.object(tempfile, "tempdir", str(folder)), chdir(folder):
        yield


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
        raise NoAnswer("Pass your sensor to check, by the name of its function and without parentheses.")
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


def _format_cursor(cursor: str | None) -> str:
    """Format a cursor without its long numbers, such as times, which differ each time."""
    return make_plain(re.sub(r"\d{9,}", "…", cursor), max_length=_MAX_CURSOR_LENGTH) if cursor else "empty"


def _compare_runs(
    deployment: _Deployment, queued: Sequence[str], expected: Sequence[str], belief: str = "", aside: str = ""
) -> Miss | None:
    """Return the fault in the queued runs of a tick, if their keys are not the expected ones."""
    if sorted(queued) == sorted(expected):
        return None
    number = len(deployment.daemon.ticks)
    seen = f"tick {number}: {aside}{deployment.describe_tick()}"
    return Miss(belief, seen, expected=f"runs queued: {_format_names(expected)}")


def _find_moved_files(deployment: _Deployment) -> Miss | None:
    """Return the fault if files are no longer in the folder, or others are."""
    names = {path.name for path in deployment.folder.iterdir()}
    if gone := sorted(deployment.put_names - names):
        return Miss(
            seen=f"no longer in the folder: {_format_names(gone)}", expected="every file stays where it is"
        )
    if added := sorted(names - deployment.put_names):
        return Miss(
            seen=f"written into the folder: {_format_names(added)}",
            expected="only the files that arrived; everything to remember goes into the cursor",
        )
    return None


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
    return _find_moved_files(deployment)


@_scenario
def _nothing_new(deployment: _Deployment) -> Miss | None:
    """Three files arrive, and then nothing for four ticks."""
    names = ["ada", "grace", "edsger"]
    for name in names:
        deployment.put(f"{name}.csv")
    if miss := _compare_runs(deployment, deployment.tick(), names):
        return miss
    lengths = []
    for _ in range(4):
        cursor = deployment.daemon.cursor or ""
        lengths.append(len(cursor))
        # The cursor was enough once, and is shorter after a tick without new files.
        belief = "cursor-of-new-files-is-enough" if len(cursor) < lengths[0] else ""
        aside = f"the cursor before it is {_format_cursor(cursor)}; "
        if miss := _compare_runs(deployment, deployment.tick(), [], belief, aside):
            return miss
    return None


@_scenario
def _corrected(deployment: _Deployment) -> Miss | None:
    """A file is corrected: its size and its modification time change."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    queued = deployment.tick()
    if miss := _compare_runs(deployment, queued, ["grace"]):
        return Miss("" if queued else _explain_ignored(deployment), miss.seen, miss.expected)
    return _compare_runs(deployment, deployment.tick(), [])


def _explain_ignored(deployment: _Deployment) -> str:
    """Return the misconception behind a correction of grace.csv for which no run was queued."""
    # Whoever compares anything but the name finds this one.
    deployment.restart()
    deployment.put("grace.csv", "another file, and a longer one\n" * 100, seconds=_DAY_SECONDS * 1.1)
    if deployment.tick():
        return ""
    if dropped := deployment.daemon.ticks[-1].find_runs(RunOutcome.DROPPED):
        has_name = any("grace" in (run.run_key or "") for run in dropped)
        return "file-name-is-a-good-run-key" if has_name else ""
    deployment.put("barbara.csv")
    return "known-name-is-known-file" if deployment.tick() == ["barbara"] else ""


@_scenario
def _older_file(deployment: _Deployment) -> Miss | None:
    """A file arrives that was changed before one of those that are already there, but after the other."""
    deployment.put("ada.csv")
    deployment.put("grace.csv", seconds=-2 * _DAY_SECONDS)
    if miss := _compare_runs(deployment, deployment.tick(), ["ada", "grace"]):
        return miss
    deployment.put("edsger.csv", seconds=-_DAY_SECONDS)
    queued = deployment.tick()
    if not (miss := _compare_runs(deployment, queued, ["edsger"])):
        return None
    deployment.put("barbara.csv", seconds=60)
    is_about_time = not queued and deployment.tick() == ["barbara"]
    return Miss("new-files-are-newest" if is_about_time else "", miss.seen, miss.expected)


@_scenario
def _lookalikes(deployment: _Deployment) -> Miss | None:
    """Files arrive whose names look like those of two others, with the same size and modification time."""
    for keys in ([*LOOKALIKES], _LOOKALIKES):
        # On some disks, names that differ only in case are those of one file.
        arrived = [key for key in keys if not (deployment.folder / f"{key}.csv").exists()]
        for key in arrived:
            deployment.put(f"{key}.csv")
        if miss := _compare_runs(deployment, deployment.tick(), arrived):
            return miss
    return None


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
    """Only ada.csv is a data file. The others are hidden, unfinished, of another kind, or elsewhere."""
    for name in ("archive", "edsger.csv"):
        (deployment.folder / name).mkdir()
    for name in (".ada.csv", "grace.csv.part", "notes.txt", "ada.csv", "archive/ada of 2024.csv"):
        deployment.put(name)
    if os.name == "posix":  # on Windows, patterns ignore case, and links need a permission
        deployment.put("GRACE.CSV")
        (deployment.folder / "device.csv").symlink_to(os.devnull)
    queued = deployment.tick()
    belief = "everything-in-a-folder-is-data" if {*queued} - {"ada", "GRACE", "device"} else ""
    return _compare_runs(deployment, queued, ["ada"], belief)


@_scenario
def _bad_key(deployment: _Deployment) -> Miss | None:
    """Four files have names like 'a .csv', whose keys break the rules, and others arrive with them."""
    bad = ["a,b", "a..b", "a[b]", "a "]
    for name in ("ada", *bad, "grace"):
        deployment.put(f"{name}.csv")
    for arrived in (["ada", "grace"], [], ["edsger"], []):
        for name in arrived:
            deployment.put(f"{name}.csv")
        try:
            queued = deployment.tick()
        except Exception as error:
            if not any(isinstance(one, InvalidKey) for one in (error, error.__cause__, error.__context__)):
                raise
            return Miss(
                "one-bad-key-fails-alone",
                seen=f"tick {len(deployment.daemon.ticks)} failed. {_format_error(error)}",
                expected=f"no tick fails, and runs queued: {_format_names(arrived)}",
            )
        if accepted := [key for key in bad if key in (*queued, *deployment.list_keys())]:
            return Miss(
                "dagster-checks-keys" if accepted == bad else "",  # otherwise some of the rules are checked
                seen=f"registered or requested: {_format_names(accepted)}",
                expected="no key that breaks the rules",
            )
        is_stopped = not queued and len(deployment.daemon.ticks) == 1
        if miss := _compare_runs(
            deployment, queued, arrived, "one-bad-key-fails-alone" if is_stopped else ""
        ):
            return miss
    return _find_moved_files(deployment)


@_scenario
def _unusual_names(deployment: _Deployment) -> Miss | None:
    """Four files have unusual names and good keys: Ada.csv, O'Brien.csv, café.csv, a.csv.csv."""
    # Some disks and archives store the accent as a separate character.
    decomposed = unicodedata.normalize("NFD", "café")
    for name in ("Ada", "O'Brien", decomposed, "a.csv"):
        deployment.put(f"{name}.csv")
    queued = deployment.tick()
    aside = "'café' is not as checked_key returns it; " if decomposed in queued else ""
    return _compare_runs(deployment, queued, ["Ada", "O'Brien", "café", "a.csv"], aside=aside)


@_scenario
def _many_files(deployment: _Deployment) -> Miss | None:
    """There are 300 files, 100 with bad keys. Then one is corrected, and then 150, with 50 new ones."""
    keys = [f"customer {number:03}" for number in range(1, FILES_ON_FIRST_DAY + 1)]
    bad = [f"a,{number:03}" for number in range(1, MAX_RUNS_PER_TICK + 1)]  # their names sort first
    for key in (*bad, *keys):
        deployment.put(f"{key}.csv")
    if miss := _compare_all_runs(deployment, keys, "the cursor holds only those"):
        return miss
    deployment.put(f"{keys[-1]}.csv", "a corrected file\n", seconds=60)
    if miss := _compare_runs(deployment, deployment.tick(), keys[-1:]):
        return miss
    later = [*keys[:150], *(f"late customer {number:02}" for number in range(50))]
    for key in later:
        deployment.put(f"{key}.csv", "once more a corrected file\n", seconds=120)
    return _compare_all_runs(deployment, later)


def _compare_all_runs(deployment: _Deployment, keys: Sequence[str], aside: str = "") -> Miss | None:
    """Run ticks until nothing is requested, and return the fault in all of their runs."""
    queued: list[str] = []
    idle_ticks, first = 0, len(deployment.daemon.ticks)
    while idle_ticks < 2 and len(deployment.daemon.ticks) <= first + len(keys):  # noqa: PLR2004 - a sensor may pause for one tick
        new = deployment.tick()
        number, requested = len(deployment.daemon.ticks), len(deployment.daemon.ticks[-1].runs)
        if requested > MAX_RUNS_PER_TICK:
            return Miss(
                "one-tick-can-ask-for-all" if requested == len(keys) and _has_no_limit(deployment) else "",
                seen=f"tick {number} requested {format_count(requested, 'run')}",
                expected=f"{MAX_RUNS_PER_TICK} at the most, and the rest at the next ticks",
            )
        idle_ticks = 0 if new else idle_ticks + 1
        queued += new
    missing = [key for key in keys if key not in queued]
    repeated = sorted({key for key in queued if queued.count(key) > 1 or key not in keys})
    if not missing and not repeated:
        return None
    parts = [f"never requested: {_format_names(missing)}"] if missing else []
    parts += [f"requested again: {_format_names(repeated)}"] if repeated else []
    ticks = format_count(len(deployment.daemon.ticks) - first, "tick")
    goal = f"a run for each of the {len(keys)} good ones, once"
    return Miss(seen=f"after {ticks}, {'; '.join(parts)}", expected="; ".join(filter(None, [goal, aside])))


def _has_no_limit(deployment: _Deployment) -> bool:
    """Return whether the next tick requests 500 runs, which is beyond any limit that was only mistaken."""
    many = 500
    for number in range(many):
        deployment.put(f"another {number}.csv")
    return len(deployment.tick()) == many


@_scenario
def _restarted(deployment: _Deployment) -> Miss | None:
    """The sensor's process is restarted, and again on another machine. The cursor and the folder stay."""
    deployment.put("ada.csv")
    deployment.put("grace.csv")
    deployment.tick()
    cursor = f"and the cursor is {_format_cursor(deployment.daemon.cursor)}; "
    belief = "" if deployment.daemon.cursor else "variables-outlive-a-restart"
    for restart, shown, aside in (
        (deployment.forget, belief, "after the restart, variables are empty, "),
        (
            deployment.restart,
            "",
            "after the restart, only the folder is the same, hash() of a text is not, ",
        ),
    ):
        restart()
        if miss := _compare_runs(deployment, deployment.tick(), [], shown, aside + cursor):
            return miss
    if not deployment.daemon.cursor:  # it remembers in a place that this restart does not reset
        return Miss(
            seen="after three ticks and two restarts, there is no cursor",
            expected="a cursor that remembers what was requested",
        )
    deployment.restart()
    deployment.put("grace.csv", "a corrected file\n", seconds=60)
    return _compare_runs(deployment, deployment.tick(), ["grace"], aside="after the restart, ")


@_scenario
def _earlier_cursor(deployment: _Deployment) -> Miss | None:
    """Somebody sets the cursor back to an earlier one, and then resets it, so that all files are new."""
    for names in (["ada", "grace"], ["edsger"]):
        for name in names:
            deployment.put(f"{name}.csv")
        if miss := _compare_runs(deployment, deployment.tick(), names):
            return miss
    for cursor, names, aside in (
        (deployment.daemon.ticks[0].cursor_after, ["edsger"], "the cursor is that of tick 1 again"),
        (None, ["ada", "edsger", "grace"], "the cursor is empty"),
    ):
        deployment.set_cursor(cursor)
        deployment.tick()
        # The daemon may have dropped some of them, since their run keys are known.
        requested = [run.partition or "" for run in deployment.daemon.ticks[-1].runs]
        memory = "" if requested else ", and something else remembers the files"
        if miss := _compare_runs(deployment, requested, names, aside=f"{aside}{memory}; "):
            return miss
    return None


@_scenario
def _retired(deployment: _Deployment) -> Miss | None:
    """A key is retired by hand. Then its file and another one are corrected, and a new file arrives."""
    for name in ("ada.csv", "grace.csv"):
        deployment.put(name)
    deployment.tick()
    deployment.instance.delete_dynamic_partition(KEYS, "ada")
    if miss := _compare_runs(deployment, deployment.tick(), []):
        return miss
    if "ada" in (keys := deployment.list_keys()):
        return Miss(
            seen=f"ada.csv has not changed, and {KEYS} holds {_format_names(keys)}",
            expected=f"{KEYS} holds {_format_names(['grace'])}, until ada.csv is corrected",
        )
    for name in ("ada.csv", "edsger.csv", "grace.csv"):
        deployment.put(name, "a corrected file\n", seconds=60)
    for expected in (["ada", "edsger", "grace"], []):
        if miss := _compare_runs(deployment, deployment.tick(), expected):
            return miss
    return None


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
def _changed_often(deployment: _Deployment) -> Miss | None:
    """A long file changes several times: two of its lines, or its size, and back to what it was."""
    deployment.put("ada.csv", _LONG)
    deployment.put("grace.csv", _LONG)
    deployment.tick()
    for text, seconds, aside in (
        (_SWAPPED, -60, "two of its lines are swapped, and its time is an earlier one; "),
        (_LONG, 0, "ada.csv is again what it was at first; "),
        (_SWAPPED, 0.003, "two of its lines are swapped, and its time differs by 0.003 seconds; "),
        (_LONG + _LINES[0], 0.003, "only the size has changed; "),
        (_LONG, 0, "ada.csv is once more what it was at first; "),
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
    for expected in (["ada", "grace"], []):
        queued = deployment.tick()
        belief = "three-records-are-one" if expected and not queued else ""
        if miss := _compare_runs(deployment, queued, expected, belief):
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
    _registered_already,
    _vanished,
    _changed_often,
    _retired,
    _earlier_cursor,
    _lookalikes,
    _many_files,
)

EVIDENCE: dict[str, Evidence] = {
    "keys-live-in-the-definition": "The keys went to another instance.",
    "typo-raises-an-error": "The keys were meant for another set.",
    "run-request-brings-its-key": "A run was requested, no key was, and no set has any.",
    "cursor-of-new-files-is-enough": "After a tick without new files, the cursor is shorter.",
    "file-name-is-a-good-run-key": "The run was dropped, and the run key contains the file's name.",
    "known-name-is-known-file": "A file that changed in all but its name was ignored, and a new one was not.",
    "new-files-are-newest": "A newer file was requested after it, and an older one before it.",
    "key-ends-at-the-first-dot": "The key is the name up to its first dot.",
    "everything-in-a-folder-is-data": "Something was requested that is not a data file.",
    "one-bad-key-fails-alone": _nothing_new,
    "dagster-checks-keys": "All three keys that break the rules were accepted.",
    "variables-outlive-a-restart": _nothing_new,
    "one-tick-can-ask-for-all": "All files were requested at one tick.",
    "three-records-are-one": _nothing_new,
}
