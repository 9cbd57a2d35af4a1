"""`lesson reset`: remove what the course wrote into its checkout, and nothing else.

A link is neither followed nor removed, whatever it leads to.
"""

import os
import re
import shutil
import stat
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from lesson_lib.cli.checkout import DATABASE, FOLDERS, CannotGoOn, list_notebooks, shorten_path
from lesson_lib.cli.processes import find_dagster, find_reader
from lesson_lib.pipeline.database_errors import find_file_holder

_COPIES = {"solutions": ("ipynb", "html"), "student": ("ipynb",), "run": ("html",)}  # innermost folders first

# The database's files, and its folder for temporary ones with the names that DuckDB gives them.
_FILES = tuple(f"{DATABASE}{suffix}" for suffix in ("", ".wal", ".wal.checkpoint", ".wal.recovery"))
# Dagster's records, where DAGSTER_HOME is the checkout.
_RECORDS = ("history", "schedules", "storage")
_RUN_ID = "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SQLITE = rf"(runs|index|schedules|{_RUN_ID})?\.db(-\w+)?"
_WHOLE_FOLDERS = {
    f"{DATABASE}.tmp": r"duckdb_temp_.*",
    "history": _SQLITE,
    "schedules": _SQLITE,
    "storage": r"(?s:.*)",  # named by runs and assets
}

_JUNCTION = 0xA0000003  # the reparse tag of Windows' links between folders


class Kind(Enum):
    """What lies at a path."""

    FILE = "a file"
    FOLDER = "a folder"
    LINK = "a link"
    OTHER = "neither a file nor a folder"
    MISSING = "missing"


@dataclass
class Plan:
    """What a reset removes, in this order, and a sentence for each thing that stays."""

    checkout: Path
    paths: list[Path] = field(default_factory=list)  # files, and folders that are emptied or removed whole
    notes: list[str] = field(default_factory=list)  # what stays, and what to do about it
    keeps_state: bool = False  # whether the database or Dagster's records stay although they are there

    def leave(self, path: Path, why: str) -> None:
        """Note that a path stays."""
        self.notes.append(f"Leaving {shorten_path(path, self.checkout)}: {why}.")


def plan_reset(checkout: Path) -> Plan:
    """Find what the course wrote, without touching it, and make sure that all of it can be removed.

    Raises:
        CannotGoOn: Dagster runs in the checkout, a process holds a file, or a folder is protected.
    """
    plan = Plan(checkout)
    try:
        _add_state(plan)
        # Nothing inside output/ is the course's own if that is not a folder.
        is_folder = get_kind(checkout / FOLDERS["run"]) is Kind.FOLDER
        for command in _COPIES if is_folder else ("run",):
            _add_copies(command, plan)
        if plan.keeps_state:
            plan.notes.append("Move away what is in the way, or remove it yourself, and reset again.")
        _note_other_instance(plan)
        _require_removable(plan)
    except OSError as error:
        raise CannotGoOn(
            f"Nothing was removed: {error.filename} cannot be read ({error.strerror}). "
            "Make it readable for you, and reset again."
        ) from error
    _require_unused(plan)
    return plan


def remove(plan: Plan, path: Path) -> None:
    """Remove one path of a plan, or raise CannotGoOn."""
    try:
        if shorten_path(path, plan.checkout) in _WHOLE_FOLDERS:
            shutil.rmtree(path)
        elif get_kind(path) is Kind.FOLDER:
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotGoOn(
            f"{shorten_path(path, plan.checkout)} cannot be removed ({error.strerror or error}), so the "
            "reset stopped there. Close what has it open, and reset again."
        ) from error


def _add_state(plan: Plan) -> None:
    """Add the database and Dagster's records of it: all of them, or none where something is in the way.

    Records without the database would count keys as loaded that have no rows any more.
    """
    output_kind = get_kind(plan.checkout / FOLDERS["run"])
    database = (f"{DATABASE}.tmp", *reversed(_FILES)) if output_kind is Kind.FOLDER else ()
    # Records first: if the reset is stopped in between, rows without records are loaded again, whereas
    # records without rows would count as loaded.
    paths = [plan.checkout / name for name in (*_RECORDS, *database)]
    found = [path for path in paths if get_kind(path) is not Kind.MISSING]
    records = {path.name for path in found} & set(_RECORDS)
    if records == {"storage"}:
        storage = plan.checkout / "storage"
        plan.leave(storage, "there are no records of Dagster beside it, so it may be yours")
        found.remove(storage)
    faults = {path: fault for path in found if (fault := _find_fault(path, plan.checkout))}
    for path, fault in faults.items():
        plan.leave(path, fault)
    if not faults and output_kind in {Kind.FOLDER, Kind.MISSING}:
        plan.paths += found
        return
    plan.keeps_state = bool(found)
    for path in found:
        if path not in faults:
            plan.leave(path, "the database's files and Dagster's records are only removed together")


