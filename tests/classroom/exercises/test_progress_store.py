"""Progress is kept over restarts, by several kernels at once, and no state of the file stops the lesson."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lesson_lib.classroom.exercises import progress_store
from lesson_lib.classroom.exercises.progress_store import (
    Attempted,
    Event,
    ExerciseProgress,
    HintGiven,
    Outcome,
    Predicted,
    Prediction,
    Progress,
    SolutionSeen,
    load,
    progress_file,
    record,
    reset,
)

HELD = (
    "Your progress is held in this kernel's memory for now, and not in {path} ({reason}). "
    "It is written there as soon as that is possible."
)
ONE_HINT = ExerciseProgress(hints=1)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of this test's own learner."""
    return use(tmp_path / "data" / "progress.json", monkeypatch)


@pytest.fixture
def of_nobody(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a learner's file, while this process has the rights of nobody in particular."""
    is_superuser = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:  # not `tmp_path`, whose parents are the superuser's
        if is_superuser:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield use(Path(folder, "progress.json"), monkeypatch)
        if is_superuser:
            os.seteuid(0)
        Path(folder).chmod(0o700)


def use(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have this process, and those it starts, keep progress in this file."""
    monkeypatch.setenv("LESSON_PROGRESS", str(path))
    return path


def kernel(code: str) -> subprocess.Popen[str]:
    """Start a second process that runs this code with the names of the module."""
    environment = {**os.environ, "PYTHONPATH": str(Path(progress_store.__file__).parent)}
    # As a module of its own: the package around it would spend seconds on importing Dagster.
    return subprocess.Popen(
        [sys.executable, "-c", f"import os, progress_store\nfrom progress_store import *\n{code}"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def output_of(code: str, code_of_exit: int = 0) -> str:
    """Run this code in a second process, and return what it printed."""
    with kernel(code) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == code_of_exit
    return output


def files(folder: Path) -> dict[str, bytes]:
    """Return what the folder holds, but for the lock, which holds nothing."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def saved(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the content of a file with one exercise."""
    done = {
        "attempts": 1,
        "outcome": "not yet",
        "solution_seen": False,
        "hints": 0,
        "misconceptions": ["appends"],
        "predictions": [{"guess": "8", "fact": "16", "off": True}],
    }
    return {"version": 1, "exercises": {"2.3": done | changed}}


def put(path: Path, content: object) -> bytes:
    """Write the file, as JSON if it is not bytes already."""
    written = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written)
    return written


def test_what_was_done_is_kept_in_a_file_of_its_own(path: Path) -> None:
    """Each kind of event adds its part, a restart finds it all, and nothing else stands in the file."""
    for event in (
        Predicted("2.1", "8", "16", off=True),
        Attempted("2.3", Outcome.RAISED),
        Attempted("2.3", Outcome.NOT_YET, ("appends", "by-date")),
        HintGiven("2.3"),
        HintGiven("2.3"),
        Attempted("2.3", Outcome.NOT_YET, ("by-date", "gap")),
        SolutionSeen("2.3"),
    ):
        latest = record(event)
    done = ExerciseProgress(
        attempts=3,
        outcome=Outcome.NOT_YET,
        solution_seen=True,
        hints=2,
        misconceptions=("appends", "by-date", "gap"),
    )
    guessed = ExerciseProgress(predictions=(Prediction("8", "16", off=True),))
    assert latest == load() == Progress({"2.1": guessed, "2.3": done})
    assert output_of("print(load())") == f"{latest}\n"
    assert json.loads(path.read_text()) == {
        "version": 1,
        "exercises": {
            "2.1": {
                "attempts": 0,
                "outcome": "not attempted",
                "solution_seen": False,
                "hints": 0,
                "misconceptions": [],
                "predictions": [{"guess": "8", "fact": "16", "off": True}],
            },
            "2.3": {
                "attempts": 3,
                "outcome": "not yet",
                "solution_seen": True,
                "hints": 2,
                "misconceptions": ["appends", "by-date", "gap"],
                "predictions": [],
            },
        },
    }
    assert {entry.name for entry in path.parent.iterdir()} <= {"progress.json", "progress.json.lock"}


def test_an_exercise_nobody_tried_has_nothing_done() -> None:
    """It need not be in the file to be asked for, and asking makes no folder."""
    assert load() == Progress()
    assert load().of("2.3") == ExerciseProgress()
    assert not progress_file().parent.exists()


def test_once_right_stays_right() -> None:
    """Playing on with a solved exercise loses nothing; until then the latest attempt counts."""
    assert record(Attempted("2.3", Outcome.NOT_YET)).of("2.3").outcome == Outcome.NOT_YET
    assert record(Attempted("2.3", Outcome.RAISED)).of("2.3").outcome == Outcome.RAISED
    assert record(Attempted("2.3", Outcome.RIGHT)).of("2.3").outcome == Outcome.RIGHT
    after = record(Attempted("2.3", Outcome.NOT_YET, ("appends",))).of("2.3")
    assert after == ExerciseProgress(attempts=4, outcome=Outcome.RIGHT, misconceptions=("appends",))


def test_the_solution_counts_until_the_answer_is_right() -> None:
    """To compare afterwards is no help; what was looked at before stays told."""
    record(Attempted("2.3", Outcome.NOT_YET))
    assert record(SolutionSeen("2.3")).of("2.3").solution_seen
    assert record(Attempted("2.3", Outcome.RIGHT)).of("2.3").solution_seen
    assert record(SolutionSeen("2.3")).of("2.3").solution_seen
    record(Attempted("2.4", Outcome.RIGHT))
    assert not record(SolutionSeen("2.4")).of("2.4").solution_seen


def test_the_same_guess_again_is_no_other() -> None:
    """A cell that is run twice predicts once."""
    for guess in ("8", "16", "8"):
        kept = record(Predicted("2.1", guess, "16", off=guess == "8"))
    assert kept.of("2.1").predictions == (Prediction("8", "16", off=True), Prediction("16", "16", off=False))


def test_the_file_lies_in_the_data_folder_of_the_learner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless LESSON_PROGRESS names another one; set to nothing, it names none."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LESSON_PROGRESS", "~/mine.json")
    assert progress_file() == tmp_path / "mine.json"
    monkeypatch.setattr(
        progress_store, "user_data_path", lambda name, appauthor: tmp_path / name / str(appauthor)
    )
    monkeypatch.setenv("LESSON_PROGRESS", "")
    assert progress_file() == tmp_path / "irregular-partitions" / "False" / "progress.json"
    monkeypatch.delenv("LESSON_PROGRESS")
    assert progress_file() == tmp_path / "irregular-partitions" / "False" / "progress.json"


