"""`lesson reset`: the checkout as it was before the course wrote into it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lesson_lib.cli.checkout import CannotGoOn, known_notebooks, relative
from lesson_lib.cli.database import Held, open_briefly


@dataclass(frozen=True)
class Plan:
    """What a reset removes, in that order, and one sentence for each thing that it leaves."""

    ours: tuple[Path, ...]
    kept: tuple[str, ...]


def plan(checkout: Path, database: Path) -> Plan:
    """Find what the course made, without touching it.

    Ours are the HTML copies in `output/`, the database with its write-ahead log, and all of `var/`. A link is
    never ours, nor is anything outside the checkout.

    Raises:
        CannotGoOn: another process holds the database.
    """
    _refuse_if_held(database)
    parts = (_copies(checkout), _database(checkout, database), _state(checkout))
    return Plan(
        ours=tuple(path for part in parts for path in part.ours),
        kept=tuple(note for part in parts for note in part.kept),
    )


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


def _copies(checkout: Path) -> Plan:
    output = checkout / "output"
    if refusal := _not_a_folder_of_ours(output, checkout):
        return refusal
    names = {f"{path.stem}.html" for path in known_notebooks(checkout)}
    there = sorted(output.iterdir())
    ours = tuple(path for path in there if path.name in names and path.is_file() and not path.is_symlink())
    others = [path.name for path in there if path not in ours]
    if others:
        return Plan(ours, (f"Leaving output/: the course did not make {', '.join(others)}.",))
    return Plan((*ours, output), ())


def _database(checkout: Path, database: Path) -> Plan:
    files = tuple(path for path in (database, Path(f"{database}.wal")) if path.is_file())
    if not files:
        return Plan((), ())
    if not database.resolve().is_relative_to(checkout.resolve()):
        return Plan((), (f"Leaving {database}: it lies outside the checkout.",))
    return Plan(files, ())


def _state(checkout: Path) -> Plan:
    var = checkout / "var"
    return _not_a_folder_of_ours(var, checkout) or Plan((var,), ())


def _not_a_folder_of_ours(folder: Path, checkout: Path) -> Plan | None:
    """Return the plan for a folder that is not there, or is a link or a file; None if it is a folder."""
    if folder.is_symlink() or folder.is_file():
        return Plan(
            (), (f"Leaving {relative(folder, checkout)}: the course makes it a folder, and this is none.",)
        )
    return None if folder.is_dir() else Plan((), ())
