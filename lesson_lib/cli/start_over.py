"""`lesson start-over`: give back the course's notebooks as they came, and keep the learner's own."""

import os
from collections.abc import Sequence
from pathlib import Path

from lesson_lib.classroom.checkpoints.section_starts import read_committed
from lesson_lib.classroom.exercises.progress_store import reset
from lesson_lib.cli.checkout import CannotGoOn, shorten_path

FOLDER = "my-notebooks"  # not below output/, which `lesson reset` removes


def start_over(checkout: Path, notebooks: Sequence[Path]) -> list[str]:
    """Restore the notebooks, reset the progress, and return what was kept and where, one line for each.

    A notebook that was changed is copied into `my-notebooks` first; no copy replaces another.

    Raises:
        CannotGoOn: a notebook has no committed version, or cannot be copied or restored. Notebooks after it
            are unchanged then.
    """
    originals = {path: _read_original(path) for path in notebooks}
    lines = []
    for path, original in originals.items():
        try:
            if path.read_bytes() != original:
                copy = _keep_copy(path, checkout / FOLDER)
                _replace(path, original)
                lines.append(f"Restored {path.name}; yours is kept as {shorten_path(copy, checkout)}.")
        except OSError as error:
            raise CannotGoOn(
                f"{path.name} is unchanged: {error.filename} cannot be written ({error.strerror}). "
                "Make room, or make it writable, and start over again."
            ) from error
    progress = reset()
    return [*lines, *filter(None, [progress.note])]


def _read_original(path: Path) -> bytes:
    text = read_committed(path)
    if text is None:
        raise CannotGoOn(
            f"{path.name} has no original here: this folder is not a git clone, or git is missing. Keep this "
            "folder, and download the course into another one."
        )
    return text.encode()


def _keep_copy(path: Path, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    names = (f"{path.stem}{f'-{number}' if number > 1 else ''}{path.suffix}" for number in range(1, 10_000))
    copy = next(folder / name for name in names if not (folder / name).exists())
    with copy.open("xb") as file:
        file.write(path.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    return copy


def _replace(path: Path, content: bytes) -> None:
    """Write a file completely, or leave it as it is."""
    new = path.with_name(f".{path.name}.new")
    new.write_bytes(content)
    new.replace(path)
