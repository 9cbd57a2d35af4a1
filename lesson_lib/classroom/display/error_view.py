"""The board of an error: its cause in plain words, the next move, and the traceback one click away."""

import linecache
import re
import traceback
from functools import lru_cache
from pathlib import Path

import dagster as dg

from lesson_lib.classroom.display.board import Board, Facts, Fold
from lesson_lib.classroom.display.error_rules import (
    LIBRARIES,
    Rule,
    find_library_values,
    find_rule,
    walk_chain,
)
from lesson_lib.classroom.display.run_view import format_failed_checks, format_partition
from lesson_lib.classroom.display.safe_text import (
    Bounded,
    hide_and_shorten,
    make_plain,
    shorten,
    shorten_name,
)
from lesson_lib.classroom.library_notes import is_installed
from lesson_lib.unstable_text import hide_unstable

# It runs a learner's cell, and does not cause the errors of that cell.
_CELL_MAGIC = "lesson_lib/classroom/lab/changes.py"
_NOTEBOOK = {"IPython", "ipykernel"}
_CELL = re.compile(r"[\\/]ipykernel_\d+[\\/]-?\d+\.py$|^<ipython-input-")

_MAX_SOURCE_LENGTH = 120  # characters
_MAX_LINE_LENGTH = 300  # characters of a line of the traceback
_FIRST_LINES, _LAST_LINES = 60, 120  # of a long traceback


def describe_error(error: BaseException) -> Board | None:
    """Describe an error: why it was raised, what to do, where the course explains it, and the traceback.

    Return None for an interrupt, and for an error in which no library of this course was involved.
    """
    if not isinstance(error, Exception):
        return None
    rule = find_rule(error)
    # A learner's own line may fail because of a library's value, without a library on the way.
    if rule is None and not any(map(_has_passed_a_library, walk_chain(error))):
        return None
    title, facts = _explain(error, rule)
    return Board(title, [Facts.of_known(*facts), Fold("The full traceback", _format_traceback(error))])


def explain_error(error: BaseException) -> list[tuple[str, str]]:
    """Return facts about an error that is not itself shown: what was raised, why, what next, where."""
    formatted = traceback.TracebackException(type(error), error, None)
    formatted.__notes__ = None  # else they would be the last lines
    raised = list(formatted.format_exception_only())[-1].strip().removeprefix(f"{type(error).__module__}.")
    try:
        more = _explain(error, find_rule(error))[1]
    except Exception:  # noqa: BLE001 - an error that cannot be described must be shown all the same
        more = []
    return [*Facts.of_known(("Raised", hide_unstable(raised.partition("\n")[0])), *more).pairs]


def _explain(error: BaseException, rule: Rule | None) -> tuple[str, list[tuple[str, str]]]:
    """Return the title and the facts, some of which may be empty."""
    if rule and not rule.cause:
        return "Where to read more", [("Read", rule.section)]
    where = _locate(error)
    if not rule:
        title = "Where it failed" if where else "lesson_lib has no explanation for this error"
        return title, [("Where", where)]
    return "Why it failed, and what to do", [
        ("Found", _explain_checks(error)),
        ("Why", rule.cause),
        ("Next", rule.next_move),
        ("Where", where),
        ("Read", rule.section),
    ]


def _explain_checks(error: BaseException) -> str:
    """Return what the checks that stopped a run found, and for which partition; empty for another error."""
    values = [
        value
        for link in walk_chain(error)
        if type(link).__name__ == "DagsterAssetCheckFailedError"  # it has no public name
        for value in find_library_values(link)
    ]
    checks = [check for value in values for check in (value if isinstance(value, list) else [value])]
    # Several variables may hold the same check.
    failed = {id(check): check for check in checks if isinstance(check, dg.AssetCheckEvaluation)}
    found = format_failed_checks(failed.values())
    tags = next((value.tags for value in values if isinstance(value, dg.DagsterRun)), {})
    partition = shorten_name(format_partition(tags))
    return Bounded(f"{partition}: {found}") if found and partition else found


def _has_passed_a_library(error: BaseException) -> bool:
    files = (frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))
    return type(error).__module__.partition(".")[0] in LIBRARIES or any(
        _find_package(file) in LIBRARIES and _strip_folders(file) != _CELL_MAGIC for file in files
    )


def _locate(error: BaseException) -> str:
    """Return the last of the learner's own lines that the error passed through, and the step of the run.

    A line that is the whole cell is omitted.
    """
    chain = list(walk_chain(error))
    # Only some of Dagster's errors that wrap a learner's own have the step's name.
    wrapping = (link for link in chain if isinstance(link, dg.DagsterUserCodeExecutionError))
    step = next(filter(None, (str(getattr(link, "step_key", "")) for link in wrapping)), "")
    tracebacks = (traceback.extract_tb(link.__traceback__) for link in chain)
    frames = (frame for lines in tracebacks for frame in reversed(lines))
    own = next((frame for frame in frames if _is_own(frame.filename)), None)
    if own is None:
        return step
    cell_lines = filter(str.strip, linecache.getlines(own.filename))
    if own.name == "<module>" and len(list(cell_lines)) == 1:
        return step
    function = "" if own.name.startswith("<") else f"{shorten_name(own.name)}, "
    cell = f"{'its' if function else 'the'} cell"
    file = cell if _CELL.search(own.filename) else shorten_name(Path(own.filename).name)
    for_step = f", for {shorten_name(step)}" if step not in ("", own.name) else ""
    source = make_plain(hide_and_shorten(own.line or "", _MAX_SOURCE_LENGTH))
    return Bounded(f"{function}line {own.lineno} of {file}{for_step}: {source}".removesuffix(": "))


def _is_own(filename: str) -> bool:
    if _CELL.search(filename):
        return True
    return not (filename.startswith("<") or is_installed(filename) or _find_package(filename) in LIBRARIES)


def _find_package(filename: str) -> str:
    return _strip_folders(filename).partition("/")[0]


@lru_cache(maxsize=1024)
def _strip_folders(filename: str) -> str:
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


def _format_traceback(error: BaseException) -> str:
    formatted = traceback.TracebackException.from_exception(error, compact=True)
    # Omit the frames in which the notebook ran the cell.
    while formatted.stack and _find_package(formatted.stack[0].filename) in _NOTEBOOK:
        del formatted.stack[0]
    lines = list(map(_format_traceback_line, "".join(formatted.format()).splitlines()))
    if (left_out := len(lines) - _FIRST_LINES - _LAST_LINES) > 0:
        lines[_FIRST_LINES:-_LAST_LINES] = [f"… {left_out:,} lines left out …"]
    return "\n".join(lines)


def _format_traceback_line(line: str) -> str:
    line = shorten(line.rstrip(), _MAX_LINE_LENGTH)
    return hide_unstable(
        re.sub(r'^(\s*File )"([^"]+)"', lambda file: f'{file[1]}"{_strip_folders(file[2])}"', line)
    )
