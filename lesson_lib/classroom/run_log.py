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
_lines: OrderedDict[str, list[LogLine]] = OrderedDict()  # that which began last, last


def lines_of(run_id: str) -> list[LogLine]:
    """Return the log of a run: empty if it ran while nothing was kept, or many runs ago."""
    return list(_lines.get(run_id, ()))


def latest_run() -> str:
    """Return the id of the run that began last; empty if none has."""
    return next(reversed(_lines), "")


@contextmanager
def kept() -> Iterator[None]:
    """Keep the lines of all runs while the body lasts; then let Dagster write to stderr, and forget them."""
    before = logging.getLoggerClass()
    ours = _with_kept_lines(before)
    logging.setLoggerClass(ours)
    try:
        yield
    finally:
        if logging.getLoggerClass() is ours:  # else somebody else has put theirs in its place
            logging.setLoggerClass(before)
        _lines.clear()


def _with_kept_lines(base: type[logging.Logger]) -> type[logging.Logger]:
    class PageLogger(base):  # type: ignore[misc, valid-type]  # the class in force, whichever that is
        """A logger that keeps Dagster's lines instead of writing them to stderr."""

        def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
            # Only a logger that `logging.getLogger` does not know, as Dagster's console logger is one.
            if self.parent is not None or not hasattr(record, "dagster_meta"):
                super().callHandlers(record)
                return
            for handler in self.handlers:
                if getattr(handler, "stream", None) is sys.stderr:
                    _keep_line(record)
                elif record.levelno >= handler.level:
                    handler.handle(record)

    return PageLogger


def _keep_line(record: logging.LogRecord) -> None:
    meta = record.__dict__["dagster_meta"]
    run_id = meta.get("run_id") or ""
    kept = _lines.setdefault(run_id, [])
    while len(_lines) > _MOST_RUNS:
        _lines.popitem(last=False)
    if len(kept) < _MOST_LINES:
        text = str(meta.get("orig_message") or record.getMessage())
        own = meta.get("dagster_event") is None and not _caller().startswith(_DAGSTER)
        kept.append(LogLine(record.levelname, meta.get("step_key") or "", text, own))


def _caller() -> str:
    """Return the file of the function that called `context.log`; the record itself names Dagster's."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename in _MACHINERY:
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""
