"""The fingerprints of files, within the budget of a tick."""

import hashlib
import os
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest

from lesson_lib.pipeline.folder_scan import DataFile, scan
from lesson_lib.pipeline.sensor import fingerprints
from lesson_lib.pipeline.sensor.fingerprints import BudgetSpent, ReadingBudget


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit a tick to twelve bytes or ten seconds, eight bytes of a file, and two at a time."""
    for name, limit in {
        "MAX_BYTES_PER_TICK": 12,
        "MAX_SECONDS_PER_TICK": 10,
        "MAX_FILE_BYTES": 8,
        "_CHUNK_BYTES": 2,
    }.items():
        monkeypatch.setattr(fingerprints, name, limit)


def put(folder: Path, **files: int) -> list[DataFile]:
    """Write files of these sizes in bytes."""
    for key, size in files.items():
        (folder / f"{key}.csv").write_bytes(b"x" * size)
    return list(scan(folder).files.values())


def sha256(size: int) -> str:
    """Return the fingerprint of a file of this size in bytes."""
    return hashlib.sha256(b"x" * size).hexdigest()


def read_all(budget: ReadingBudget, files: Iterable[DataFile]) -> list[str | None]:
    """Return each file's fingerprint, or the name of the error."""
    found: list[str | None] = []
    for file in files:
        try:
            found.append(budget.compute_fingerprint(file))
        except (OSError, BudgetSpent) as error:
            found.append(type(error).__name__)
    return found


@pytest.mark.usefixtures("small")
def test_a_tick_reads_so_many_bytes_and_no_more(tmp_path: Path) -> None:
    """A small file may fit into the rest of the budget; a file that is too large uses nothing of it."""
    files = put(tmp_path, a=8, b=5, c=4, d=1, e=9, f=0)
    assert read_all(ReadingBudget(), files) == [
        sha256(8),
        "BudgetSpent",
        sha256(4),
        "BudgetSpent",
        None,
        sha256(0),
    ]


@pytest.mark.usefixtures("small")
def test_only_bytes_that_were_read_count(tmp_path: Path) -> None:
    """A file that has gone, or cannot be read, takes nothing from those that come after it."""
    files = put(tmp_path, a=8, b=8, c=8)
    (tmp_path / "a.csv").unlink()
    (tmp_path / "b.csv").unlink()
    (tmp_path / "b.csv").mkdir()
    assert read_all(ReadingBudget(), files) == ["FileNotFoundError", "IsADirectoryError", sha256(8)]


@pytest.mark.usefixtures("small")
def test_a_file_that_grows_while_it_is_read_is_not_read_for_ever(tmp_path: Path) -> None:
    """The bytes that are read count against the budget, not the size that the scan found."""
    files = put(tmp_path, a=8)
    put(tmp_path, a=100)
    assert read_all(ReadingBudget(), files) == ["BudgetSpent"]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (1, [sha256(3), sha256(3), sha256(3), "BudgetSpent"]),
        (4, [sha256(3), "BudgetSpent", "BudgetSpent", "BudgetSpent"]),
        (9, [None, "BudgetSpent", "BudgetSpent", "BudgetSpent"]),
    ],
)
def test_a_tick_reads_so_long_and_no_longer(tmp_path: Path, pace: int, expected: list[str]) -> None:
    """It checks the clock after each chunk; a file that takes a whole tick has no fingerprint."""
    files = put(tmp_path, a=3, b=3, c=3, d=3)
    ticking = count(0, pace)
    assert read_all(ReadingBudget(clock=lambda: next(ticking)), files) == expected


@pytest.mark.usefixtures("small")
def test_the_time_begins_with_the_first_byte(tmp_path: Path) -> None:
    """It does not matter how long it took to find that other files cannot be read."""
    files = put(tmp_path, a=3, b=3)
    (tmp_path / "a.csv").unlink()
    times = iter([100, 112, 113, 114])
    assert read_all(ReadingBudget(clock=lambda: next(times)), files) == ["FileNotFoundError", sha256(3)]


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    """It neither waits for a writer nor reads what is written."""
    files = put(tmp_path, a=3)
    (tmp_path / "a.csv").unlink()
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(OSError, match=r"a\.csv is no plain file"):
        ReadingBudget().compute_fingerprint(files[0])
