"""The checkout: the folder that holds the course's notebooks, and the names of what the course writes."""

import tomllib
from pathlib import Path

COURSE = "irregular-partitions"

# Where commands write what they make of notebooks, as seen from the checkout.
FOLDERS = {"run": "output", "solutions": "output/solutions", "student": "output/student"}

# The database of `dagster dev`, started in the checkout. Repeated here because the pipeline's own constant
# depends on the folder that was current when the pipeline was first imported.
DATABASE = "output/warehouse.duckdb"

_NEXT_MOVE = "Change into the course's folder, the one that holds notebooks/, and try again."


class CannotGoOn(Exception):
    """The command cannot do its work; the message says why and what to do next."""


def find_checkout() -> Path:
    """Return the checkout of the current folder, else that of this package; or raise CannotGoOn."""
    try:
        return find_enclosing_checkout()
    except CannotGoOn:
        package = Path(__file__).resolve().parents[2]
        if _is_checkout(package):
            return package
        raise


def find_enclosing_checkout(start: Path | None = None) -> Path:
    """Return the checkout that a folder, by default the current one, lies in; or raise CannotGoOn."""
    try:
        start = (start or Path.cwd()).resolve()
    except FileNotFoundError as error:
        raise CannotGoOn(f"The current folder no longer exists. {_NEXT_MOVE}") from error
    for folder in (start, *start.parents):
        if _is_checkout(folder):
            return folder
    raise CannotGoOn(f"No checkout of the course at or above {start}. {_NEXT_MOVE}")


def list_notebooks(checkout: Path) -> list[Path]:
    """Return the course's notebooks, in the order of the lessons."""
    return sorted((checkout / "notebooks").glob("*.ipynb"))


def shorten_path(path: Path, folder: Path) -> str:
    """Write a path as seen from a folder if it lies inside, else in full."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _is_checkout(folder: Path) -> bool:
    """Return whether a folder holds this package and a project of the course's name."""
    package = folder / "lesson_lib"
    if package.is_symlink() or not (package / "cli" / "command.py").is_file():
        return False
    try:
        project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("project")
    except (OSError, ValueError):
        return False
    return isinstance(project, dict) and project.get("name") == COURSE
