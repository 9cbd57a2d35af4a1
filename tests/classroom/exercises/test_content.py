"""A file of the course that cannot be read is an error that names the file and the line."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import lesson_lib
from lesson_lib.classroom.exercises.catalogue import LESSONS, MISCONCEPTIONS
from lesson_lib.classroom.exercises.content import load_lessons, load_misconceptions
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.pages import ContentError, read_code_block

COURSE = Path(lesson_lib.__file__).parent / "course"
PLAN, CHOICE, GUESS = "lesson.yaml", "2_2_spot_the_bug.md", "2_1_three_runs.md"
MATCHING, FOLDER = "4_6_strategies.md", "2_4_idempotent_asset"


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, str, str], None]:
    """Copy notebook 02 and one exercise of 04, replace a text in one of the files, and load it all."""
    folder = tmp_path / "course" / "02"
    shutil.copytree(COURSE / "02", folder)
    shutil.copy(COURSE / "04" / MATCHING, folder)

    def load(name: str, old: str, new: str) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        load_lessons(folder.parent, "lesson_lib.course", MISCONCEPTIONS)

    return load


def test_all_files_of_the_course_are_loaded() -> None:
    """Each page and each folder is an exercise, and each page of beliefs is a misconception."""
    names = sorted(path.stem for path in COURSE.glob("[0-9][0-9]/[0-9]_*"))
    loaded = sorted(exercise.id for lesson in LESSONS for exercise in lesson.exercises)
    assert [name[:3].replace("_", ".") for name in names] == loaded
    assert sorted(MISCONCEPTIONS) == sorted(path.stem for path in COURSE.glob("beliefs/*"))


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        (CHOICE, "---\n", "", "02/2_2_spot_the_bug.md, line 1: The file begins with ---"),
        (CHOICE, "title: Spot", "title: [Spot", "02/2_2_spot_the_bug.md, line 3: This is not YAML"),
        (CHOICE, "minutes: 2\n", "", "line 1: The front matter has no 'minutes'. Add a line `minutes: ...`."),
        (CHOICE, "minutes: 2\n", "minutes: 2\nseconds: 5\n", "line 5: 'seconds' is not a key"),
        (CHOICE, "answer: c\n", "", "line 1: The front matter of a question has one of"),
        (CHOICE, "answer: c\n", "answer: c\nguess: 3\n", "line 1: The front matter of a question has one of"),
        (CHOICE, "answer: c\n", "answer: e\n", "line 6: The page lists a, b, c, d. `answer` names one"),
        (CHOICE, "  d: load", "  e: load", "line 6: The page lists a, b, c, d."),
        (CHOICE, "a: deleting-by-date-is-enough", "a: typo", "line 1: There is no belief 'typo'."),
        (GUESS, "not a < b", "not a <", "line 7: A belief has `when`, an expression, and `such as`,"),
        (GUESS, "    such as:", "    for example:", "line 7: A belief has `when`"),
        (GUESS, "a < b < c", "a < b < d", "line 7: There is no d: the guesses are a, b, c."),
        (
            MATCHING,
            "    d: one customer",
            "    h: one customer",
            "line 5: The page lists a, b,",
        ),
        (PLAN, "objectives:", "goals:", "02/lesson.yaml, line 1: A plan has a notebook, objectives,"),
        (PLAN, "minutes: 3", "seconds: 3", "02/lesson.yaml, line 1: A plan has a notebook, objectives,"),
        (PLAN, "notebook:", "- notebook:", "02/lesson.yaml, line "),
        (
            f"{FOLDER}/hints.md",
            "2. ",
            "3. ",
            "/hints.md, line 2: Each line is a hint: `2. ...`",
        ),
        (f"{FOLDER}/task.md", "takeaway:", "lesson:", "task.md, line 1: The front matter has no 'takeaway'"),
        (f"{FOLDER}/starter.py", "        ...\n", "", "line 1: The starter has no line of dots of its own."),
    ],
)
def test_an_error_names_the_file_and_the_line(
    change: Callable[[str, str, str], None], name: str, old: str, new: str, message: str
) -> None:
    """The message begins with the file and the line, so an instructor knows where to look."""
    with pytest.raises(ContentError) as fault:
        change(name, old, new)
    assert message in str(fault.value)


def test_a_wrong_answer_with_an_unknown_belief_is_an_error(tmp_path: Path) -> None:
    """The name of its file must be the id of a belief."""
    folder = tmp_path / "course" / "02"
    shutil.copytree(COURSE / "02", folder)
    wrong = folder / FOLDER / "wrong"
    (wrong / "delete-then-insert-is-safe.py").rename(wrong / "delete-then-insert-is-fine.py")
    with pytest.raises(ContentError, match="There is no belief 'delete-then-insert-is-fine'"):
        load_lessons(folder.parent, "lesson_lib.course", MISCONCEPTIONS)


def test_a_kind_of_mistake_with_an_unknown_answer_is_an_error(tmp_path: Path) -> None:
    """`kinds.yaml` can only name wrong answers of its own exercise."""
    folder = tmp_path / "course" / "02"
    shutil.copytree(COURSE / "02", folder)
    kinds = "works-once: It reads no file.\nloose-key: [not-yet.typo.py]\n"
    (folder / FOLDER / "kinds.yaml").write_text(kinds, encoding="utf-8")
    with pytest.raises(ContentError, match=r"kinds.yaml, line 2: There is no wrong/not-yet.typo.py"):
        load_lessons(folder.parent, "lesson_lib.course", MISCONCEPTIONS)


def test_a_wrong_answer_may_show_no_belief(tmp_path: Path) -> None:
    """Then the name of its file begins with its outcome."""
    folder = tmp_path / "course" / "02"
    shutil.copytree(COURSE / "02", folder)
    wrong = folder / FOLDER / "wrong"
    (wrong / "not-yet.nothing.py").write_text("pass", encoding="utf-8")
    (wrong / "raised.zero.py").write_text("1 / 0", encoding="utf-8")
    [lesson] = load_lessons(folder.parent, "lesson_lib.course", MISCONCEPTIONS)
    answers = {answer.name: answer for exercise in lesson.exercises for answer in exercise.wrong}
    for name, outcome in (("not-yet.nothing.py", Outcome.NOT_YET), ("raised.zero.py", Outcome.RAISED)):
        assert (answers[name].misconception, answers[name].outcome) == ("", outcome)


def test_a_belief_without_its_cell_or_output_is_an_error(tmp_path: Path) -> None:
    """The page of a belief has a cell that shows the truth, and the output of that cell."""
    page = (COURSE / "beliefs" / "dagster-checks-keys.md").read_text(encoding="utf-8")
    (tmp_path / "a-belief.md").write_text(page.replace("```text", "```"), encoding="utf-8")
    with pytest.raises(ContentError, match=r"a-belief.md, line \d+: The page has an explanation, a block"):
        load_misconceptions(tmp_path)


def test_two_blocks_of_one_language_are_an_error(tmp_path: Path) -> None:
    """It would not be clear which one is meant."""
    page = tmp_path / "task.md"
    page.write_text("```text\none\n```\n\n```text\ntwo\n```\n", encoding="utf-8")
    with pytest.raises(ContentError, match="The page has 2 blocks ```text"):
        read_code_block(page, "text")
