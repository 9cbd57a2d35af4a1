"""`lesson reset`: what the course made goes, and nothing else does."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from lesson_lib.cli import command, main, reset
from lesson_lib.cli.checkout import CannotGoOn


@pytest.fixture
def database(checkout: Path, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The database of a course that has been run: its copies and its database are there."""
    notebook("01_first", "1 + 1")
    path = checkout / "output" / "course.duckdb"
    for folder in ("solutions", "student"):
        (checkout / "output" / folder).mkdir(parents=True)
        (checkout / "output" / folder / "01_first.ipynb").write_text("an edition")
    (checkout / "output" / "solutions" / "01_first.html").write_text("a copy")
    (checkout / "output" / "01_first.html").write_text("a copy")
    duckdb.connect(path).close()
    monkeypatch.setattr(command, "course_database", lambda: path)
    return path


def files(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes, by its path inside the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_everything_that_the_course_made_goes(
    checkout: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each thing is named, the notebooks stay, and a second reset finds nothing."""
    assert main(["reset"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Removed output/course.duckdb",
        "Removed output/solutions/01_first.ipynb",
        "Removed output/solutions/01_first.html",
        "Removed output/solutions",
        "Removed output/student/01_first.ipynb",
        "Removed output/student",
        "Removed output/01_first.html",
        "Removed output",
    ]
    assert files(checkout).keys() == {"pyproject.toml", "notebooks/01_first.ipynb"}
    assert not database.parent.exists()
    assert main(["reset"]) == 0
    assert capsys.readouterr().out == "There is nothing to remove.\n"


def test_a_dry_run_removes_nothing(
    checkout: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what would go."""
    before = files(checkout)
    assert main(["reset", "--dry-run"]) == 0
    assert "Would remove output/course.duckdb" in capsys.readouterr().out.splitlines()
    assert files(checkout) == before
    assert database.exists()


def test_what_the_course_did_not_make_stays(
    checkout: Path, database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file of the learner's keeps its folder, and is named."""
    (checkout / "output" / "notes.txt").write_text("mine")
    assert main(["reset"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert "Leaving output/: the course did not make notes.txt." in out
    assert "Removed output" not in out
    assert [path.name for path in database.parent.iterdir()] == ["notes.txt"]


def test_what_an_instructor_put_beside_the_editions_stays(
    checkout: Path, database: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It keeps its folder and the one above, and is named once; a link in a folder's place stays."""
    (checkout / "output" / "solutions" / "marks.csv").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    (checkout / "output" / "student").rename(elsewhere)
    (checkout / "output" / "student").symlink_to(elsewhere)
    assert main(["reset"]) == 0
    assert [line for line in capsys.readouterr().out.splitlines() if "Leaving" in line] == [
        "Leaving output/solutions/: the course did not make marks.csv.",
        "Leaving output/: the course did not make student.",
    ]
    assert files(database.parent).keys() == {"solutions/marks.csv"}
    assert files(elsewhere).keys() == {"01_first.ipynb"}


def test_links_are_not_followed(checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where output/ leads elsewhere, neither the link nor what it leads to goes."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").write_text("mine")
    (checkout / "output").symlink_to(elsewhere)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "course_database", lambda: checkout / "course.duckdb")
        assert main(["reset"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Leaving output: the course makes it a folder, and this is none.",
        "There is nothing to remove.",
    ]
    assert (checkout / "output" / "precious").read_text() == "mine"


def test_a_database_outside_the_checkout_stays(checkout: Path, tmp_path: Path) -> None:
    """It is named as left."""
    outside = tmp_path / "warehouse.duckdb"
    duckdb.connect(outside).close()
    plan = reset.plan(checkout, outside)
    assert plan.ours == ()
    assert plan.kept == (f"Leaving {outside}: it lies outside the checkout.",)


@pytest.mark.parametrize("how", ["reading", "writing"])
def test_a_held_database_stops_the_reset(
    checkout: Path,
    database: Path,
    how: str,
    hold: Callable[[Path, str], int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing at all goes, and the holder's pid is named."""
    before = files(checkout)
    pid = hold(database, how)
    assert main(["reset"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(
        f"Nothing was removed: {database} is held by process {pid}. Close what runs"
    )
    assert files(checkout) == before


def test_a_database_that_does_not_open_goes(checkout: Path, database: Path) -> None:
    """It is what `lesson doctor` sends people here for; what DuckDB keeps beside it goes too."""
    database.write_bytes(b"no database" * 1000)
    Path(f"{database}.wal").write_bytes(b"no log")
    Path(f"{database}.tmp").mkdir()
    assert main(["reset"]) == 0
    assert files(checkout).keys() == {"pyproject.toml", "notebooks/01_first.ipynb"}
    assert not database.parent.exists()


def test_what_cannot_be_removed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Windows, while a program has the file open."""

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(reset.shutil, "rmtree", refuse)
    with pytest.raises(CannotGoOn, match=r"cannot be removed \(Permission denied\). Close what has it open"):
        reset.remove(tmp_path)
