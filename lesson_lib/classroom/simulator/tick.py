"""One tick: what a sensor requested, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from lesson_lib.classroom.display.displayable import Displayable


class RunOutcome(StrEnum):
    """The outcome of a run request."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    QUEUED = "queued"
    DROPPED = "dropped: this run key has had its run"


@dataclass(frozen=True)
class FolderChange:
    """The names in a folder at a tick, compared with the tick before."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestedKeys:
    """One request for keys, and its result.

    Attributes:
        action: `add` or `delete`.
        set_name: the set of keys.
        keys: the requested ones.
        done: those that were added or deleted; the others existed already, or did not exist.
        refused: whether the instance refused the request, which made the tick fail.
    """

    action: str
    set_name: str
    keys: tuple[str, ...]
    done: tuple[str, ...]
    refused: bool = False


@dataclass(frozen=True)
class RequestedRun:
    """One run request, and its outcome.

    Attributes:
        partition: its key, or the first and the last key of a range.
        run_key: the run key, if it has one.
        job: the job's name.
        became: the outcome.
        cause: what made the run fail; else empty.
    """

    partition: str | None
    run_key: str | None
    job: str
    became: RunOutcome
    cause: str = ""


@dataclass(frozen=True, repr=False)
class Tick(Displayable):
    """One evaluation of a sensor, and everything that followed from it.

    Attributes:
        number: from 1 on.
        files: the files of the folder that the simulator watches.
        cursor_before: the cursor that the sensor received.
        cursor_after: the cursor for the next tick.
        keys: the requests for keys, in their order.
        runs: the handled run requests, in their order.
        not_begun: the number of run requests that were not handled, since the tick failed.
        events: the number of asset events that were recorded without a run.
        skip_reason: why no run was requested.
        log: the lines that the sensor logged, each with its level.
        error: what made the tick fail, if it failed.
        resumed: whether the sensor was not evaluated, since the tick before could not begin these runs.
    """

    number: int
    files: FolderChange
    cursor_before: str | None
    cursor_after: str | None
    keys: tuple[RequestedKeys, ...] = ()
    runs: tuple[RequestedRun, ...] = ()
    not_begun: int = 0
    events: int = 0
    skip_reason: str = ""
    log: tuple[tuple[str, str], ...] = ()
    error: BaseException | None = None
    resumed: bool = False

    def find_runs(self, *outcomes: RunOutcome) -> list[RequestedRun]:
        """Return the runs with these outcomes."""
        return [run for run in self.runs if run.became in outcomes]

    def list_keys(self) -> list[str]:
        """Return the keys of all requests, in order."""
        return [key for request in self.keys for key in request.keys]
