"""Each lesson's plan agrees with its notebook and with the page for instructors."""

import json
import re
from pathlib import Path

import pytest
from nbformat import NotebookNode
from platformdirs.macos import MacOS
from platformdirs.unix import Unix

from lesson_lib import classroom
from lesson_lib.author.notebook_files import ROOT, read_notebook
from lesson_lib.author.run_sheet import PAGE, find_contradictions, main, replace_run_sheet, write_run_sheet
from lesson_lib.classroom import exercises
from lesson_lib.classroom.exercises.catalogue import EXERCISES, LESSONS, MISCONCEPTIONS
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.classroom.exercises.progress_store import Attempted, Predicted, record
from lesson_lib.cli import main as lesson_command
from lesson_lib.notebook_cells import SECTION

EACH_LESSON = pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.notebook for lesson in LESSONS])
PROSE = re.sub(r"(?s)<!-- run sheet.*?<!-- end of run sheet", "", PAGE.read_text(encoding="utf-8"))
QUOTED = re.findall(r"`([^`\n]+)`", re.sub(r"(?s)^```.*?^```", "", PROSE, flags=re.MULTILINE))


def read_lesson_notebook(lesson: Lesson) -> NotebookNode:
    """Return the notebook of a lesson."""
    return read_notebook(ROOT / "notebooks" / f"{lesson.notebook}.ipynb")


@EACH_LESSON
def test_a_plan_agrees_with_its_notebook(lesson: Lesson) -> None:
    """Both have the same sections, objectives and exercises, with a check about every ten minutes."""
    found = find_contradictions(lesson, read_lesson_notebook(lesson))
    assert not found, "\n" + "\n".join(found)


@EACH_LESSON
def test_the_run_sheet_of_the_page_is_current(lesson: Lesson) -> None:
    """`make notebooks` does not change the page."""
    page, sheet = PAGE.read_text(encoding="utf-8"), write_run_sheet(lesson, read_lesson_notebook(lesson))
    assert replace_run_sheet(page, lesson.number, sheet) == page, "renew the page: make notebooks"


@EACH_LESSON
def test_the_page_describes_every_section(lesson: Lesson) -> None:
    """The sections are in the notebook's order, each with a question and with advice for late groups."""
    cells = json.loads((ROOT / "notebooks" / f"{lesson.notebook}.ipynb").read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    [part] = re.findall(rf"(?ms)^## Notebook {lesson.number}\b.*?(?=^## )", PROSE)
    _, *sections = re.split(r"(?m)^### ", part)
    assert [text.partition("\n")[0] for text in sections] == SECTION.findall(prose)
    for text in sections:
        assert re.search(r"\*\*Ask:\*\* .+\? \*.+\*\\\n\*\*Behind:\*\* .+\.\n", text), text


def test_beliefs_and_exercises_of_the_page_exist() -> None:
    """No id is misspelt."""
    beliefs = {text for text in QUOTED if re.fullmatch(r"[a-z]+(-[a-z]+)+", text)}
    assert beliefs
    assert beliefs <= set(MISCONCEPTIONS)
    assert set(re.findall(r"(?i)\b(?:exercise|prediction) (\d\.\d+)", PROSE)) <= set(EXERCISES)


def test_commands_of_the_page_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """The commands of `make` and of `lesson` are known."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = {text.split()[1] for text in QUOTED if text.startswith("make ")}
    assert targets >= {"lab", "notebooks"}
    assert targets <= set(re.findall(r"(?m)^([a-z-]+):", makefile))
    in_blocks = "\n".join(re.findall(r"(?ms)^```sh\n(.*?)^```", PROSE)).splitlines()
    called = (re.match(r"(?:\.venv/bin/)?lesson (\w+)", text) for text in (*QUOTED, *in_blocks))
    commands = {match[1] for match in called if match}
    assert commands >= {"doctor", "student", "solutions"}
    for command in commands:
        with pytest.raises(SystemExit) as exit_:
            lesson_command([command, "--help"])
        assert exit_.value.code == 0, capsys.readouterr().err


def test_files_and_functions_of_the_page_exist() -> None:
    """Links begin at the page, paths at the checkout, and functions are those that learners call."""
    links = re.findall(r"\]\(([^)#]+)\)", PROSE)
    assert "../CONTRIBUTING.md" in links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
    other_places = ("~", "%", ".venv/", "output/")
    paths = [text for text in QUOTED if "/" in text and " " not in text and not text.startswith(other_places)]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
    called = {match[1] for text in QUOTED if (match := re.match(r"(\w+)\(", text))}
    assert called >= {"checkpoint", "progress"}
    assert called <= {*classroom.__all__, *exercises.__all__}


def test_the_page_gives_the_path_of_the_progress_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """It gives the paths of Linux and of macOS."""
    for name in ("XDG_DATA_HOME", "XDG_DATA_DIRS"):
        monkeypatch.delenv(name, raising=False)
    for system in (Unix, MacOS):
        folder = system("irregular-partitions", appauthor=False).user_data_path
        assert f"`~/{folder.relative_to(Path.home()).as_posix()}/progress.json`" in PROSE


def test_the_code_that_counts_beliefs_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reads all files that were collected, whatever their names are."""
    monkeypatch.chdir(tmp_path)
    beliefs_of = {"ana": ["typo-raises-an-error", "dagster-checks-keys"], "bo": ["dagster-checks-keys"]}
    for learner, beliefs in beliefs_of.items():
        monkeypatch.setenv("LESSON_PROGRESS", f"collected/{learner}.json")
        record(Attempted("1.2", Outcome.NOT_YET, tuple(beliefs)))
        record(Predicted("1.1", "6", "0", off=True))
    [block] = re.findall(r"(?ms)^```python\n(.*?)^```", PROSE)
    *before, last = block.rstrip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(before), names)  # noqa: S102 - the page's own code
    assert eval(last, names) == [("dagster-checks-keys", 2), ("typo-raises-an-error", 1)]  # noqa: S307 - as above


def test_a_page_without_both_markers_of_a_run_sheet_is_rejected() -> None:
    """The message contains both markers; a page that has them gets the run sheet between them."""
    begin, end = "<!-- run sheet 07: made by make notebooks -->", "<!-- end of run sheet 07 -->"
    assert replace_run_sheet(f"a\n\n{begin}\nold\n{end}\n\nz", "07", "| new |") == (
        f"a\n\n{begin}\n\n| new |\n\n{end}\n\nz"
    )
    for page in ("", begin, f"{end}\n{begin}", f"{begin}\n{end}\n{begin}\n{end}"):
        with pytest.raises(ValueError, match=re.escape(f"Write {begin} and, below it, {end} where")):
            replace_run_sheet(page, "07", "| new |")


def test_a_renewal_writes_only_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It reports what it did, and does not change a page that it cannot renew."""
    page = tmp_path / "page.md"
    monkeypatch.setattr("lesson_lib.author.run_sheet.PAGE", page)
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    assert main() == 0
    current = page.read_text(encoding="utf-8")
    page.write_text(current.replace("| from minute |", "| from |"), encoding="utf-8")
    assert capsys.readouterr().out.startswith("page.md: ")
    assert (main(), page.read_text(encoding="utf-8")) == (0, current)
    assert capsys.readouterr().out.startswith("page.md: renewed\n")
    assert main() == 0
    assert capsys.readouterr().out.startswith("page.md: unchanged\n")
    page.write_text("no markers", encoding="utf-8")
    assert (main(), page.read_text(encoding="utf-8")) == (1, "no markers")
    assert capsys.readouterr().err.endswith("page.md has not changed.\n")
