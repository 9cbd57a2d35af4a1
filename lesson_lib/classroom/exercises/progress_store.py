"""What the learner has done: a small file in their own data folder, which never leaves the machine.

It holds no times. Whatever happens to it, the lesson goes on: what cannot be written is held in this kernel.
"""

import itertools
import json
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from platformdirs import user_data_path


class Outcome(StrEnum):
    """How an answer stands."""

    NOT_ATTEMPTED = "not attempted"
    NOT_YET = "not yet"
    RAISED = "your code raised"
    RIGHT = "right"


_VERSION = 1
_PATIENCE = 2.0  # seconds that a lesson waits for another kernel to finish writing
_MOST_BYTES = 1_000_000
_MOST_CHARACTERS = 200  # of an id, or of a guess
_MOST_COUNTED = 1_000_000
_MOST_MISCONCEPTIONS = 50  # of one exercise
_MOST_PREDICTIONS = 20  # of one exercise
_MOST_HELD = 10_000  # events


@dataclass(frozen=True)
class Prediction:
    """A guess that the learner committed to, what was so instead or as well, and whether it was off."""

    guess: str
    fact: str
    off: bool


@dataclass(frozen=True)
class ExerciseProgress:
    """What the learner has done on one exercise.

    Attributes:
        attempts: how often an answer was checked, also after a right one.
        outcome: of the latest attempt, but once right, always right.
        solution_seen: whether the solution was looked at before an answer was right.
        hints: how many hints were given.
        misconceptions: the ids of those met, each once, in the order they were met; 50 at most.
        predictions: the guesses, each once, in the order they were made; the first 20.

    Raises:
        ValueError: a value is not of its type, or is beyond what the file keeps.
    """

    attempts: int = 0
    outcome: Outcome = Outcome.NOT_ATTEMPTED
    solution_seen: bool = False
    hints: int = 0
    misconceptions: tuple[str, ...] = ()
    predictions: tuple[Prediction, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what the file could not give back."""
        texts = [
            *self.misconceptions,
            *(text for made in self.predictions for text in (made.guess, made.fact)),
        ]
        if not (
            all(type(count) is int and 0 <= count <= _MOST_COUNTED for count in (self.attempts, self.hints))
            and isinstance(self.outcome, Outcome)
            and all(type(yes) is bool for yes in (self.solution_seen, *(p.off for p in self.predictions)))
            and all(isinstance(text, str) and len(text) <= _MOST_CHARACTERS for text in texts)
            and len(self.misconceptions) <= _MOST_MISCONCEPTIONS
            and len(self.predictions) <= _MOST_PREDICTIONS
        ):
            raise ValueError(f"This is no progress that can be kept: {self!r:.500}")


@dataclass(frozen=True)
class Progress:
    """What the learner has done on all exercises, in all notebooks.

    Attributes:
        exercises: by the exercise's id, in the order they were met.
        note: a sentence or two for the learner, if the file is not as it should be; else empty. That a file
            was set aside is told once, that progress is held in memory as long as it is.
    """

    exercises: Mapping[str, ExerciseProgress] = field(default_factory=dict)
    note: str = ""

    def of(self, exercise: str) -> ExerciseProgress:
        """Return what was done on this exercise, which may be nothing."""
        return self.exercises.get(_cut(exercise), ExerciseProgress())


@dataclass(frozen=True)
class Attempted:
    """An answer was checked; `misconceptions` are the ids of those that it showed."""

    exercise: str
    outcome: Outcome
    misconceptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class HintGiven:
    """One more hint was given."""

    exercise: str


@dataclass(frozen=True)
class SolutionSeen:
    """The solution was looked at."""

    exercise: str


@dataclass(frozen=True)
class Predicted:
    """The learner made a guess, and it was off or not; the same guess again is no other."""

    exercise: str
    guess: str
    fact: str
    off: bool


Event = Attempted | HintGiven | SolutionSeen | Predicted


class _Unusable(Exception):
    """The file's content is not for this version of the course."""


_held: dict[Path, deque[Event]] = {}  # by the file that they could not be written to


def progress_file() -> Path:
    """Return the path of the file: what LESSON_PROGRESS says, or else `progress.json` in the data folder."""
    if chosen := os.environ.get("LESSON_PROGRESS"):
        return Path(os.path.expanduser(chosen))  # noqa: PTH111 - Path.expanduser raises for a user there is not
    return user_data_path("irregular-partitions", appauthor=False) / "progress.json"


def load() -> Progress:
    """Return what the learner has done, in this notebook and in every other.

    A file that is damaged, or from a newer version of the course, is renamed and never overwritten.
    """
    path = progress_file()
    if not _held.get(path):
        with suppress(OSError, _Unusable):
            return Progress(_read(path))
    return _settled(path, _patience(path))


def record(event: Event) -> Progress:
    """Keep what happened, and return what the learner has done, with that.

    Ids and guesses are cut after 200 characters. Waits 2 seconds at most for another kernel that is writing.

    Raises:
        TypeError, ValueError: the event holds what is not of its type.
    """
    _after({}, [event])  # first, since an event that cannot be kept would stand in the way of all later ones
    path = progress_file()
    patience = _patience(path)
    _held.setdefault(path, deque(maxlen=_MOST_HELD)).append(event)
    return _settled(path, patience)


def reset() -> Progress:
    """Begin anew, and return what counts from now on: nothing, unless the note says otherwise.

    The old file is renamed, and the note says how.
    """
    path = progress_file()
    _held.pop(path, None)
    with suppress(OSError, _Unusable):
        if not _read(path):
            return Progress()
    try:
        with _locked(path, _PATIENCE) as file:
            exercises, note = _read_or_set_aside(file)
            if exercises:
                _require_writable(file)
                note = f"Your progress so far is kept as {_set_aside(file)}, and a new file begins."
            return Progress(note=note)
    except (OSError, NotImplementedError) as error:
        exercises, reason = _read_anyway(path, _reason(error))
        return Progress(exercises, f"Your progress stays as it was: {path} cannot be reset ({reason}).")


def _patience(path: Path) -> float:
    # A kernel that hangs would otherwise cost 2 seconds at every cell.
    return 0 if _held.get(path) else _PATIENCE


def _settled(path: Path, patience: float) -> Progress:
    """Write what this kernel holds, and return all that there is."""
    held = _held.get(path, deque())
    note = ""
    try:
        with _locked(path, patience) as file:
            exercises, note = _read_or_set_aside(file)
            events = list(held)
            if events:
                exercises = _after(exercises, events)
                _write(file, exercises)
                for _ in events:
                    held.popleft()
            return Progress(exercises, note)
    except (OSError, NotImplementedError) as error:
        exercises, reason = _read_anyway(path, _reason(error))
        trouble = _trouble(path, reason, is_held=bool(held))
        return Progress(_after(exercises, list(held)), f"{note} {trouble}".strip())


def _trouble(path: Path, reason: str, *, is_held: bool) -> str:
    if not is_held:
        return f"Your progress cannot be read from {path} ({reason})."
    return (
        f"Your progress is held in this kernel's memory for now, and not in {path} ({reason}). "
        "It is written there as soon as that is possible."
    )


def _reason(error: OSError | NotImplementedError) -> str:
    if isinstance(error, Timeout):
        return "another kernel is writing to it, and does not finish"
    return getattr(error, "strerror", None) or str(error)


@contextmanager
def _locked(path: Path, patience: float) -> Iterator[Path]:
    """Let no other kernel change the file while the body lasts; that of a killed kernel is free at once."""
    file = Path(os.path.realpath(path))  # a symbolic link stays one, and the file behind it is replaced
    _require_plain(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{file}.lock", timeout=patience, poll_interval=0.01):
        yield file


def _require_plain(path: Path) -> None:
    if path.exists() and not path.is_file():  # to open a pipe would wait for ever
        raise OSError("it is not a file")


def _read(path: Path) -> dict[str, ExerciseProgress]:
    _require_plain(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return {}
    return _decoded(content)


def _read_or_set_aside(file: Path) -> tuple[dict[str, ExerciseProgress], str]:
    """Return what the locked file says; if that is unusable nothing, and a note of where the file is now."""
    try:
        return _read(file), ""
    except _Unusable as unusable:
        aside = _set_aside(file)
        return {}, f"The file of your progress {unusable}. It is set aside as {aside}, and a new one begins."


def _set_aside(file: Path) -> Path:
    """Give the locked file the first number that is free, and return its new path."""
    numbered = (file.with_name(f"{file.stem}.{number}{file.suffix}") for number in itertools.count(1))
    aside = next(path for path in numbered if not os.path.lexists(path))
    return file.rename(aside)


def _read_anyway(path: Path, reason: str) -> tuple[dict[str, ExerciseProgress], str]:
    """Return what the file says if it can be read without a lock, and why it could not be written."""
    try:
        return _read(path), reason
    except _Unusable as unusable:
        return {}, f"the file there {unusable} and cannot be set aside: {reason}"
    except OSError:
        return {}, reason


def _write(file: Path, exercises: Mapping[str, ExerciseProgress]) -> None:
    """Replace the locked file: whoever reads it finds all of the old content or all of the new."""
    content = _encoded(exercises)
    if len(content) > _MOST_BYTES:
        raise OSError("the file would grow beyond 1 MB; a reset makes room")
    if file.exists():
        _require_writable(file)
    new = file.with_name(f"{file.name}.new")
    try:
        new.unlink(missing_ok=True)  # from a kernel that was killed
        with new.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(file)
    except OSError:
        with suppress(OSError):
            new.unlink()
        raise


def _require_writable(file: Path) -> None:
    file.open("r+b").close()  # replacing or renaming would disregard that a file is read-only


def _encoded(exercises: Mapping[str, ExerciseProgress]) -> bytes:
    kept = {exercise: asdict(done) for exercise, done in exercises.items()}
    return json.dumps({"version": _VERSION, "exercises": kept}, indent=1).encode()


def _decoded(content: bytes) -> dict[str, ExerciseProgress]:
    """Return what the content says.

    Raises:
        _Unusable: it is from a newer version, or not exactly what this version writes.
    """
    try:
        saved = json.loads(content)
        if type(saved["version"]) is int and saved["version"] > _VERSION:
            raise _Unusable("comes from a newer version of this course")
        exercises = {exercise: _exercise(**kept) for exercise, kept in saved["exercises"].items()}
        _require_same(exercises, saved)
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise _Unusable("is damaged") from error
    return exercises


def _require_same(exercises: Mapping[str, ExerciseProgress], saved: object) -> None:
    # What would not be written again as it is would be lost with the next record.
    if json.loads(_encoded(exercises)) != saved or any(_cut(exercise) != exercise for exercise in exercises):
        raise ValueError("something is missing, or there is more than this version knows")


def _exercise(
    outcome: str,
    misconceptions: list[str],
    predictions: list[Any],
    **rest: Any,  # noqa: ANN401 - whatever the file says
) -> ExerciseProgress:
    guesses = tuple(Prediction(**prediction) for prediction in predictions)
    return ExerciseProgress(
        outcome=Outcome(outcome), misconceptions=tuple(misconceptions), predictions=guesses, **rest
    )


def _after(exercises: Mapping[str, ExerciseProgress], events: Iterable[Event]) -> dict[str, ExerciseProgress]:
    """Return what is done once these events have happened as well."""
    result = dict(exercises)
    for event in events:
        exercise = _cut(event.exercise)
        result[exercise] = _one_more(result.get(exercise, ExerciseProgress()), event)
    return result


def _one_more(done: ExerciseProgress, event: Event) -> ExerciseProgress:
    match event:
        case Attempted():
            met = dict.fromkeys((*done.misconceptions, *map(_cut, event.misconceptions)))
            return replace(
                done,
                attempts=min(done.attempts + 1, _MOST_COUNTED),
                outcome=Outcome.RIGHT if done.outcome is Outcome.RIGHT else event.outcome,
                misconceptions=tuple(met)[:_MOST_MISCONCEPTIONS],
            )
        case HintGiven():
            return replace(done, hints=min(done.hints + 1, _MOST_COUNTED))
        case SolutionSeen():
            return replace(done, solution_seen=done.solution_seen or done.outcome is not Outcome.RIGHT)
        case Predicted():
            made = dict.fromkeys(
                (*done.predictions, Prediction(_cut(event.guess), _cut(event.fact), event.off))
            )
            return replace(done, predictions=tuple(made)[:_MOST_PREDICTIONS])  # later ones are hindsight


def _cut(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"An id or a guess is a text, and not {text!r:.200}")
    return text[:_MOST_CHARACTERS]
