"""`lesson reset` removes what the course wrote into its checkout, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from lesson_lib.cli import main, reset
from lesson_lib.cli.checkout import DATABASE

COURSE = {"pyproject.toml", "lesson_lib/cli/command.py", "notebooks/01_first.ipynb"}
WRITTEN = [
    "history",
    "schedules",
    "storage",
    "output/warehouse.duckdb",
    "output/solutions/01_first.html",
    "output/solutions/01_first.ipynb",
    "output/solutions",
    "output/student/01_first.ipynb",
    "output/student",
    "output/01_first.html",
    "output",
]
TOGETHER = "the database's files and Dagster's records are only removed together."
STATE = ("course/history", "course/schedules", "course/storage")
HELD = (
    f"Nothing was removed: {DATABASE} is held by {{}}. Close what runs there (a notebook's kernel, "
    "`dagster dev` or a DuckDB shell), and reset again.\n"
)
MOVE = "Move away what is in the way, or remove it yourself, and reset again."

RunReset = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def course(checkout: Path, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout that has been worked in: with a database, Dagster's records and notebooks' copies."""
    notebook("01_first", "1 + 1")
    for name in (
        "output/solutions/01_first.ipynb",
        "output/solutions/01_first.html",
        "output/student/01_first.ipynb",
        "output/01_first.html",
        "history/runs.db",
        "history/runs/index.db-shm",
        "history/runs/.db",
        "schedules/schedules.db",
        "storage/a-run/compute_logs/step.out",
    ):
        write(checkout / name)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    duckdb.connect(checkout / DATABASE).close()
    return checkout


@pytest.fixture
def run_reset(capsys: pytest.CaptureFixture[str]) -> RunReset:
    """Run `lesson reset` with some arguments, and return its status, its lines, and its standard error."""

    def run(*arguments: str) -> tuple[int, list[str], str]:
        status = main(["reset", *arguments])
        captured = capsys.readouterr()
        return status, captured.out.splitlines(), captured.err

    return run


def write(path: Path, text: str = "made") -> None:
    """Write a small file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes, by its path inside the folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def list_everything(folder: Path) -> set[str]:
    """Return the path of every file, folder and link inside a folder, without following links."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@pytest.mark.parametrize("below", [".", "notebooks", "output/solutions", "lesson_lib/cli"])
def test_everything_that_the_course_wrote_goes_from_any_folder(
    course: Path, below: str, monkeypatch: pytest.MonkeyPatch, run_reset: RunReset
) -> None:
    """Each thing is named by its path in the checkout, and a second reset finds nothing."""
    monkeypatch.chdir(course / below)
    assert run_reset() == (0, [f"Checkout: {course}", *(f"Removed {name}" for name in WRITTEN)], "")
    assert read_files(course).keys() == COURSE
    assert not (course / "output").exists()
    monkeypatch.chdir(course)
    assert run_reset() == (0, [f"Checkout: {course}", "There is nothing to remove."], "")


def test_a_dry_run_names_everything_and_changes_nothing(course: Path, run_reset: RunReset) -> None:
    """The database's log is not written back either, which opening the database to write would do."""
    script = "import duckdb, os, sys; con = duckdb.connect(sys.argv[1]); con.execute('create table t(x int)')"
    subprocess.run([sys.executable, "-c", f"{script}; os._exit(9)", course / DATABASE], check=False)
    before = read_files(course)
    names = [*WRITTEN[:3], f"{DATABASE}.wal", *WRITTEN[3:]]
    assert run_reset("--dry-run") == (
        0,
        [f"Checkout: {course}", *(f"Would remove {name}" for name in names)],
        "",
    )
    assert read_files(course) == before


def test_the_database_is_the_one_of_the_pipeline(checkout: Path) -> None:
    """`dagster dev` in the checkout writes to the file that a reset removes."""
    code = "from lesson_lib.pipeline.definitions import DATABASE; print(DATABASE)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=True
    )
    assert Path(done.stdout.strip()) == checkout / DATABASE


