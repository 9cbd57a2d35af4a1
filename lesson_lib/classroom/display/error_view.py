"""An error: its cause in plain words, the next move, and Dagster's traceback one click away."""

import linecache
import re
import traceback
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import dagster as dg

from lesson_lib.classroom.display.board import Board, Facts, Fold
from lesson_lib.classroom.display.error_rules import Rule
from lesson_lib.classroom.display.explanations import LIBRARIES, chain, explained, held_by_libraries
from lesson_lib.classroom.display.run_view import describe_failed_checks, describe_partition
from lesson_lib.classroom.display.safe_text import LONGEST_NAME, Bounded, plain, shorten_stable, shortened
from lesson_lib.classroom.installed import is_installed
from lesson_lib.unstable_text import stable

# It runs a learner's cell, and has no part in what fails there.
_CELL_MAGIC = "lesson_lib/classroom/lab/changes.py"
_NOTEBOOK = {"IPython", "ipykernel"}
_CELL = re.compile(r"[\\/]ipykernel_\d+[\\/]-?\d+\.py$|^<ipython-input-")

_LONGEST_SOURCE = 120  # characters
_LONGEST_LINE = 300  # characters of a line of the traceback
_FIRST_LINES, _LAST_LINES = 60, 120  # lines of a long traceback


def error_board(error: BaseException) -> Board | None:
    """Describe an error: why it came up, what to do, where the course explains it, and the traceback.

    Returns:
        None where there is nothing to add: no library of this course had a part in it, or it is an interrupt.
    """
    if not isinstance(error, Exception):
        return None
    rule = explained(error)
    # A learner's own line may fail for what a library made, and no library be on the way.
    if rule is None and not _passed_a_library(error):
        return None
    title, facts = _told(error, rule)
    told = Facts([(name, text) for name, text in facts if text])
    return Board(title, [told, Fold("The full traceback", _traceback(error))])


def told_of(error: BaseException) -> list[tuple[str, str]]:
    """Return what to say of an error that is not itself shown: what was raised, why, what next, where."""
    told = traceback.TracebackException(type(error), error, None)
    told.__notes__ = None  # they would stand after what was raised, and take its place as the last line
    raised = list(told.format_exception_only())[-1].strip().removeprefix(f"{type(error).__module__}.")
    try:
        more = _told(error, explained(error))[1]
    except Exception:  # noqa: BLE001 - an error that cannot even be described is still to be told
        more = []
    return [(name, text) for name, text in (("Raised", stable(raised.partition("\n")[0])), *more) if text]


def _told(error: BaseException, rule: Rule | None) -> tuple[str, list[tuple[str, str]]]:
    """Return the title and what is to be said, some of which may be empty."""
    if rule and not rule.cause:
        return "Where to read on", [("Read", rule.section)]
    where = _where(error)
    if rule:
        facts = [
            ("Found", _found(error)),
            ("Why", rule.cause),
            ("Next", rule.next_move),
            ("Where", where),
            ("Read", rule.section),
        ]
        return "Why it failed, and what to do", facts
    title = "Where it failed" if where else "lesson_lib has no explanation for this error"
    return title, [("Where", where)]


def _found(error: BaseException) -> str:
    """Return what the checks found that stopped a run, and for which partition; empty for another error."""
    stopped = (link for link in chain(error) if isinstance(link, dg.DagsterError) and _is_of_a_check(link))
    held = [value for link in stopped for value in held_by_libraries(link)]
    checks = [check for value in held for check in (value if isinstance(value, list) else [value])]
    # A check may be at hand under several names.
    failed = {id(check): check for check in checks if isinstance(check, dg.AssetCheckEvaluation)}
    found = describe_failed_checks(failed.values())
    tags = next((value.tags for value in held if isinstance(value, dg.DagsterRun)), {})
    partition = plain(describe_partition(tags), LONGEST_NAME)
    return Bounded(f"{partition}: {found}") if found and partition else found


def _is_of_a_check(error: BaseException) -> bool:
    return type(error).__name__ == "DagsterAssetCheckFailedError"  # it has no public name


def _passed_a_library(error: BaseException) -> bool:
    return any(
        type(link).__module__.partition(".")[0] in LIBRARIES
        or any(_is_library(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(link.__traceback__))
        for link in chain(error)
    )


def _is_library(filename: str) -> bool:
    return _package(filename) in LIBRARIES and _short(filename) != _CELL_MAGIC


def _where(error: BaseException) -> str:
    """Return the last of the learner's own lines that the error passed through, and the step of the run.

    A line that is all of its cell is left out.
    """
    step = next(filter(None, map(_step, chain(error))), "")
    own = next(filter(None, map(_own_line, chain(error))), None)
    if own is None or _is_whole_cell(own):
        return step
    function = "" if own.name.startswith("<") else f"{plain(own.name, LONGEST_NAME)}, "
    file = (
        f"{'its' if function else 'the'} cell"
        if _CELL.search(own.filename)
        else plain(Path(own.filename).name, LONGEST_NAME)
    )
    for_step = f", for {plain(step, LONGEST_NAME)}" if step not in ("", own.name) else ""
    source = plain(shorten_stable(own.line or "", _LONGEST_SOURCE))
    return Bounded(f"{function}line {own.lineno} of {file}{for_step}: {source}".removesuffix(": "))


def _is_whole_cell(frame: traceback.FrameSummary) -> bool:
    """Tell whether the line is all there is in a cell, so that nobody need be told which one it is."""
    lines = filter(str.strip, linecache.getlines(frame.filename))
    return frame.name == "<module>" and len(list(lines)) == 1


def _step(error: BaseException) -> str:
    # Not each error of Dagster's that wraps a learner's own says its step.
    return str(getattr(error, "step_key", "")) if isinstance(error, dg.DagsterUserCodeExecutionError) else ""


def _own_line(error: BaseException) -> traceback.FrameSummary | None:
    frames = traceback.extract_tb(error.__traceback__)
    return next((frame for frame in reversed(frames) if _is_own(frame.filename)), None)


def _is_own(filename: str) -> bool:
    if _CELL.search(filename):
        return True
    return not (filename.startswith("<") or is_installed(filename) or _package(filename) in LIBRARIES)


def _package(filename: str) -> str:
    return _short(filename).partition("/")[0]


@lru_cache(maxsize=1024)
def _short(filename: str) -> str:
    """Return a file's path from its package's folder on: `dagster/_core/errors.py`."""
    if _CELL.search(filename):
        return "a cell"
    path = Path(filename)
    parts = [path.name]
    for folder in path.parents if path.is_absolute() else ():
        if not (folder / "__init__.py").is_file():
            break
        parts.insert(0, folder.name)
    return "/".join(parts)


def _traceback(error: BaseException) -> str:
    told = traceback.TracebackException.from_exception(error, compact=True)
    # What the notebook itself did to run the cell tells nothing.
    while told.stack and _package(told.stack[0].filename) in _NOTEBOOK:
        del told.stack[0]
    return "\n".join(_bounded(list(map(_stable_line, "".join(told.format()).splitlines()))))


def _stable_line(line: str) -> str:
    line = shortened(line.rstrip(), _LONGEST_LINE)
    return stable(re.sub(r'^(\s*File )"([^"]+)"', lambda file: f'{file[1]}"{_short(file[2])}"', line))


def _bounded(lines: list[str]) -> Iterator[str]:
    left_out = len(lines) - _FIRST_LINES - _LAST_LINES
    if left_out <= 0:
        yield from lines
        return
    yield from lines[:_FIRST_LINES]
    yield f"… {left_out:,} lines left out …"
    yield from lines[-_LAST_LINES:]
