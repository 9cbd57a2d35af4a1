"""What Dagster would write to stderr during a run, kept for the run's board instead.

Dagster makes its console logger from `logging.getLoggerClass()`, so Python's own `logging.setLoggerClass`
decides what that logger does with its lines. The event log and every other handler receive them as ever.
"""

import inspect
import logging
import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import dagster

_MOST_RUNS = 200  # the latest ones
_MOST_LINES = 2_000  # of one run
_LONGEST = 2_000  # characters of one line


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log.

    Attributes:
        level: `DEBUG`, `INFO`, ...
        step: the step that wrote it, which for an asset is its name; empty for the run itself.
        text: the message, without time and run id.
        own: whether it comes from outside Dagster, as by `context.log.info` in an asset.
    """

    level: str
    step: str
    text: str
    own: bool


_DAGSTER = str(Path(dagster.__file__).parent)
_MACHINERY = {__file__, logging.__file__, inspect.getfile(dagster.DagsterLogManager)}
_keepers: list[type[logging.Logger]] = []  # the class of loggers that each one met
_lines: OrderedDict[str, list[LogLine]] = OrderedDict()  # that which began last, last


def lines_of(run_id: str) -> list[LogLine]:
    """Return the log of a run: empty if it ran while nothing was kept, or many runs ago."""
    return list(_lines.get(run_id, ()))


def latest_run() -> str:
    """Return the id of the run that began last; empty if none has."""
    return next(reversed(_lines), "")


@contextmanager
def kept() -> Iterator[None]:
    """Keep the lines of all runs while the body lasts; then let Dagster write to stderr, and forget them.

    Two bodies at once, as of two shells, keep together, and the last one to end lets go.
    """
    _keepers.append(logging.getLoggerClass())
    if len(_keepers) == 1:
        logging.setLoggerClass(_page_logger(_keepers[0]))
    try:
        yield
    finally:
        if len(_keepers) == 1:
            logging.setLoggerClass(_keepers[0])
            _lines.clear()
        _keepers.pop()


def _page_logger(base: type[logging.Logger]) -> type[logging.Logger]:
    class PageLogger(base):  # type: ignore[misc, valid-type]  # the class in force, whichever that is
        """A logger that keeps off the page what Dagster would write to stderr."""

        def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
            of_a_run = hasattr(record, "dagster_meta")
            # Only a logger that `logging.getLogger` does not know, as Dagster's console loggers are.
            if self.parent is not None or not (of_a_run or self.name == "dagster"):
                super().callHandlers(record)
                return
            for handler in self.handlers:
                if getattr(handler, "stream", None) is not sys.stderr:
                    if record.levelno >= handler.level:
                        handler.handle(record)
                elif of_a_run:
                    _keep_line(record)
                else:  # of a sensor or a schedule: its evaluation leaves no run to look it up in
                    print(f"{record.levelname:<7} {record.getMessage()}")  # noqa: T201 - on the page, and without time

    return PageLogger


def _keep_line(record: logging.LogRecord) -> None:
    meta = record.__dict__["dagster_meta"]
    lines = _lines.setdefault(meta.get("run_id") or "", [])
    while len(_lines) > _MOST_RUNS:
        _lines.popitem(last=False)
    if len(lines) < _MOST_LINES:
        text = meta.get("orig_message")
        text = record.getMessage() if text is None else str(text)
        if record.exc_info and record.exc_info[1]:
            text += f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})"
        own = meta.get("dagster_event") is None and not _caller().startswith(_DAGSTER)
        lines.append(LogLine(record.levelname, meta.get("step_key") or "", text[:_LONGEST], own))


def _caller() -> str:
    """Return the file of the function that called `context.log`; the record itself names Dagster's."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename in _MACHINERY:
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""