NAMED_LIKE_THE_COURSE = '[project]\nname = "irregular-partitions"\n'


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"pyproject.toml": NAMED_LIKE_THE_COURSE, "notebooks/a.ipynb": "{}"},
        {"pyproject.toml": NAMED_LIKE_THE_COURSE, "lesson_lib": "a link to the course's package"},
        {"pyproject.toml": '[project]\nname = "other"\n', "lesson_lib/cli/command.py": ""},
    ],
)
def test_outside_of_a_checkout_nothing_is_reset(
    course: Path, other: dict[str, str], monkeypatch: pytest.MonkeyPatch, run_reset: RunReset
) -> None:
    """Neither this package's own checkout nor a project that looks like the course is touched."""
    folder = course.parent / "other"
    for name in (DATABASE, "output/solutions/01_first.html", "history/runs.db"):
        write(folder / name)
    for name, text in other.items():
        if name == "lesson_lib":
            (folder / name).symlink_to(course / name)
        else:
            write(folder / name, text)
    before = read_files(course.parent)
    monkeypatch.chdir(folder)
    assert run_reset() == (
        1,
        [],
        (
            f"No checkout of the course at or above {folder}. Change into the course's folder, the one that "
            "holds notebooks/, and try again.\n"
        ),
    )
    assert read_files(course.parent) == before


def test_a_current_folder_that_is_gone_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_reset: RunReset
) -> None:
    """No folder above it can be searched."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert run_reset() == (
        1,
        [],
        (
            "The current folder no longer exists. Change into the course's folder, the one that holds "
            "notebooks/, and try again.\n"
        ),
    )


@pytest.fixture(params=["inside", "outside", "nowhere"])
def make_link(request: pytest.FixtureRequest, course: Path) -> Callable[[str], None]:
    """Put a link in the place of a path; it leads to what was there, in the checkout or not, or nowhere."""

    def make(name: str) -> None:
        target = (course if request.param == "inside" else course.parent) / "own"
        if (course / name).exists():
            (course / name).rename(course.parent / "aside" if request.param == "nowhere" else target)
        elif request.param != "nowhere":
            write(target / "precious")
        (course / name).symlink_to(target)

    return make


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        (DATABASE, "a file"),
        (f"{DATABASE}.wal", "a file"),
        (f"{DATABASE}.wal.checkpoint", "a file"),
        (f"{DATABASE}.tmp", "a folder"),
        ("history", "a folder"),
        ("schedules", "a folder"),
        ("storage", "a folder"),
    ],
)
def test_a_link_in_the_place_of_a_part_of_the_state_keeps_all_of_the_state(
    course: Path, link: str, wanted: str, make_link: Callable[[str], None], run_reset: RunReset
) -> None:
    """Without the rest, Dagster would count keys as loaded that have no rows; the copies still go."""
    make_link(link)
    before = list_everything(course.parent)
    status, lines, _ = run_reset()
    assert status == 1
    state = [name for name in WRITTEN[:4] if name != link]
    assert [line for line in lines if not line.startswith("Removed output/")] == [
        f"Checkout: {course}",
        f"Leaving {link}: it is a link, and the course makes {wanted}.",
        *(f"Leaving {name}: {TOGETHER}" for name in state),
        MOVE,
    ]
    assert before - list_everything(course.parent) == {f"course/{name}" for name in WRITTEN[4:-1]}


@pytest.mark.parametrize(
    ("link", "goes"),
    [
        ("output", set()),
        ("output/solutions", {*WRITTEN[:4], *WRITTEN[7:-1]}),
        ("output/student", {*WRITTEN[:7], WRITTEN[9]}),
        ("output/01_first.html", {*WRITTEN[:9]}),
    ],
)
def test_a_link_in_the_place_of_a_copy_or_its_folder_is_left(
    course: Path, link: str, goes: set[str], make_link: Callable[[str], None], run_reset: RunReset
) -> None:
    """Neither the link nor its target is removed, even if the target has the course's own names."""
    make_link(link)
    before = list_everything(course.parent)
    status, lines, _ = run_reset()
    assert status == (1 if link == "output" else 0)
    what = "it is a link" if link.endswith("html") else "it is a link, and the course makes a folder"
    assert f"Leaving {link}: {what}." in lines
    gone = before - list_everything(course.parent)
    assert {name for name in gone if not name.startswith(STATE)} == {
        f"course/{name}" for name in goes if name not in {"history", "schedules", "storage"}
    }
    assert any(name.startswith(STATE) for name in gone) == bool(goes)