def test_kernels_that_write_at_once_lose_nothing() -> None:
    """Four processes of 50 records each, half of them about the same exercise."""
    code = """
progress_store._PATIENCE = 60  # of a machine that is busy with other tests
me = input()
for number in range(25):
    assert not record(HintGiven("shared")).note
    assert not record(Predicted(f"{me}.{number}", me, "16", off=False)).note
"""
    processes = [kernel(code) for _ in range(4)]
    for name, process in zip("abcd", processes, strict=True):
        assert process.stdin
        process.stdin.write(f"{name}\n")
        process.stdin.flush()
    for process in processes:
        with process:
            assert process.wait(timeout=120) == 0
    kept = load()
    assert kept.note == ""
    assert kept.of("shared").hints == 100
    each = {f"{name}.{number}": name for name in "abcd" for number in range(25)}
    assert {
        exercise: done.predictions[0].guess for exercise, done in kept.exercises.items() if done.predictions
    } == each
    assert kept.exercises.keys() == {"shared", *each}


def test_a_kernel_killed_while_it_writes_loses_nothing_it_had_told() -> None:
    """Whatever the moment, all records that returned are there, and the next kernel can write at once."""
    told = 0
    for more in range(1, 6):
        with kernel(
            "while True:\n    print(record(HintGiven('2.3')).of('2.3').hints, flush=True)"
        ) as process:
            assert process.stdout
            for _ in range(more):
                told = int(process.stdout.readline())
            process.kill()
            told = max([told, *map(int, process.stdout.read().split())])
        kept = load()
        assert kept.note == ""
        assert kept.of("2.3").hints in {told, told + 1}  # the last one may have been written, and not told
        told = record(HintGiven("2.3")).of("2.3").hints
        assert told == kept.of("2.3").hints + 1
        assert load() == Progress({"2.3": ExerciseProgress(hints=told)})


