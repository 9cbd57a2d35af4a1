"""The learner's progress: a file in their own data folder, with a line of JSON for each event.

It contains no times, and it never leaves the machine. No problem with it stops the lesson: a kernel keeps the
events that it cannot write in memory.
"""

import itertools
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_data_path

from lesson_lib.classroom.exercises.outcome import Outcome

_VERSION = 2  # of a line; version 1 was one JSON document, after which the lines of version 2 may follow
_LOCK_TIMEOUT_SECONDS = 2.0  # while another kernel is writing
_MAX_BYTES = 1_000_000
_MAX_CHARACTERS = 200  # of an id or a guess
_MAX_PENDING_EVENTS = 10_000


@dataclass(frozen=True)
class Predicted:
    """The learner made a guess; repeating it does not count as another one."""

    exercise: str
    guess: str
    fact: str
    off: bool  # whether the guess differed from the fact


@dataclass(frozen=True)
class ExerciseProgress:
    """What the learner has done on one exercise."""

    attempts: int = 0  # how often an answer was checked, up to the first right one
    outcome: Outcome = Outcome.NOT_ATTEMPTED  # of the latest attempt, but once right, always right
    solution_seen: bool = False  # whether the learner looked at the solution before an answer was right
    hints: int = 0  # how many hints were given
    misconceptions: tuple[str, ...] = ()  # their ids, each once, in the order of their first appearance
    predictions: tuple[Predicted, ...] = ()  # each once, in the order they were made


@dataclass(frozen=True)
class Progress:
    """What the learner has done on all exercises, in all notebooks."""

    # By the exercise's id, in the order of their first events.
    exercises: Mapping[str, ExerciseProgress] = field(default_factory=dict)
    note: str = ""  # a sentence or two for the learner if there is a problem with the file

    def of(self, exercise: str) -> ExerciseProgress:
        """Return what was done on this exercise, which may be nothing."""
        return self.exercises.get(_cut(exercise), ExerciseProgress())


@dataclass(frozen=True)
class Attempted:
    """An answer was checked; `misconceptions` are the ids of those that it revealed."""

    exercise: str
    outcome: Outcome
    misconceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class HintGiven:
    """One more hint was given."""

    exercise: str


@dataclass(frozen=True)
class SolutionSeen:
    """The learner looked at the solution."""

    exercise: str


Event = Attempted | HintGiven | SolutionSeen | Predicted
_KINDS = {kind.__name__: kind for kind in (Attempted, HintGiven, SolutionSeen, Predicted)}
# Raised by a damaged line.
_DAMAGED = (AttributeError, LookupError, RecursionError, TypeError, ValueError)


class _UnusableFileError(Exception):
    """This version of the course cannot read the file; the message says why."""


_pending: dict[Path, deque[Event]] = {}  # by the file to which they could not be written yet


def progress_file() -> Path:
    """Return the path in LESSON_PROGRESS, or else of `progress.json` in the learner's data folder."""
    if chosen := os.environ.get("LESSON_PROGRESS"):
        return Path(os.path.expanduser(chosen))  # noqa: PTH111 - Path.expanduser raises for an unknown user
    return user_data_path("irregular-partitions", appauthor=False) / "progress.json"


def load() -> Progress:
    """Return what the learner has done, in this notebook and in every other.

    Damaged lines are skipped. A file without a single readable line, or from a newer version of the course,
    is renamed and never overwritten.
    """
    path = progress_file()
    if not _pending.get(path):
        with suppress(OSError, _UnusableFileError):
            return Progress(_read(path))
    return _synchronize(path)


def record(event: Event) -> Progress:
    """Append an event to the file, and return what the learner has done, including it.

    Ids and guesses are cut after 200 characters. Waits at most 2 seconds for another kernel that is writing.

    Raises:
        TypeError, ValueError: a value in the event has the wrong type.
    """
    return _synchronize(progress_file(), _normalize(event))