@pytest.mark.parametrize(
    ("there", "left", "why"),
    [
        (f"{DATABASE}/mine.csv", DATABASE, "it is a folder, and the course makes a file"),
        (f"{DATABASE}.wal/mine.csv", f"{DATABASE}.wal", "it is a folder, and the course makes a file"),
        (f"{DATABASE}.tmp", f"{DATABASE}.tmp", "it is a file, and the course makes a folder"),
        (f"{DATABASE}.tmp/a.csv", f"{DATABASE}.tmp", f"{DATABASE}.tmp/a.csv was not made by the course"),
        (f"{DATABASE}.tmp/link", f"{DATABASE}.tmp", f"{DATABASE}.tmp/link is a link"),
        ("history/sales.db", "history", "history/sales.db was not made by the course"),
        ("history/runs/notes.md", "history", "history/runs/notes.md was not made by the course"),
        ("history/runs/link", "history", "history/runs/link is a link"),
        ("schedules/plan.csv", "schedules", "schedules/plan.csv was not made by the course"),
        ("storage/a-run/link", "storage", "storage/a-run/link is a link"),
    ],
)
def test_something_else_among_the_state_keeps_all_of_the_state(
    course: Path, there: str, left: str, why: str, run_reset: RunReset
) -> None:
    """The message names it and the next move."""
    precious = course.parent / "own" / "precious.db"
    write(precious)
    if there.startswith(f"{DATABASE}/"):
        (course / DATABASE).unlink()
    write(course / there)
    if there.endswith("link"):
        (course / there).unlink()
        (course / there).symlink_to(precious.parent)
    before = list_everything(course.parent)
    status, lines, _ = run_reset()
    assert status == 1
    assert f"Leaving {left}: {why}." in lines
    assert MOVE in lines
    assert before - list_everything(course.parent) == {f"course/{name}" for name in WRITTEN[4:-1]}


def test_a_folder_named_storage_without_records_beside_it_is_left(
    checkout: Path, notebook: Callable[..., Path], run_reset: RunReset
) -> None:
    """Dagster's instances have all three folders; the database goes, since nothing remembers its keys."""
    notebook("01_first", "1 + 1")
    write(checkout / "storage" / "mine.csv")
    write(checkout / DATABASE)
    assert run_reset() == (
        0,
        [
            f"Checkout: {checkout}",
            f"Removed {DATABASE}",
            "Removed output",
            "Leaving storage: there are no records of Dagster beside it, so it may be yours.",
        ],
        "",
    )
    assert read_files(checkout).keys() == {*COURSE, "storage/mine.csv"}


def test_what_the_course_did_not_write_stays_beside_the_copies(course: Path, run_reset: RunReset) -> None:
    """A learner's own file keeps its folder and the folders above it, and is named once."""
    write(course / "output" / "notes.txt")
    write(course / "output" / "solutions" / "marks.csv")
    status, lines, _ = run_reset()
    assert status == 0
    assert [line for line in lines if "Leaving" in line] == [
        "Leaving output/solutions: the course did not make marks.csv.",
        "Leaving output: the course did not make notes.txt.",
    ]
    assert read_files(course).keys() == {*COURSE, "output/notes.txt", "output/solutions/marks.csv"}


@pytest.mark.parametrize("arguments", [[], ["--dry-run"]])
@pytest.mark.parametrize("how", ["reading", "writing", "in this process"])
def test_a_database_that_is_open_stops_the_reset(
    course: Path, how: str, arguments: list[str], hold: Callable[[Path, str], int], run_reset: RunReset
) -> None:
    """Nothing is removed, and the process is named."""
    before = list_everything(course)
    with ExitStack() as held:
        if how == "in this process":
            held.enter_context(duckdb.connect(course / DATABASE))
            holder = "this process"
        else:
            holder = f"process {hold(course / DATABASE, how)}"
        assert run_reset(*arguments) == (1, [f"Checkout: {course}"], HELD.format(holder))
    assert list_everything(course) == before