@pytest.mark.parametrize("moment", ["os.fsync", "progress_store.Path.replace"])
def test_a_kernel_killed_at_a_bad_moment_leaves_the_old_file(path: Path, moment: str) -> None:
    """The new content is written beside the file, and what is left of it stands in nobody's way."""
    record(HintGiven("2.3"))
    before = path.read_bytes()
    die = f"{moment} = lambda *_: os.kill(os.getpid(), {int(signal.SIGKILL)})\nrecord(HintGiven('2.3'))"
    output_of(die, code_of_exit=-signal.SIGKILL)
    assert files(path.parent).keys() == {"progress.json", "progress.json.new"}
    assert path.read_bytes() == before
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ExerciseProgress(hints=2)})
    assert files(path.parent).keys() == {"progress.json"}


def test_a_kernel_that_hangs_while_it_writes_is_not_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lesson waits once, reads what there is, and writes what it holds when the other has ended."""
    record(HintGiven("2.3"))
    waits = []
    real = progress_store.FileLock

    def impatient(name: str, timeout: float, poll_interval: float) -> object:
        waits.append(timeout)
        return real(name, timeout=timeout / 20, poll_interval=poll_interval)

    monkeypatch.setattr(progress_store, "FileLock", impatient)
    with kernel(
        "os.fsync = lambda _: [print('busy', flush=True), input()]\nrecord(HintGiven('2.3'))"
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "busy\n"
        note = HELD.format(path=path, reason="another kernel is writing to it, and does not finish")
        assert load() == Progress({"2.3": ONE_HINT})
        assert record(HintGiven("1.1")) == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT}, note)
        both = {"2.3": ONE_HINT, "1.1": ExerciseProgress(hints=1, solution_seen=True)}
        assert record(SolutionSeen("1.1")) == load() == Progress(both, note)
        assert json.loads(path.read_text())["exercises"].keys() == {"2.3"}
        other.kill()
    assert waits == [2, 0, 0]
    assert load() == Progress(both)
    assert json.loads(path.read_text())["exercises"].keys() == {"2.3", "1.1"}


def test_a_kernel_writes_what_it_held_beside_what_others_wrote(path: Path) -> None:
    """Neither takes the place of the other."""
    path.mkdir(parents=True)
    note = HELD.format(path=path, reason="it is not a file")
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT}, note)
    path.rmdir()
    output_of("record(HintGiven('2.3'))")
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ExerciseProgress(hints=3)})
    assert output_of("print(load().of('2.3').hints)") == "3\n"


DAMAGED = [
    b"",
    b"{",
    b"\xff\x00",
    b"[" * 100_000,
    b"[]",
    b"{}",
    b'"version"',
    b'{"version": 1}',
    b'{"version": 1, "exercises": [["2.3"]]}',
    b'{"version": 1, "exercises": {"2.3": null}}',
    b'{"version": 1, "exercises": {"2.3": {}}}',
    json.dumps(saved(attempts=1)).encode().replace(b": 1", b": " + b"1" * 5_000),
    {"version": 0, "exercises": {}},
    {"version": "2", "exercises": {}},
    {"version": True, "exercises": {}, "more": 1},
    saved(attempts="3"),
    saved(attempts=1.5),
    saved(attempts=True),
    saved(attempts=-1),
    saved(hints=10**12),
    saved(hints=None),
    saved(hints=float("nan")),
    saved(outcome="wrong"),
    saved(outcome=["right"]),
    saved(outcome=None),
    saved(solution_seen=1),
    saved(misconceptions="appends"),
    saved(misconceptions=[1]),
    saved(misconceptions=[["appends"]]),
    saved(misconceptions={"appends": 1}),
    saved(misconceptions=[f"{number}" for number in range(51)]),
    saved(misconceptions=["x" * 201]),
    saved(predictions=[{"guess": "8"}]),
    saved(predictions=[{"guess": "8", "off": True}]),
    saved(predictions=[{"guess": 8, "fact": "16", "off": True}]),
    saved(predictions=[{"guess": "8", "fact": 16, "off": True}]),
    saved(predictions=[{"guess": "8", "fact": "16", "off": "yes"}]),
    saved(predictions=["8"]),
    saved(times=[1]),
    {"version": 1, "exercises": {"x" * 201: saved()["exercises"]["2.3"]}},
    b" " * 1_000_001 + b'{"version": 1, "exercises": {}}',
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_damaged_file_is_set_aside(path: Path, content: object) -> None:
    """It is renamed as it is, the learner is told once, and a new one begins."""
    written = put(path, content)
    aside = path.with_name("progress.1.json")
    note = f"The file of your progress is damaged. It is set aside as {aside}, and a new one begins."
    assert load() == Progress(note=note)
    assert load() == Progress()
    assert files(path.parent) == {"progress.1.json": written}
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert aside.read_bytes() == written


def test_a_file_of_a_newer_course_is_set_aside(path: Path) -> None:
    """Also when it is met by a record, and beside those that were set aside before."""
    written = put(path, {"version": 2, "learner": {}})
    put(path.with_name("progress.1.json"), b"the first")
    path.with_name("progress.2.json").symlink_to("nowhere")
    aside = path.with_name("progress.3.json")
    note = (
        "The file of your progress comes from a newer version of this course. "
        f"It is set aside as {aside}, and a new one begins."
    )
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT}, note)
    assert load() == Progress({"2.3": ONE_HINT})
    assert aside.read_bytes() == written
    assert path.with_name("progress.1.json").read_bytes() == b"the first"
    assert path.with_name("progress.2.json").is_symlink()


def test_a_file_edited_by_hand_is_read(path: Path) -> None:
    """Its layout does not matter, nor does the mark that some editors put first."""
    put(path, b"\xef\xbb\xbf" + json.dumps(saved(), indent=7).encode())
    done = ExerciseProgress(
        attempts=1,
        outcome=Outcome.NOT_YET,
        misconceptions=("appends",),
        predictions=(Prediction("8", "16", off=True),),
    )
    assert load() == Progress({"2.3": done})


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_what_is_no_file_is_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    """Nothing is made beside it, and a pipe is not waited for."""
    path.parent.mkdir()
    make(path)
    assert load() == Progress(note=f"Your progress cannot be read from {path} (it is not a file).")
    note = HELD.format(path=path, reason="it is not a file")
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT}, note)
    assert list(path.parent.iterdir()) == [path]
    reset_note = f"Your progress stays as it was: {path} cannot be reset (it is not a file)."
    assert reset() == Progress(note=reset_note)


def test_a_file_in_the_place_of_the_folder_is_left_alone(path: Path) -> None:
    """The reason is the system's own."""
    path.parent.write_text("mine")
    kept = record(HintGiven("2.3"))
    assert kept.of("2.3") == ONE_HINT
    assert kept.note == HELD.format(path=path, reason="File exists")
    assert path.parent.read_text() == "mine"


