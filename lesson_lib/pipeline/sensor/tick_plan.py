"""The plan of a sensor's tick: the runs to request, the keys to register, and the next cursor."""

import time

import dagster as dg

from ..event_log import Import, find_current_imports, find_keys_imported_from, find_loaded_imports
from ..folder_scan import DataFile, Scan, compute_short_hash
from ..jobs import import_dynamic_partition_job, retire_partition_job
from ..keys import InvalidKey, is_spelled_like_a_day, judge_keys, s3_partitions_def
from .cursor import Cursor
from .fingerprints import BudgetSpent, ReadingBudget
from .run_keys import build_import_run_keys, build_retirement_run_keys
from .settings import Settings
from .tick_message import TickOutcome, build_tick_message

# Of files that may be loaded already, and of keys without files. Dagster ends an evaluation after 60 seconds,
# and disks may be slow.
MAX_EXAMINED_PER_TICK = 5_000

_TWO_FILES = (
    "{0!r} has two files, whose names differ only in normalization; the one that is in NFC, or comes first, "
    "counts. Rename or remove the other."
)


class TickPlan:
    """The decisions that follow from one scan of the source."""

    def __init__(self, settings: Settings, instance: dg.DagsterInstance, there: Scan, before: Cursor) -> None:
        """Decide what this tick requests."""
        self._settings, self._instance, self._there, self._before = settings, instance, there, before
        self._now = time.time()
        self._registered = dict.fromkeys(
            s3_partitions_def.get_partition_keys(dynamic_partitions_store=instance)
        )
        self._causes = dict(there.unreadable)
        self._reported: dict[TickOutcome, list[str]] = {
            **{outcome: [] for outcome in TickOutcome},
            TickOutcome.UNREADABLE: sorted(there.unreadable),
            TickOutcome.NOT_UTF8: there.not_utf8,
            TickOutcome.NOT_CSV: there.not_csv,
            TickOutcome.OUTSIDE_CALENDAR: there.find_days_outside_calendar(),
            TickOutcome.REGISTERED_DAYS: [key for key in self._registered if is_spelled_like_a_day(key)],
        }
        self._versions: dict[str, str] = {}  # of the files to load, by key
        self.requests: list[dg.RunRequest] = []
        self.new_keys: list[str] = []  # to register
        self.invalid_keys: list[InvalidKey] = []  # the errors of keys that break the rules
        self.cursor = self._decide()
        self.message = build_tick_message(
            there.count_files(),
            self._reported,
            self._causes,
            requests_runs=bool(self.requests),
            is_bucket=there.is_bucket,
        )

    def _decide(self) -> Cursor:
        done = set(self._before.done)
        arrived = [
            file
            for file in self._there.files.values()
            if file.digest not in done or file.key not in self._registered
        ]
        valid = self._select_valid(self._select_settled(arrived))
        days = set(self._reported[TickOutcome.REGISTERED_DAYS])
        absent = [key for key in self._registered if key not in days and not self._there.has_file(key)]
        self._imports = find_current_imports(self._instance, [*absent, *(file.key for file in valid)])
        done |= self._request_loads(valid)
        vanished = self._select_vanished(absent)
        if not self._there.count_files():
            self._reported[TickOutcome.EMPTY] = vanished
            return self._before  # for when the folder is mounted again
        return Cursor(
            done=tuple(file.digest for file in self._there.files.values() if file.digest in done),
            # All young files, so that one which waits for another reason does not have to settle again.
            seen=tuple(file.digest for file in arrived if self._is_young(file) and file.digest not in done),
            retired=self._request_retirements(vanished),
        )

    def _is_young(self, file: DataFile) -> bool:
        return file.modified > self._now - self._settings.settle_seconds

    def _select_settled(self, arrived: list[DataFile]) -> list[DataFile]:
        """Return the files that are at rest: last written long ago, or unchanged since the last tick."""
        # If the sender's clock is fast, a file comes from the future and stays young.
        seen = {*self._before.seen, *self._before.done}
        waiting = {
            file.digest: file.key for file in arrived if self._is_young(file) and file.digest not in seen
        }
        self._reported[TickOutcome.WAITING] = list(waiting.values())
        return [file for file in arrived if file.digest not in waiting]

    def _select_valid(self, settled: list[DataFile]) -> list[DataFile]:
        """Return the files whose keys follow the rules; the others do not block the tick."""
        # If nothing has arrived, the registered keys need not be searched for lookalikes.
        judged = judge_keys(self._registered, [file.key for file in settled]) if settled else ()
        pairs = list(zip(settled, judged, strict=True))
        refused = [(double.key, InvalidKey(_TWO_FILES.format(double.key))) for double in self._there.doubles]
        refused += [(file.key, error) for file, error in pairs if isinstance(error, InvalidKey)]
        self._reported[TickOutcome.REFUSED] = [key for key, _ in refused]
        self.invalid_keys = [error for _, error in refused]
        return [file for file, key in pairs if not isinstance(key, InvalidKey)]

    def _request_loads(self, valid: list[DataFile]) -> set[str]:
        """Request runs for files that are not loaded; return the digests of files that are done."""
        first_time = [file for file in valid if file.key not in self._imports]
        again = [file for file in valid if file.key in self._imports]
        examined = again[:MAX_EXAMINED_PER_TICK]
        registered = [file.key for file in examined if file.key in self._registered]
        loaded = find_loaded_imports(self._instance, registered, self._imports)
        budget, before, done = ReadingBudget(self._there.open_file), set(self._before.done), set()
        # New customers come first, since comparing the files of the others takes longer.
        for file in [*first_time, *examined]:
            try:
                outcome = self._decide_file(file, loaded.get(file.key), budget)
            except FileNotFoundError:
                continue  # it disappeared after the scan; the next tick will see that
            except BudgetSpent:
                outcome = TickOutcome.LATER
            except OSError as error:
                outcome = TickOutcome.UNREADABLE
                self._causes[file.key] = error.strerror or str(error)
            self._reported[outcome].append(file.key)
            if outcome in (TickOutcome.REQUESTED, TickOutcome.LOADED):
                done.add(file.digest)
            if outcome is TickOutcome.REQUESTED and file.digest in before:
                self._reported[TickOutcome.REGISTERED_AGAIN].append(file.key)
        self._reported[TickOutcome.LATER] += [file.key for file in again[MAX_EXAMINED_PER_TICK:]]
        self.new_keys = [key for key in self._versions if key not in self._registered]
        run_keys = build_import_run_keys(self._instance, self._versions)
        self.requests += [
            dg.RunRequest(run_key=run_key, job_name=import_dynamic_partition_job.name, partition_key=key)
            for key, run_key in zip(self._versions, run_keys, strict=True)
        ]
        return done

    def _decide_file(self, file: DataFile, recorded: Import | None, budget: ReadingBudget) -> TickOutcome:
        is_full = len(self._versions) == self._settings.runs_a_tick
        if is_full and recorded is None:
            return TickOutcome.LATER
        content = budget.compute_fingerprint(file)
        if recorded and recorded.is_of(file, content):
            return TickOutcome.LOADED
        if is_full:
            return TickOutcome.LATER
        self._versions[file.key] = content[:16] if content else file.digest
        return TickOutcome.REQUESTED

    def _select_vanished(self, absent: list[str]) -> list[str]:
        """Return the absent keys that were imported from this place; report why the others are kept."""
        imported = [key for key in absent if key in self._imports]
        self._reported[TickOutcome.NEVER_IMPORTED] = [key for key in absent if key not in self._imports]
        # If there are too many to examine, each tick takes others.
        start = int(self._now) % max(len(imported), 1)
        examined = set([*imported[start:], *imported[:start]][:MAX_EXAMINED_PER_TICK])
        ours = find_keys_imported_from(self._instance, examined, self._imports, self._there.place)
        self._reported[TickOutcome.ELSEWHERE] = [
            key for key in imported if key in examined and key not in ours
        ]
        self._reported[TickOutcome.NOT_EXAMINED] = [key for key in imported if key not in examined]
        return [key for key in imported if key in ours]

    def _request_retirements(self, vanished: list[str]) -> tuple[str, ...]:
        """Request retirements if the settings do; return the digests of all keys requested so far."""
        if self._settings.vanished == "keep":
            self._reported[TickOutcome.KEPT] = vanished
            return ()
        self._reported[TickOutcome.RETIRING] = vanished
        before = set(self._before.retired)
        digests = {
            key: compute_short_hash(key.encode())
            for key in [*vanished, *self._reported[TickOutcome.NOT_EXAMINED]]
        }
        new = [key for key in vanished if digests[key] not in before]
        room = self._settings.runs_a_tick - len(self.requests)
        run_keys = build_retirement_run_keys(self._instance, retire_partition_job, new[:room])
        self.requests += [
            dg.RunRequest(
                run_key=run_key,
                job_name=retire_partition_job.name,
                run_config={"ops": {"retire_partition": {"config": {"key": key}}}},
            )
            for key, run_key in zip(new[:room], run_keys, strict=True)
        ]
        requested = {*vanished} - {*new[room:]}
        return tuple(digest for key, digest in digests.items() if key in requested or digest in before)
