"""`lesson reset`: the checkout as it was before the course wrote into it."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lesson_lib.cli.checkout import FOLDERS, CannotGoOn, known_notebooks
from lesson_lib.cli.database import Held, open_briefly

_KINDS = {"solutions": ("ipynb", "html"), "student": ("ipynb",), "run": ("html",)}  # innermost folders first


@dataclass(frozen=True)
class Plan:
    """What a reset removes, in that order, and one sentence for each thing that it leaves."""

    ours: tuple[Path, ...]
    kept: tuple[str, ...]


def plan(checkout: Path, database: Path) -> Plan:
    """Find what the course made, without touching it.

    Ours are the database with what DuckDB keeps beside it, and in `output/` the copies and editions of the
    course's notebooks.
    A link is never ours, nor is anything outside the checkout.

    Raises:
        CannotGoOn: another process holds the database.
    """
    _refuse_if_held(database)
    output = checkout / "output"
    kept = []
    if output.is_symlink() or output.is_file():
        kept.append("Leaving output: the course makes it a folder, and this is none.")
    ours = [path for path in (database, Path(f"{database}.wal"), Path(f"{database}.tmp")) if path.exists()]
    if ours and not database.resolve().is_relative_to(checkout.resolve()):
        kept.append(f"Leaving {database}: it lies outside the checkout.")
        ours = []
    if _is_own_folder(output):
        for command in _KINDS:
            ours += _copies(checkout, command, ours, kept)
    return Plan(tuple(ours), tuple(kept))


def remove(path: Path) -> None:
    """Remove a file, or a folder with all that is in it.

    Raises:
        CannotGoOn: it cannot be removed.
    """
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise CannotGoOn(
            f"{path} cannot be removed ({error.strerror}). Close what has it open, and reset again."
        ) from error


def _refuse_if_held(database: Path) -> None:
    if not database.is_file():
        return
    try:
        open_briefly(database)
    except Held as holder:
        raise CannotGoOn(
            f"Nothing was removed: {database} is held by {holder}. "
            "Close what runs there (a notebook's kernel, `dagster dev` or a DuckDB shell), and reset again."
        ) from holder
    except duckdb.Error:
        # A database that does not open is a good reason for a reset.
        return


def _copies(checkout: Path, command: str, ours: Sequence[Path], kept: list[str]) -> list[Path]:
    """Return what a command has written, and its folder if nothing else is in that; note what stays there."""
    folder = checkout / FOLDERS[command]
    if not _is_own_folder(folder):
        return []
    stems = [path.stem for path in known_notebooks(checkout)]
    copies = (folder / f"{stem}.{kind}" for stem in stems for kind in _KINDS[command])
    going = [copy for copy in copies if _is_own_file(copy)]
    staying = {path for path in folder.iterdir() if path not in ours and path not in going}
    told = {inner for inner in (checkout / name for name in FOLDERS.values()) if _is_own_folder(inner)}
    if others := sorted(path.name for path in staying - told):
        kept.append(f"Leaving {FOLDERS[command]}/: the course did not make {', '.join(others)}.")
    return going if staying else [*going, folder]


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