def test_a_folder_that_cannot_be_written_to(of_nobody: Path) -> None:
    """The kernel shows the file and what it holds, and writes it once it can."""
    record(HintGiven("2.3"))
    before = files(of_nobody.parent)
    of_nobody.with_name("progress.json.lock").unlink()
    of_nobody.parent.chmod(0o555)
    assert load() == Progress({"2.3": ONE_HINT})
    both = {"2.3": ONE_HINT, "1.1": ONE_HINT}
    note = HELD.format(path=of_nobody, reason="Permission denied")
    assert record(HintGiven("1.1")) == load() == Progress(both, note)
    assert files(of_nobody.parent) == before
    of_nobody.parent.chmod(0o700)
    assert load() == Progress(both)
    assert json.loads(of_nobody.read_text())["exercises"].keys() == both.keys()


def test_a_damaged_file_that_cannot_be_set_aside(of_nobody: Path) -> None:
    """The note names both troubles, and the file stays as it is."""
    written = put(of_nobody, b"{")
    of_nobody.parent.chmod(0o555)
    reason = "the file there is damaged and cannot be set aside: Permission denied"
    assert load() == Progress(note=f"Your progress cannot be read from {of_nobody} ({reason}).")
    note = HELD.format(path=of_nobody, reason=reason)
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT}, note)
    assert files(of_nobody.parent) == {"progress.json": written}


