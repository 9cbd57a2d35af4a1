"""Keep what Dagster would write to stderr during a run, for the run's board.

Dagster makes its console logger from `logging.getLoggerClass()`, so Python's own `logging.setLoggerClass`
decides where that logger's lines go. The event log and every other handler receive them as usual.
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

_MAX_RUNS = 200  # the latest ones
_MAX_LINES = 2_000  # of one run
_MAX_LINE_LENGTH = 2_000  # characters


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log."""

    level: str  # such as `INFO`
    step: str  # which for an asset is its name; empty for the run itself
    text: str  # without time and run id
    own: bool  # from outside Dagster, as by `context.log.info` in an asset


_DAGSTER = str(Path(dagster.__file__).parent)
_LOGGING = {__file__, logging.__file__, inspect.getfile(dagster.DagsterLogManager)}
_lines: OrderedDict[str, list[LogLine]] = OrderedDict()  # in the order in which the runs began
_materializations: dict[str, list[dagster.DagsterEvent]] = {}  # of the same runs, unless they succeeded


def get_log(run_id: str) -> list[LogLine]:
    """Return the log of a run; it is empty if the run was not observed, or many runs ago."""
    return list(_lines.get(run_id, ()))


def get_materializations(run_id: str) -> list[dagster.DagsterEvent]:
    """Return the materializations of a run that failed, with those that `context.log_event` recorded.

    The run's own result omits those.
    """
    return list(_materializations.get(run_id, ()))


def get_latest_run() -> str:
    """Return the id of the run that began last; empty if there is none."""
    return next(reversed(_lines), "")


@contextmanager
def keep_logs() -> Iterator[None]:
    """Keep the lines of all runs while the body runs; then let Dagster write to stderr again."""
    replaced = logging.getLoggerClass()
    logging.setLoggerClass(_make_logger_class(replaced))
    try:
        yield
    finally:
        logging.setLoggerClass(replaced)


def _make_logger_class(base: type[logging.Logger]) -> type[logging.Logger]:
    class PageLogger(base):  # type: ignore[misc, valid-type]  # known only when it runs
        """A logger that keeps what Dagster would write to stderr."""

        def callHandlers(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
            is_of_run = hasattr(record, "dagster_meta")
            # Only a logger that `logging.getLogger` does not know, as Dagster's console loggers are.
            if self.parent is not None or not (is_of_run or self.name == "dagster"):
                super().callHandlers(record)
                return
            for handler in self.handlers:
                if getattr(handler, "stream", None) is not sys.stderr:
                    if record.levelno >= handler.level:
                        handler.handle(record)
                elif is_of_run:
                    _keep_line(record)
                else:  # the evaluation of a sensor or a schedule has no run whose board could show the line
                    print(f"{record.levelname:<7} {record.getMessage()}")  # noqa: T201 - on the page, without time

    return PageLogger


def format_record(record: logging.LogRecord, text: str) -> str:
    """Append to a record's text the exception that was logged with it, if any."""
    error = record.exc_info and record.exc_info[1]
    return f"{text} ({type(error).__name__}: {error})" if error else text


def _keep_line(record: logging.LogRecord) -> None:
    meta = record.__dict__["dagster_meta"]
    run, event = meta.get("run_id") or "", meta.get("dagster_event")
    lines = _lines.setdefault(run, [])
    while len(_lines) > _MAX_RUNS:
        _materializations.pop(_lines.popitem(last=False)[0], None)
    if event is not None and event.is_step_materialization:
        _materializations.setdefault(run, []).append(event)
    elif event is not None and event.event_type is dagster.DagsterEventType.RUN_SUCCESS:
        _materializations.pop(run, None)
    if len(lines) < _MAX_LINES:
        message = meta.get("orig_message")
        text = format_record(record, record.getMessage() if message is None else str(message))
        own = event is None and not _find_caller().startswith(_DAGSTER)
        lines.append(LogLine(record.levelname, meta.get("step_key") or "", text[:_MAX_LINE_LENGTH], own))


def _find_caller() -> str:
    """Return the file of the function that called `context.log`; the record itself names Dagster's."""
    frame = inspect.currentframe()
    while frame and frame.f_code.co_filename in _LOGGING:
        frame = frame.f_back
    return frame.f_code.co_filename if frame else ""