@pytest.mark.parametrize("how", ["writing", "in this process"])
def test_a_process_that_does_not_show_its_files_is_found_by_its_lock(
    course: Path,
    how: str,
    hold: Callable[[Path, str], int],
    monkeypatch: pytest.MonkeyPatch,
    run_reset: RunReset,
) -> None:
    """This may be another user's process; this process also knows its own database."""
    monkeypatch.setattr(reset, "find_reader", lambda _: None)
    with ExitStack() as held:
        if how == "in this process":
            held.enter_context(duckdb.connect(course / DATABASE))
            holder = "this process"
        else:
            holder = f"process {hold(course / DATABASE, how)}"
        assert run_reset() == (1, [f"Checkout: {course}"], HELD.format(holder))


@contextmanager
def start_python(folder: Path, *command: str, **environment: str) -> Iterator[int]:
    """Run this Python with a command that waits, in a folder."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    env = os.environ | environment
    with subprocess.Popen([sys.executable, *command], cwd=folder, text=True, env=env, **pipes) as process:
        assert process.stdout.readline() == "running\n"
        yield process.pid
        process.communicate("\n")


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of programs that wait, and of modules with Dagster's names for other processes."""
    folder = tmp_path / "stand-in"
    wait = "print('running', flush=True)\ninput()\n"
    for name in ("dagster/__init__.py", "dagster_webserver/__init__.py"):
        write(folder / name, "")
    for name in ("dagster/_daemon.py", "dagster_webserver/__main__.py", "dagster-notes.py"):
        write(folder / name, wait)
    write(folder / "bin" / "dagster", wait)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.mark.parametrize(
    ("command", "below"),
    [
        ("bin/dagster dev -m lesson_lib.pipeline.definitions", "."),
        ("bin/dagster dev", "notebooks"),
        ("-m dagster._daemon run", "."),
        ("-m dagster_webserver --port 3000", "."),
    ],
)
def test_dagster_in_the_checkout_stops_the_reset(
    course: Path, stand_in: Path, command: str, below: str, run_reset: RunReset
) -> None:
    """Dagster opens the database only now and then, and would go on with files that are gone."""
    before = list_everything(course)
    words = command.replace("bin/", f"{stand_in}/bin/").split()
    with start_python(course / below, *words) as pid:
        assert run_reset() == (
            1,
            [f"Checkout: {course}"],
            (
                f"Nothing was removed: process {pid} runs Dagster in this checkout. "
                "Stop it, with Ctrl-C where `dagster dev` runs, and reset again.\n"
            ),
        )
    assert list_everything(course) == before


@pytest.mark.parametrize("is_home", [True, False])
def test_dagster_elsewhere_stops_the_reset_only_if_its_records_are_in_the_checkout(
    course: Path, stand_in: Path, run_reset: RunReset, *, is_home: bool
) -> None:
    """A process belongs to a checkout by its folder, or by its DAGSTER_HOME."""
    home = course if is_home else course.parent
    with start_python(course.parent, str(stand_in / "bin" / "dagster"), "dev", DAGSTER_HOME=str(home)):
        assert run_reset()[0] == int(is_home)
    assert (course / DATABASE).exists() == is_home


def test_a_program_that_only_mentions_dagster_does_not_stop_the_reset(
    course: Path, stand_in: Path, run_reset: RunReset
) -> None:
    """An editor of dagster.yaml is an example."""
    with start_python(course, str(stand_in / "dagster-notes.py"), "dagster.yaml"):
        assert run_reset()[0] == 0


def test_a_program_whose_instance_is_in_the_checkout_stops_the_reset(
    course: Path, stand_in: Path, run_reset: RunReset
) -> None:
    """An idle notebook has no file of its instance open, and would lose its records."""
    with start_python(course.parent, str(stand_in / "dagster-notes.py"), DAGSTER_HOME=str(course)) as pid:
        status, _, error = run_reset()
    assert (status, f"process {pid} runs Dagster in this checkout" in error) == (1, True)