def _find_fault(path: Path, checkout: Path) -> str | None:
    """Return why a path is not what the course wrote there; None if it is."""
    pattern = _WHOLE_FOLDERS.get(shorten_path(path, checkout))
    wanted = Kind.FOLDER if pattern else Kind.FILE
    if get_kind(path) is not wanted:
        return f"it is {get_kind(path).value}, and the course makes {wanted.value}"
    if pattern and (found := find_unexpected(path, pattern)):
        what = "is a link" if get_kind(found) is Kind.LINK else "was not made by the course"
        return f"{shorten_path(found, checkout)} {what}"
    return None


def _note_other_instance(plan: Plan) -> None:
    home = os.environ.get("DAGSTER_HOME", "")
    is_other = Path(home).is_absolute() and Path(home).is_dir() and not plan.checkout.samefile(home)
    if is_other and plan.checkout / DATABASE in plan.paths:
        plan.notes.append(
            f"DAGSTER_HOME is {home}: an instance there that has loaded this database still counts its keys "
            "as loaded. Run `backfill`, or materialize the keys, to load them again."
        )


def _add_copies(command: str, plan: Plan) -> None:
    """Add what a command has written, and its folder if nothing else is in it; note what stays there."""
    folder = plan.checkout / FOLDERS[command]
    if get_kind(folder) is Kind.MISSING:
        return
    if get_kind(folder) is not Kind.FOLDER:
        plan.leave(folder, f"it is {get_kind(folder).value}, and the course makes a folder")
        return
    names = {f"{path.stem}.{kind}" for path in list_notebooks(plan.checkout) for kind in _COPIES[command]}
    noted = {plan.checkout / name for name in (*FOLDERS.values(), *_FILES, *_WHOLE_FOLDERS)}
    others = []
    inside = sorted(folder.iterdir())
    for path in inside:
        if path in plan.paths or path in noted:
            continue
        if get_kind(path) is Kind.LINK:
            plan.leave(path, "it is a link")
        elif path.name in names and get_kind(path) is Kind.FILE:
            plan.paths.append(path)
        else:
            others.append(path.name)
    if others:
        plan.leave(folder, f"the course did not make {', '.join(others)}")
    if set(inside) <= set(plan.paths):
        plan.paths.append(folder)


def _require_removable(plan: Plan) -> None:
    folders = {path.parent for path in plan.paths}
    for path in plan.paths:
        if shorten_path(path, plan.checkout) in _WHOLE_FOLDERS:
            folders |= {path, *(inner for inner in path.rglob("*") if get_kind(inner) is Kind.FOLDER)}
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK | os.X_OK):
            raise CannotGoOn(
                f"Nothing was removed: you may not remove files from {shorten_path(folder, plan.checkout)}. "
                "Make it writable for you, and reset again."
            )


def _require_unused(plan: Plan) -> None:
    if running := find_dagster(plan.checkout):
        raise CannotGoOn(
            f"Nothing was removed: {running} runs Dagster in this checkout. "
            "Stop it, with Ctrl-C where `dagster dev` runs, and reset again."
        )
    if holder := _find_holder(plan):
        path, process = holder
        raise CannotGoOn(
            f"Nothing was removed: {shorten_path(path, plan.checkout)} is held by {process}. "
            "Close what runs there (a notebook's kernel, `dagster dev` or a DuckDB shell), and reset again."
        )


def _find_holder(plan: Plan) -> tuple[Path, str] | None:
    if found := find_reader(plan.paths):
        return found
    # A holder that shows no files, such as another user's, may still show its lock.
    database = plan.checkout / DATABASE
    holder = find_file_holder(database) if database in plan.paths else None
    return (database, holder) if holder else None


def get_kind(path: Path) -> Kind:
    """Return what lies at a path; the folders above it must not be links."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return Kind.MISSING
    if stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _JUNCTION:
        return Kind.LINK
    if stat.S_ISDIR(found.st_mode):
        return Kind.FOLDER
    return Kind.FILE if stat.S_ISREG(found.st_mode) else Kind.OTHER


def find_unexpected(folder: Path, expected: str) -> Path | None:
    """Return a link, a special file, or a file whose name does not match, at any depth of a folder."""
    for path in sorted(folder.iterdir()):
        kind = get_kind(path)
        if kind is Kind.FOLDER:
            if found := find_unexpected(path, expected):
                return found
        elif kind is not Kind.FILE or not re.fullmatch(expected, path.name):
            return path
    return None
