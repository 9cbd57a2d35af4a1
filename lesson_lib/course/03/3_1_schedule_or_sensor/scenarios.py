"""Exercise 3.1: what should start the runs of five sources, a schedule or a sensor."""

from dataclasses import dataclass

from lesson_lib.classroom.exercises.answers import read_one_for_each
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer


@dataclass(frozen=True)
class _Source:
    """A source at work.

    Attributes:
        right: `schedule` or `sensor`.
        reason: the words of its description that decide.
        wanted: what the right trigger does.
        otherwise: what the other trigger does.
        misconception: the id of the belief behind the other trigger, or an empty string.
    """

    right: str
    reason: str
    wanted: str
    otherwise: str
    misconception: str = ""


_SENSORS_FOR_ALL = "sensors-suit-every-source"
_MIN_SENSORS = 4  # of five; fewer do not show the belief that sensors suit every source
_SOURCES = {
    "exchange": _Source(
        right="schedule",
        reason="A day without its file must show as a failed run",
        wanted="a run for each day at six, which fails if its file is missing",
        otherwise="for such a day a sensor requests no run, so no run fails",
        misconception=_SENSORS_FOR_ALL,
    ),
    "customers": _Source(
        right="sensor",
        reason="new customers do so unannounced",
        wanted="a new key for each new customer, and a run for each file",
        otherwise="no calendar names them, so Dagster has no keys to build a schedule from",
        misconception="dynamic-job-can-have-a-schedule",
    ),
    "report": _Source(
        right="schedule",
        reason="every Monday at six in the morning",
        wanted="a run every Monday at six",
        otherwise="nothing arrives then that a sensor could see",
        misconception=_SENSORS_FOR_ALL,
    ),
    "invoices": _Source(
        right="sensor",
        reason="no run may start without one",
        wanted="a run for each invoice, and none without one",
        otherwise="a schedule requests one every time, with or without an invoice",
        misconception="frequent-schedule-is-a-sensor",
    ),
    "export": _Source(
        right="sensor",
        reason="corrected without notice, and each correction must be loaded soon, and only once",
        wanted="a run for the export, and one for each correction",
        otherwise="a schedule requests a run every time, with or without a correction",
    ),
}
_EXAMPLE = '{"exchange": "sensor", "customers": "sensor", ...} with a word for each of the five sources'


def _read_trigger(answer: object) -> str:
    """Read `schedule` or `sensor`, also as `a sensor`, `Schedules` or `@dg.schedule`."""
    [*found] = [
        word for word, start in (("schedule", "sched"), ("sensor", "sens")) if start in str(answer).lower()
    ]
    if len(found) != 1:
        raise NoAnswer(f'For each source the answer is "schedule" or "sensor", and not {answer!r}.')
    return found[0]


def _what_starts_each(answer: object) -> Miss | None:
    """What starts the runs of each source."""
    given = read_one_for_each(answer, _SOURCES, _EXAMPLE)
    triggers = dict(zip(_SOURCES, map(_read_trigger, given), strict=True))
    for name, source in _SOURCES.items():
        if triggers[name] != source.right:
            belief = source.misconception
            if belief == _SENSORS_FOR_ALL and list(triggers.values()).count("sensor") < _MIN_SENSORS:
                belief = ""
            seen = f'{name}, "{source.reason}": {source.otherwise}'
            return Miss(belief, seen, expected=source.wanted)
    return None


SCENARIOS = (_what_starts_each,)