def test_a_file_that_is_read_only_is_not_replaced(of_nobody: Path) -> None:
    """Though its folder would permit it; neither is it reset."""
    record(HintGiven("2.3"))
    before = of_nobody.read_bytes()
    of_nobody.chmod(0o444)
    note = HELD.format(path=of_nobody, reason="Permission denied")
    assert record(HintGiven("1.1")) == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT}, note)
    stays = f"Your progress stays as it was: {of_nobody} cannot be reset (Permission denied)."
    assert reset() == Progress({"2.3": ONE_HINT}, stays)
    assert load() == Progress({"2.3": ONE_HINT})
    assert files(of_nobody.parent) == {"progress.json": before}


def test_a_file_that_may_not_be_read_is_not_replaced(of_nobody: Path) -> None:
    """What this kernel did is all that it can show."""
    record(HintGiven("2.3"))
    of_nobody.chmod(0)
    assert load().note == f"Your progress cannot be read from {of_nobody} (Permission denied)."
    note = HELD.format(path=of_nobody, reason="Permission denied")
    assert record(HintGiven("1.1")) == Progress({"1.1": ONE_HINT}, note)
    of_nobody.chmod(0o600)
    assert load() == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT})


def test_a_full_disk_holds_progress_in_memory(path: Path) -> None:
    """The file stays whole, nothing half-written is left, and with room again all is written."""
    record(HintGiven("2.3"))
    before = files(path.parent)
    output = output_of(
        """
import resource
unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, unlimited[1]))
kept = record(HintGiven("1.1"))
print(list(kept.exercises), kept.note)
print(sorted(os.listdir(progress_file().parent)))
print(progress_file().read_text() == input())
resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
print(record(HintGiven("1.2")).note == "", list(load().exercises))
""".replace("input()", repr(before["progress.json"].decode()))
    )
    note = HELD.format(path=path, reason="File too large")
    assert output == (
        f"['2.3', '1.1'] {note}\n['progress.json', 'progress.json.lock']\nTrue\nTrue ['2.3', '1.1', '1.2']\n"
    )
    assert load() == Progress(dict.fromkeys(["2.3", "1.1", "1.2"], ONE_HINT))


@pytest.mark.parametrize(
    "exercise",
    [
        "",
        "../../etc/passwd",
        "<script>alert(1)</script>",
        "a\x00b\n\u202ec",
        '"}, "version": 2',
        "\ud800",
        "é😀",
        "__proto__",
        "x" * 5_000,
    ],
    ids=range(9),
)
def test_a_hostile_id_is_a_text_like_any_other(path: Path, exercise: str) -> None:
    """It names no file, ends no string, and is cut when it is long."""
    record(Attempted(exercise, Outcome.NOT_YET, (exercise,)))
    kept = record(Predicted(exercise, exercise, "16", off=True))
    cut = exercise[:200]
    done = ExerciseProgress(
        attempts=1,
        outcome=Outcome.NOT_YET,
        misconceptions=(cut,),
        predictions=(Prediction(cut, "16", off=True),),
    )
    assert kept == load() == Progress({cut: done})
    assert kept.of(exercise) == done
    assert files(path.parent).keys() == {"progress.json"}


def test_one_exercise_stays_small() -> None:
    """The first 50 misconceptions and 20 guesses are kept, and a count ends at a million."""
    many = tuple(f"m{number}" for number in range(1_000))
    record(Attempted("2.3", Outcome.NOT_YET, many))
    for number in range(25):
        done = record(Predicted("2.3", f"g{number}", "16", off=True)).of("2.3")
    assert done.misconceptions == many[:50]
    assert [prediction.guess for prediction in done.predictions] == [f"g{number}" for number in range(20)]
    put(progress_file(), saved(attempts=1_000_000, hints=1_000_000))
    record(Attempted("2.3", Outcome.RIGHT))
    done = record(HintGiven("2.3")).of("2.3")
    assert (done.attempts, done.hints, load().note) == (1_000_000, 1_000_000, "")


