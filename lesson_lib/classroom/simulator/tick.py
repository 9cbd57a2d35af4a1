"""One tick: what a sensor requested, and what became of it."""

from dataclasses import dataclass
from enum import StrEnum

from lesson_lib.classroom.display.displayable import Displayable


class RunOutcome(StrEnum):
    """The outcome of a run request."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    QUEUED = "queued"
    DROPPED = "dropped: this run key was used before"


@dataclass(frozen=True)
class FolderChange:
    """The names in a folder at a tick, compared with the tick before."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    same: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestedKeys:
    """One request for keys, and its result."""

    action: str  # `add` or `delete`
    set_name: str
    keys: tuple[str, ...]
    done: tuple[str, ...]  # added or deleted; the others existed already, or did not exist
    refused: bool = False  # by the instance, which made the tick fail


@dataclass(frozen=True)
class RequestedRun:
    """One run request, and its outcome."""

    partition: str | None  # the key, or the first and the last key of a range
    run_key: str | None
    job: str
    became: RunOutcome
    cause: str = ""  # of a failure


@dataclass(frozen=True, repr=False)
class Tick(Displayable):
    """One evaluation of a sensor, and everything that followed from it."""

    number: int  # from 1 on
    files: FolderChange  # in the folder that the simulator watches
    cursor_before: str | None
    cursor_after: str | None
    keys: tuple[RequestedKeys, ...] = ()
    runs: tuple[RequestedRun, ...] = ()  # the requests that were handled
    not_begun: int = 0  # run requests that were not handled, since the tick failed
    events: int = 0  # of assets, recorded without a run
    skip_reason: str = ""  # why no run was requested
    log: tuple[tuple[str, str], ...] = ()  # of the sensor: level and text
    error: BaseException | None = None
    resumed: bool = False  # not evaluated, since the tick before could not begin these runs

    def find_runs(self, *outcomes: RunOutcome) -> list[RequestedRun]:
        """Return the runs with these outcomes."""
        return [run for run in self.runs if run.became in outcomes]

    def list_keys(self) -> list[str]:
        """Return the keys of all requests, in order."""
        return [key for request in self.keys for key in request.keys]
