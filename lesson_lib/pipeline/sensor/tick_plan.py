"""The decisions of a sensor's tick: the runs to request, the keys to register, and the next cursor."""

import time

import dagster as dg

from ..event_log import Import, current_imports, keys_imported_from, loaded_imports
from ..jobs import import_dynamic_partition_job, retire_partition_job
from ..keys import (
    InvalidKey,
    is_spelled_like_a_day,
    judge_keys,
    s3_partitions_def,
)
from .arrivals import Cursor, DataFile, Scan, short_word
from .fingerprints import ReadEnough, Reading
from .run_keys import import_run_keys, retirement_run_keys
from .settings import Settings
from .tick_message import Fate, tick_message

# Files that may be loaded already, and keys without files, of each so many. Dagster ends an evaluation after
# 60 seconds, and disks may be slow.
EXAMINED_PER_TICK = 5_000

_DOUBLE = (
    "{0!r} has two files, whose names differ only in normalization; the one that is in NFC, or comes first, "
    "counts. Rename or remove the other."
)


class Tick:
    """The decisions that follow from one scan of the source folder.

    Attributes:
        requests: the runs to request.
        add: the keys to register.
        refusals: the errors of the keys that break the rules.
        cursor: what the next tick has to know.
        message: what this tick found, and what it requests.
    """

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, there: Scan, before: Cursor) -> None:
        """Decide what this tick requests."""
        self._settings, self._instance, self._there, self._before = settings, instance, there, before
        self._now = time.time()
        self._registered = dict.fromkeys(
            s3_partitions_def.get_partition_keys(dynamic_partitions_store=instance)
        )
        self._causes = dict(there.unreadable)
        self._reported: dict[Fate, list[str]] = {
            **{fate: [] for fate in Fate},
            Fate.UNREADABLE: sorted(there.unreadable),
            Fate.NOT_UTF8: there.not_utf8,
            Fate.NOT_CSV: there.not_csv,
            Fate.OUTSIDE_CALENDAR: there.days_outside_calendar(),
            Fate.REGISTERED_DAYS: [key for key in self._registered if is_spelled_like_a_day(key)],
        }
        self._versions: dict[str, str] = {}  # of the files to load, by key
        self.requests: list[dg.RunRequest] = []
        self.add: list[str] = []
        self.refusals: list[InvalidKey] = []
        self.cursor = self._decide()
        self.message = tick_message(
            there.count(), self._reported, self._causes, requests_runs=bool(self.requests)
        )

    def _decide(self) -> Cursor:
        done = set(self._before.done)
        arrived = [
            file
            for file in self._there.files.values()
            if file.word not in done or file.key not in self._registered
        ]
        valid = self._valid(self._settled(arrived))
        days = set(self._reported[Fate.REGISTERED_DAYS])
        absent = [key for key in self._registered if key not in days and not self._there.has(key)]
        self._imports = current_imports(self._instance, [*absent, *(file.key for file in valid)])
        done |= self._load(valid)
        vanished = self._vanished(absent)
        if not self._there.count():
            self._reported[Fate.EMPTY] = vanished
            return self._before  # the files are the same ones when the folder is mounted again
        return Cursor(
            done=tuple(file.word for file in self._there.files.values() if file.word in done),
            # All young files, so that one which also waits for another reason does not have to settle again.
            seen=tuple(file.word for file in arrived if self._is_young(file) and file.word not in done),
            retired=self._retire(vanished),
        )

    def _is_young(self, file: DataFile) -> bool:
        return file.modified > self._now - self._settings.settle_seconds

    def _settled(self, arrived: list[DataFile]) -> list[DataFile]:
        """Return the files that nobody is writing: last written long ago, or unchanged since the last tick.

        The second rule is for senders whose clocks are fast, since their files come from the future.
        """
        seen = {*self._before.seen, *self._before.done}
        settled = []
        for file in arrived:
            if self._is_young(file) and file.word not in seen:
                self._reported[Fate.WAITING].append(file.key)
            else:
                settled.append(file)
        return settled

    def _valid(self, settled: list[DataFile]) -> list[DataFile]:
        """Return the files whose keys follow the rules; the others do not block the tick."""
        for double in self._there.doubles:
            self._refuse(double.key, InvalidKey(_DOUBLE.format(double.key)))
        valid = []
        # If nothing has arrived, the registered keys need not be searched for lookalikes.
        judged = judge_keys(self._registered, [file.key for file in settled]) if settled else ()
        for file, key in zip(settled, judged, strict=True):
            if isinstance(key, InvalidKey):
                self._refuse(file.key, key)
            else:
                valid.append(file)
        return valid

    def _refuse(self, key: str, refusal: InvalidKey) -> None:
        self._reported[Fate.REFUSED].append(key)
        self.refusals.append(refusal)

    def _load(self, valid: list[DataFile]) -> set[str]:
        """Request runs for files that are not loaded; return the words of files that need nothing more."""
        first_time = [file for file in valid if file.key not in self._imports]
        again = [file for file in valid if file.key in self._imports]
        examined = again[:EXAMINED_PER_TICK]
        registered = [file.key for file in examined if file.key in self._registered]
        loaded = loaded_imports(self._instance, registered, self._imports)
        reading, before, done = Reading(), set(self._before.done), set()
        # New customers do not wait until the files of all others are compared.
        for file in [*first_time, *examined]:
            try:
                fate = self._fate(file, loaded.get(file.key), reading)
            except FileNotFoundError:
                continue  # it has gone since the scan; the next tick will see that
            except ReadEnough:
                fate = Fate.LATER
            except OSError as error:
                fate = Fate.UNREADABLE
                self._causes[file.key] = error.strerror or str(error)
            self._reported[fate].append(file.key)
            if fate in (Fate.REQUESTED, Fate.LOADED):
                done.add(file.word)
            if fate is Fate.REQUESTED and file.word in before:
                self._reported[Fate.REGISTERED_AGAIN].append(file.key)
        self._reported[Fate.LATER] += [file.key for file in again[EXAMINED_PER_TICK:]]
        self.add = [key for key in self._versions if key not in self._registered]
        run_keys = import_run_keys(self._instance, self._versions)
        self.requests += map(_import, self._versions, run_keys)
        return done

    def _fate(self, file: DataFile, recorded: Import | None, reading: Reading) -> Fate:
        is_full = len(self._versions) == self._settings.runs_a_tick
        if is_full and recorded is None:
            return Fate.LATER
        content = reading.fingerprint(file)
        if recorded and recorded.is_of(file, content):
            return Fate.LOADED
        if is_full:
            return Fate.LATER
        self._versions[file.key] = content[:16] if content else file.word
        return Fate.REQUESTED

    def _vanished(self, absent: list[str]) -> list[str]:
        """Return the absent keys whose files came from this folder; report why the others are kept."""
        imported = [key for key in absent if key in self._imports]
        self._reported[Fate.NEVER_IMPORTED] = [key for key in absent if key not in self._imports]
        examined = self._examined(imported)
        ours = keys_imported_from(self._instance, examined, self._imports, self._there.folder)
        self._reported[Fate.ELSEWHERE] = [key for key in imported if key in examined and key not in ours]
        self._reported[Fate.NOT_EXAMINED] = [key for key in imported if key not in examined]
        return [key for key in imported if key in ours]

    def _examined(self, imported: list[str]) -> set[str]:
        """Return the keys whose imports this tick looks up; where they are many, others at each tick."""
        start = int(self._now) % max(len(imported), 1)
        return set([*imported[start:], *imported[:start]][:EXAMINED_PER_TICK])

    def _retire(self, vanished: list[str]) -> tuple[str, ...]:
        """Request retirements if the setting says so; return the words of all keys requested so far."""
        if self._settings.vanished == "keep":
            self._reported[Fate.KEPT] = vanished
            return ()
        self._reported[Fate.RETIRING] = vanished
        before = set(self._before.retired)
        words = {key: short_word(key.encode()) for key in [*vanished, *self._reported[Fate.NOT_EXAMINED]]}
        new = [key for key in vanished if words[key] not in before]
        room = self._settings.runs_a_tick - len(self.requests)
        run_keys = retirement_run_keys(self._instance, retire_partition_job, new[:room])
        self.requests += map(_retirement, new, run_keys)
        requested = {*vanished} - {*new[room:]}
        return tuple(word for key, word in words.items() if key in requested or word in before)


def _import(key: str, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(run_key=run_key, job_name=import_dynamic_partition_job.name, partition_key=key)


def _retirement(key: str, run_key: str) -> dg.RunRequest:
    return dg.RunRequest(
        run_key=run_key,
        job_name=retire_partition_job.name,
        run_config={"ops": {"retire_partition": {"config": {"key": key}}}},
    )