@pytest.mark.parametrize(
    ("home", "is_noted"), [("elsewhere", True), ("course", False), ("missing", False), ("", False)]
)
def test_an_instance_elsewhere_is_mentioned(
    course: Path, home: str, monkeypatch: pytest.MonkeyPatch, run_reset: RunReset, *, is_noted: bool
) -> None:
    """Whether its records belong to this database cannot be known, so they stay."""
    records = course.parent / "elsewhere" / "history" / "runs.db"
    write(records)
    folder = str(course.parent / home) if home else ""
    monkeypatch.setenv("DAGSTER_HOME", folder)
    status, lines, _ = run_reset()
    note = (
        f"DAGSTER_HOME is {folder}: an instance there that has loaded this database still counts its keys as "
        "loaded. Run `backfill`, or materialize the keys, to load them again."
    )
    assert (status, lines[len(WRITTEN) + 1 :]) == (0, [note] * is_noted)
    assert records.exists()


def test_a_database_that_does_not_open_goes(course: Path, run_reset: RunReset) -> None:
    """`lesson doctor` sends people here for this; what DuckDB keeps beside it is removed as well."""
    (course / DATABASE).write_bytes(b"no database" * 1000)
    for name in (".wal", ".wal.checkpoint", ".wal.recovery", ".tmp/duckdb_temp_storage_DEFAULT-0.tmp"):
        write(Path(f"{course / DATABASE}{name}"))
    assert run_reset()[0] == 0
    assert read_files(course).keys() == COURSE
    assert not (course / "output").exists()


@pytest.mark.parametrize("folder", ["output", "output/solutions", "history/runs"])
def test_a_folder_that_may_not_be_changed_stops_the_reset_before_it_begins(
    course: Path, folder: str, monkeypatch: pytest.MonkeyPatch, run_reset: RunReset
) -> None:
    """The folder is named, with the next move."""
    before = list_everything(course)
    monkeypatch.setattr(reset.os, "access", lambda path, _: path != course / folder)
    assert run_reset() == (
        1,
        [f"Checkout: {course}"],
        (
            f"Nothing was removed: you may not remove files from {folder}. "
            "Make it writable for you, and reset again.\n"
        ),
    )
    assert list_everything(course) == before


def test_a_folder_that_cannot_be_read_stops_the_reset_before_it_begins(
    course: Path, monkeypatch: pytest.MonkeyPatch, run_reset: RunReset
) -> None:
    """The course's files in it cannot be distinguished from others."""

    def refuse(folder: Path, _: str) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    before = list_everything(course)
    monkeypatch.setattr(reset, "find_unexpected", refuse)
    assert run_reset() == (
        1,
        [f"Checkout: {course}"],
        (
            f"Nothing was removed: {course / 'history'} cannot be read (Permission denied). "
            "Make it readable for you, and reset again.\n"
        ),
    )
    assert list_everything(course) == before


@pytest.mark.usefixtures("course")
def test_what_cannot_be_removed_is_named(
    course: Path, monkeypatch: pytest.MonkeyPatch, run_reset: RunReset
) -> None:
    """Earlier removals are named too; the database goes last, as rows without records are loaded again."""
    remove_tree = reset.shutil.rmtree

    def refuse(path: Path) -> None:
        if path.name == "schedules":
            raise PermissionError(13, "Permission denied", str(path))
        remove_tree(path)

    monkeypatch.setattr(reset.shutil, "rmtree", refuse)
    assert run_reset() == (
        1,
        [f"Checkout: {course}", "Removed history"],
        (
            "schedules cannot be removed (Permission denied), so the reset stopped there. "
            "Close what has it open, and reset again.\n"
        ),
    )
    assert (course / DATABASE).exists()


def test_a_reader_that_goes_away_does_not_stop_the_reset(course: Path) -> None:
    """With `lesson reset | head -1`, everything is removed before the second line is printed."""
    program = "import sys; from lesson_lib.cli import main; sys.exit(main(['reset']))"
    with subprocess.Popen(
        [sys.executable, "-u", "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=course,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        process.wait(60)
    assert read_files(course).keys() == COURSE