def test_the_file_stays_small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes beyond its size is held in memory, and a reset makes room."""
    monkeypatch.setattr(progress_store, "_MOST_BYTES", 1_000)
    exercises = [f"2.{number}" for number in range(10)]
    for exercise in exercises:
        kept = record(HintGiven(exercise))
    assert list(kept.exercises) == exercises
    assert kept.note == HELD.format(path=path, reason="the file would grow beyond 1 MB; a reset makes room")
    assert 500 < path.stat().st_size <= 1_000
    assert reset().exercises == load().exercises == {}
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT})


def test_what_is_held_in_memory_stays_small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that can never write remembers the latest events."""
    monkeypatch.setattr(progress_store, "_MOST_HELD", 3)
    path.mkdir(parents=True)
    for number in range(5):
        kept = record(HintGiven(f"2.{number}"))
    assert list(kept.exercises) == ["2.2", "2.3", "2.4"]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (Attempted("2.3", "wrong"), ValueError),  # type: ignore[arg-type] # what it is about
        (Attempted("2.3", Outcome.RIGHT, (1,)), TypeError),  # type: ignore[arg-type] # as above
        (Attempted(2.3, Outcome.RIGHT), TypeError),  # type: ignore[arg-type] # as above
        (Predicted("2.3", 8, "16", off=True), TypeError),  # type: ignore[arg-type] # as above
        (Predicted("2.3", "8", "16", off=1), ValueError),  # type: ignore[arg-type] # as above
    ],
    ids=range(5),
)
def test_an_event_that_cannot_be_kept_is_refused(event: Event, error: type[Exception]) -> None:
    """At once, and the next one is kept as if it had never been."""
    with pytest.raises(error):
        record(event)
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})


def test_a_reset_begins_anew_and_keeps_the_old_file(path: Path) -> None:
    """For every kernel; what is done from then on is kept, and what was done lies beside it."""
    for number, event in enumerate((HintGiven("2.3"), HintGiven("1.1")), 1):
        record(event)
        before = path.read_bytes()
        aside = path.with_name(f"progress.{number}.json")
        note = f"Your progress so far is kept as {aside}, and a new file begins."
        assert reset() == Progress(note=note)
        assert reset() == load() == Progress()
        assert output_of("print(load())") == f"{Progress()}\n"
        assert aside.read_bytes() == before
    assert record(HintGiven("1.2")) == Progress({"1.2": ONE_HINT})
    assert files(path.parent).keys() == {"progress.json", "progress.1.json", "progress.2.json"}


def test_a_reset_of_nothing_makes_nothing(path: Path) -> None:
    """Nor does it in a folder that is not there."""
    assert reset() == Progress()
    assert not path.parent.exists()


def test_a_reset_forgets_what_is_held_in_memory(path: Path) -> None:
    """It is not written later, when the file can be."""
    path.mkdir(parents=True)
    record(HintGiven("2.3"))
    reset()
    path.rmdir()
    assert load() == Progress()
    assert record(HintGiven("1.1")) == Progress({"1.1": ONE_HINT})


def test_a_reset_sets_a_damaged_file_aside(path: Path) -> None:
    """It may hold what the learner still wants, and did not mean."""
    written = put(path, b"{")
    aside = path.with_name("progress.1.json")
    note = f"The file of your progress is damaged. It is set aside as {aside}, and a new one begins."
    assert reset() == Progress(note=note)
    assert aside.read_bytes() == written
    assert load() == Progress()


def test_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    """The file that it leads to is replaced, wherever that is."""
    real = tmp_path / "elsewhere" / "mine.json"
    path.parent.mkdir()
    path.symlink_to(real)
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert path.is_symlink()
    assert real.is_file()
