"""The sensor for the irregular source: new and corrected files become keys and run requests.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import dagster as dg

from lesson_lib.pipeline.arrivals import Cursor, DataFile, Scan, fingerprint, scan, short_word
from lesson_lib.pipeline.imports import IMPORT, Import, after_latest_run, latest_ids, loaded_imports
from lesson_lib.pipeline.jobs import import_dynamic_partition_job, retire_partition_job
from lesson_lib.pipeline.partitions import InvalidKey, judged_keys, s3_partitions_def
from lesson_lib.pipeline.refusals import Refused
from lesson_lib.pipeline.source_files import SourceFolder

# What a tick examines and reads at most: Dagster ends an evaluation after 60 seconds, on slow disks, too.
EXAMINED_A_TICK = 5_000  # files that may be loaded already
READ_A_TICK = 2 << 30  # bytes
LARGEST_READ = 1 << 30  # bytes; of a larger file, size and times must tell the version

_NAMED = 10  # keys, in a sentence
_WARNINGS = 100  # a tick


class InvalidSetting(Refused, ValueError):
    """The sensor cannot be built with this setting."""


@dataclass(frozen=True)
class Settings:
    """How a sensor looks at its folder; `build_arrivals_sensor` explains them."""

    vanished: Literal["keep", "retire"]
    runs_a_tick: int
    settle_seconds: float

    def check(self) -> None:
        """Refuse what makes no sense.

        Raises:
            InvalidSetting: naming the setting, and what it may be.
        """
        if self.vanished not in ("keep", "retire"):
            raise InvalidSetting(
                f"vanished is {self.vanished!r}. Write vanished='keep' or vanished='retire'."
            )
        if not _is_whole(self.runs_a_tick) or self.runs_a_tick < 1:
            raise InvalidSetting(
                f"runs_a_tick is {self.runs_a_tick!r}. Give a whole number of 1 or more, such as 100."
            )
        if not isinstance(self.settle_seconds, int | float) or not 0 <= self.settle_seconds < math.inf:
            raise InvalidSetting(
                f"settle_seconds is {self.settle_seconds!r}. Give a number of seconds, such as 5.0; "
                "0 takes every file at once."
            )


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)


def build_arrivals_sensor(
    *,
    name: str = "arrivals_sensor",
    vanished: Literal["keep", "retire"] = "keep",
    runs_a_tick: int = 100,
    settle_seconds: float = 5.0,
    minimum_interval_seconds: int = 30,
) -> dg.SensorDefinition:
    """Return a sensor that asks for a run for each file that is new or corrected, and for its key.

    It needs the resource `source`, and its jobs need `database`, too.

    Args:
        name: of the sensor.
        vanished: what happens to a loaded key whose file is gone: it is kept and reported, or retired.
        runs_a_tick: how many runs a tick asks for at most; the rest is asked for at the next ones.
        settle_seconds: how long a file must have been left alone; a younger one waits for a later tick.
        minimum_interval_seconds: between two ticks.

    Raises:
        InvalidSetting: a setting is not one of those.
    """
    settings = Settings(vanished, runs_a_tick, settle_seconds)
    settings.check()
    if not _is_whole(minimum_interval_seconds) or minimum_interval_seconds < 1:
        raise InvalidSetting(
            f"minimum_interval_seconds is {minimum_interval_seconds!r}. "
            "Give a whole number of 1 or more, such as 30."
        )
    retiring = [retire_partition_job] if vanished == "retire" else []

    @dg.sensor(
        name=name,
        jobs=[import_dynamic_partition_job, *retiring],
        minimum_interval_seconds=minimum_interval_seconds,
        description="Load customers' files that are new or corrected.",
    )
    def sensor(context: dg.SensorEvaluationContext, source: SourceFolder) -> dg.SensorResult:
        return _evaluate(context, source, settings)

    return sensor


def _evaluate(
    context: dg.SensorEvaluationContext, source: SourceFolder, settings: Settings
) -> dg.SensorResult:
    try:
        there = scan(Path(source.path))
    except (OSError, ValueError) as error:
        return dg.SensorResult(
            skip_reason=f"The source folder {source.path!r} cannot be read: {error}. "
            "Mount or create it; what was asked for before is remembered."
        )
    tick = _Tick(settings, context.instance, there, _cursor(context))
    for refusal in tick.refusals[:_WARNINGS]:
        context.log.warning(str(refusal))
    message = tick.message()
    context.log.info(message)
    return dg.SensorResult(
        run_requests=tick.requests,
        dynamic_partitions_requests=[s3_partitions_def.build_add_request(tick.add)] if tick.add else [],
        cursor=tick.cursor.to_json(),
        skip_reason=None if tick.requests else message,
    )


def _cursor(context: dg.SensorEvaluationContext) -> Cursor:
    try:
        return Cursor.from_json(context.cursor) if context.cursor else Cursor()
    except ValueError as error:
        context.log.warning(
            "The cursor is not used: %s. "
            "Every file counts as new once more; what is loaded already is recognised by its content.",
            error,
        )
        return Cursor()


# What a tick tells, in this order: of a file that is new or corrected, and of one that is gone.
_OF_ARRIVALS = {
    "asked": "Runs asked for: {}.",
    "loaded": "Loaded already: {}.",
    "waiting": "Not settled yet: {}.",
    "later": "Left for the next ticks: {}.",
    "refused": "Keys that break the rules: {}.",
    "unreadable": "Keys whose files cannot be read: {}.",
}
_OF_VANISHED = {
    "kept": "Keys kept, though their files are gone: {}.",
    "retiring": "Keys to be retired, since their files are gone: {}.",
    "empty": "No data file is left; is the folder mounted? Keys kept: {}.",
}
_DOUBLE = (
    "{0!r} has two files, whose names differ only in normalisation; the one that is in NFC, or comes first, "
    "counts. Rename or remove the other."
)


class _Tick:
    """One look at the source folder: what is there, and what follows from it.

    Attributes:
        requests: the runs to ask for.
        add: the keys to register.
        refusals: of the keys that break the rules.
        cursor: what the next tick has to know.
    """

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, there: Scan, before: Cursor) -> None:
        """Look, and decide."""
        self._settings, self._instance, self._there, self._before = settings, instance, there, before
        self.requests: list[dg.RunRequest] = []
        self.add: list[str] = []
        self.refusals: list[InvalidKey] = []
        self._told: dict[str, list[str]] = {name: [] for name in _OF_ARRIVALS | _OF_VANISHED}
        self._told["unreadable"] += there.unreadable
        self._now = time.time()
        self._registered = dict.fromkeys(
            s3_partitions_def.get_partition_keys(dynamic_partitions_store=instance)
        )
        self.cursor = self._look()

    def _look(self) -> Cursor:
        done = set(self._before.done)
        arrived = [file for file in self._there.files.values() if file.word not in done]
        lawful = self._lawful(self._settled(arrived))
        absent = [key for key in self._registered if not self._there.has(key)]
        self._imports = latest_ids(self._instance, IMPORT, [*absent, *(file.key for file in lawful)])
        done |= self._load(lawful)
        return Cursor(
            done=tuple(file.word for file in self._there.files.values() if file.word in done),
            # All young ones: a file that waits for another reason, too, does not have to settle again.
            seen=tuple(file.word for file in arrived if self._is_young(file) and file.word not in done),
            retired=self._retire([key for key in absent if key in self._imports]),
        )

    def _is_young(self, file: DataFile) -> bool:
        return file.modified > self._now - self._settings.settle_seconds

    def _settled(self, arrived: list[DataFile]) -> list[DataFile]:
        """Return the files that nobody writes any more: left alone for long, or since the tick before.

        The second holds for all that a sender with a fast clock writes: its files come from the future.
        """
        seen = set(self._before.seen)
        settled = []
        for file in arrived:
            if self._is_young(file) and file.word not in seen:
                self._told["waiting"].append(file.key)
            else:
                settled.append(file)
        return settled

    def _lawful(self, settled: list[DataFile]) -> list[DataFile]:
        """Return the files whose keys follow the rules; the others hold up nobody."""
        for double in self._there.doubles:
            self._refuse(double.key, InvalidKey(_DOUBLE.format(double.key)))
        lawful = []
        # Nobody has to look at the registered keys for twins where nothing has arrived.
        judged = judged_keys(self._registered, [file.key for file in settled]) if settled else ()
        for file, key in zip(settled, judged, strict=True):
            if isinstance(key, InvalidKey):
                self._refuse(file.key, key)
            else:
                lawful.append(file)
        return lawful

    def _refuse(self, key: str, refusal: InvalidKey) -> None:
        self._told["refused"].append(key)
        self.refusals.append(refusal)

    def _load(self, arrived: list[DataFile]) -> set[str]:
        """Ask for the runs of what is not loaded already; return the words of what needs nothing more."""
        first_time = [file for file in arrived if file.key not in self._imports]
        again = [file for file in arrived if file.key in self._imports]
        examined = again[:EXAMINED_A_TICK]
        self._later(again[EXAMINED_A_TICK:])
        registered = [file.key for file in examined if file.key in self._registered]
        loaded = loaded_imports(self._instance, registered, self._imports)
        to_read = READ_A_TICK
        done = set()
        # New customers do not wait until all others are found to be loaded already.
        for file in [*first_time, *examined]:
            size = file.size if file.size <= LARGEST_READ else 0
            if size > to_read or (self._is_full() and file.key not in loaded):
                self._later([file])
                continue
            to_read -= size
            if self._read_and_ask(file, loaded.get(file.key)):
                done.add(file.word)
        return done

    def _read_and_ask(self, file: DataFile, recorded: Import | None) -> bool:
        """Ask for the file's run unless it is loaded already; tell whether it needs nothing more."""
        try:
            content = fingerprint(file) if file.size <= LARGEST_READ else None
        except FileNotFoundError:
            return False  # gone since the folder was looked at; the next tick will see that
        except OSError:
            self._told["unreadable"].append(file.key)
            return False
        if recorded and recorded.is_of(file, content):
            self._told["loaded"].append(file.key)
        elif self._is_full():
            self._later([file])
            return False
        else:
            self._ask(file, content[:16] if content else file.word)
        return True

    def _ask(self, file: DataFile, version: str) -> None:
        if file.key not in self._registered:
            self.add.append(file.key)
        after = after_latest_run(self._instance, key=file.key)
        self.requests.append(
            dg.RunRequest(
                run_key=f"{file.key}@{version}{after}",
                job_name=import_dynamic_partition_job.name,
                partition_key=file.key,
            )
        )
        self._told["asked"].append(file.key)

    def _retire(self, vanished: list[str]) -> tuple[str, ...]:
        """Ask to retire keys whose files are gone, if so set; return the words of all such requests."""
        if not self._there.files and not self._there.unreadable:
            self._told["empty"] = vanished
            return self._before.retired
        if self._settings.vanished == "keep":
            self._told["kept"] = vanished
            return ()
        self._told["retiring"] = vanished
        asked_before = set(self._before.retired)
        words = []
        for key in vanished:
            run_key = f"{key}@vanished after {self._imports[key]}"
            word = short_word(run_key.encode())
            if word not in asked_before:
                if self._is_full():
                    continue
                self.requests.append(_retirement(key, run_key))
            words.append(word)
        return tuple(words)

    def _is_full(self) -> bool:
        return len(self.requests) >= self._settings.runs_a_tick

    def _later(self, files: Iterable[DataFile]) -> None:
        self._told["later"] += [file.key for file in files]

    def message(self) -> str:
        """Say what this tick saw, and what it asked for."""
        there = len(self._there.files) + len(self._there.doubles) + len(self._there.unreadable)
        if any(self._told[name] for name in _OF_ARRIVALS):
            files = f"{there} files" if there != 1 else "1 file"
            head = f"{files}." if self.requests else f"{files}, and no run to ask for."
        else:
            head = f"No new or corrected file among {there}."
        sentences = _OF_ARRIVALS | _OF_VANISHED
        return " ".join(
            [head, *(sentences[name].format(_named(keys)) for name, keys in self._told.items() if keys)]
        )


def _retirement(key: str, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=run_key,
        job_name=retire_partition_job.name,
        run_config={"ops": {"retire_partition": {"config": {"key": key}}}},
    )


def _named(keys: Sequence[str]) -> str:
    more = f" and {len(keys) - _NAMED} more" if len(keys) > _NAMED else ""
    return ", ".join(map(repr, keys[:_NAMED])) + more


arrivals_sensor = build_arrivals_sensor()