def reset() -> Progress:
    """Start again, and return what counts from now on: nothing, unless the note says otherwise.

    The old file is renamed, and the note says how.
    """
    path = progress_file()
    _pending.pop(path, None)
    with suppress(OSError, _UnusableFileError):
        if not _read(path):
            return Progress()
    try:
        with _open(path, _LOCK_TIMEOUT_SECONDS) as (file, exercises, note):
            if exercises:
                return Progress(
                    note=f"Your progress so far is kept as {_set_aside(file)}. A new file starts now."
                )
            return Progress(note=note)
    except (OSError, NotImplementedError) as error:
        exercises, reason = _read_without_lock(path, error)
        return Progress(exercises, f"Your progress stays as it was: {path} cannot be reset ({reason}).")


def _synchronize(path: Path, *events: Event) -> Progress:
    """Write these events and this kernel's pending ones, and return all progress."""
    pending = _pending.setdefault(path, deque(maxlen=_MAX_PENDING_EVENTS))
    # Another kernel that hangs would otherwise cost 2 seconds at every cell.
    timeout = 0 if pending else _LOCK_TIMEOUT_SECONDS
    pending.extend(events)
    note = ""
    try:
        with _open(path, timeout) as (file, exercises, note):
            for event in pending:
                _apply(event, exercises)
            if pending:
                _append(file, pending)
                pending.clear()
            return Progress(exercises, note)
    except (OSError, NotImplementedError) as error:
        exercises, reason = _read_without_lock(path, error)
        problem = f"Your progress cannot be read from {path} ({reason})."
        for event in pending:
            _apply(event, exercises)
            problem = (
                f"For now, your progress is kept in this kernel's memory and not in {path} ({reason}). "
                "It will be written there as soon as possible."
            )
        return Progress(exercises, f"{note} {problem}".strip())


