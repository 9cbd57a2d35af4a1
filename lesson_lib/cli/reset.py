"""`lesson reset`: the checkout as it was before the course wrote into it."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from lesson_lib.cli.checkout import CannotGoOn, known_notebooks
from lesson_lib.cli.database import Held, open_briefly


@dataclass(frozen=True)
class Plan:
    """What a reset removes, in that order, and one sentence for each thing that it leaves."""

    ours: tuple[Path, ...]
    kept: tuple[str, ...]


def plan(checkout: Path, database: Path) -> Plan:
    """Find what the course made, without touching it.

    Ours are the database with what DuckDB keeps beside it, and the HTML copies in `output/`.
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
    if output.is_dir() and not output.is_symlink():
        ours += [copy for copy in _copies(checkout) if _is_own_file(copy)]
        others = sorted(path.name for path in output.iterdir() if path not in ours)
        if others:
            kept.append(f"Leaving output/: the course did not make {', '.join(others)}.")
        else:
            ours.append(output)
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


def _copies(checkout: Path) -> list[Path]:
    """Return where `lesson run` writes its copies, whether they are there or not."""
    return [checkout / "output" / f"{path.stem}.html" for path in known_notebooks(checkout)]


def _is_own_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