@contextmanager
def _open(path: Path, timeout: float) -> Iterator[tuple[Path, dict[str, ExerciseProgress], str]]:
    """Keep other kernels from changing the file; the lock of a killed kernel is released immediately.

    Yields:
        The path of the file itself, what it says, and a note if it was unusable and is set aside.
    """
    file = Path(os.path.realpath(path))  # a symbolic link stays one, and the file behind it is renamed
    _require_regular(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(f"{file}.lock", timeout=timeout, poll_interval=0.01):
            exercises, note = {}, ""
            try:
                exercises = _read(file)
            except _UnusableFileError as error:
                aside = _set_aside(file)
                note = f"The file of your progress {error}. It is set aside as {aside}, and a new one begins."
            yield file, exercises, note
    except Timeout:
        raise OSError("another kernel is writing to it, and does not finish") from None


def _require_regular(path: Path) -> None:
    if path.exists() and not path.is_file():  # opening a pipe would wait forever
        raise OSError("it is not a file")


def _read(path: Path) -> dict[str, ExerciseProgress]:
    """Return what the file says; raise _UnusableFileError if a newer version wrote it, or it is damaged."""
    _require_regular(path)
    with suppress(FileNotFoundError), path.open("rb") as file:
        return _parse(file.read(_MAX_BYTES + 1))
    return {}


def _read_without_lock(path: Path, error: Exception) -> tuple[dict[str, ExerciseProgress], str]:
    """Return what the file says, if it can be read, and the reason why it could not be written."""
    reason = getattr(error, "strerror", None) or str(error)
    try:
        return _read(path), reason
    except _UnusableFileError as unusable:
        return {}, f"the file there {unusable} and cannot be set aside: {reason}"
    except OSError:
        return {}, reason


def _set_aside(file: Path) -> Path:
    """Rename the locked file, with the first number that is free, and return its new path."""
    numbered = (file.with_name(f"{file.stem}.{number}{file.suffix}") for number in itertools.count(1))
    file.open("r+b").close()  # renaming would ignore that a file is read-only
    return file.rename(next(path for path in numbered if not os.path.lexists(path)))


def _append(file: Path, events: Iterable[Event]) -> None:
    """Append events to the locked file, all of them or none."""
    lines = (
        json.dumps({"version": _VERSION, "event": type(event).__name__, **asdict(event)}) for event in events
    )
    text = "".join(f"{line}\n" for line in lines).encode()
    with file.open("a+b", buffering=0) as stream:
        size = stream.tell()
        stream.seek(max(0, size - 1))
        if stream.read() not in (b"", b"\n"):  # a kernel that was killed has left half a line
            text = b"\n" + text
        if size + len(text) > _MAX_BYTES:
            raise OSError("the file would grow beyond 1 MB; a reset makes room")
        try:
            while text:
                text = text[stream.write(text) :]
            os.fsync(stream.fileno())
        except OSError:
            stream.truncate(size)
            raise


def _parse(content: bytes) -> dict[str, ExerciseProgress]:
    """Return what the lines of a file say about each exercise; damaged lines are skipped."""
    text = content.decode("utf-8-sig", errors="replace").strip()
    end = 0
    with suppress(*_DAMAGED):  # the first value may have several lines
        end = json.JSONDecoder().raw_decode(text)[1]
    exercises: dict[str, ExerciseProgress] = {}
    is_readable = not text
    for line in (text[:end], *text[end:].split("\n")):
        with suppress(*_DAMAGED):
            fields = json.loads(line)
            if (version := fields.pop("version")) > _VERSION:
                raise _UnusableFileError("comes from a newer version of this course")
            if version == 1:
                exercises |= _parse_version_1(fields["exercises"])
            else:
                _apply(_normalize(_KINDS[fields.pop("event")](**fields)), exercises)
            is_readable = True
    if len(content) > _MAX_BYTES or not is_readable:
        raise _UnusableFileError("is damaged")
    return exercises


def _parse_version_1(exercises: dict[str, dict[str, Any]]) -> dict[str, ExerciseProgress]:
    return {
        exercise: ExerciseProgress(
            attempts=int(done["attempts"]),
            outcome=Outcome(done["outcome"]),
            solution_seen=bool(done["solution_seen"]),
            hints=int(done["hints"]),
            misconceptions=tuple(map(_cut, done["misconceptions"])),
            predictions=tuple(
                Predicted(exercise, _cut(made["guess"]), _cut(made["fact"]), bool(made["off"]))
                for made in done["predictions"]
            ),
        )
        for exercise, done in exercises.items()
    }


def _apply(event: Event, exercises: dict[str, ExerciseProgress]) -> None:
    """Add an event to what was done on its exercise."""
    done = exercises.get(event.exercise, ExerciseProgress())
    match event:
        case Attempted():
            done = replace(
                done,
                attempts=done.attempts + (done.outcome is not Outcome.RIGHT),
                outcome=Outcome.RIGHT if done.outcome is Outcome.RIGHT else event.outcome,
                misconceptions=tuple(dict.fromkeys((*done.misconceptions, *event.misconceptions))),
            )
        case HintGiven():
            done = replace(done, hints=done.hints + 1)
        case SolutionSeen():
            done = replace(done, solution_seen=done.solution_seen or done.outcome is not Outcome.RIGHT)
        case Predicted():
            done = replace(done, predictions=tuple(dict.fromkeys((*done.predictions, event))))
    exercises[event.exercise] = done


def _normalize(event: Event) -> Event:
    """Return the event with texts of limited length; raise TypeError or ValueError for a wrong type."""
    match event:
        case HintGiven(exercise) | SolutionSeen(exercise):
            return type(event)(_cut(exercise))
        case Predicted(exercise, guess, fact, bool(off)):
            return Predicted(_cut(exercise), _cut(guess), _cut(fact), off)
        case Attempted(exercise, outcome, list() | tuple() as misconceptions):
            return Attempted(_cut(exercise), Outcome(outcome), tuple(map(_cut, misconceptions)))
    raise ValueError(f"This event cannot be recorded: {event!r:.500}")


def _cut(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"An id or a guess must be text, and not {text!r:.200}")
    return text[:_MAX_CHARACTERS]
