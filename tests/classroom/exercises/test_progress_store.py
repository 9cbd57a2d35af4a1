"""Progress survives restarts and several kernels at once, and no state of the file stops the lesson."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
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
def of_user(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a learner's file, while this process runs as an ordinary user."""
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
    """Make this process, and those that it starts, keep progress in this file."""
    monkeypatch.setenv("LESSON_PROGRESS", str(path))
    return path


def kernel(code: str) -> subprocess.Popen[str]:
    """Start a second process that runs this code with the names of the module."""
    # Of the packages around it, only the paths: importing them imports Dagster, which takes seconds.
    folder = Path(progress_store.__file__).parent
    name = "lesson_lib.classroom.exercises"
    packages = {name: folder, "lesson_lib.classroom": folder.parent, "lesson_lib": folder.parent.parent}
    begin = f"""
import os, sys, types
for name, path in {[(name, str(path)) for name, path in packages.items()]}:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from {name} import progress_store
from {name}.outcome import Outcome
from {name}.progress_store import *
"""
    return subprocess.Popen(
        [sys.executable, "-c", begin + code],
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
    """Return the files in a folder with their content, except for the lock, which is empty."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def version_1(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return the content of a file of version 1 with one exercise."""
    done = {
        "attempts": 3,
        "outcome": "not yet",
        "solution_seen": True,
        "hints": 2,
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
    """Each kind of event adds its line, a restart finds them all, and the file contains nothing else."""
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
    assert path.read_text() == (
        '{"version": 2, "event": "Predicted", "exercise": "2.1", "guess": "8", "fact": "16", "off": true}\n'
        '{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": "your code raised", '
        '"misconceptions": []}\n'
        '{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": "not yet", '
        '"misconceptions": ["appends", "by-date"]}\n'
        '{"version": 2, "event": "HintGiven", "exercise": "2.3"}\n'
        '{"version": 2, "event": "HintGiven", "exercise": "2.3"}\n'
        '{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": "not yet", '
        '"misconceptions": ["by-date", "gap"]}\n'
        '{"version": 2, "event": "SolutionSeen", "exercise": "2.3"}\n'
    )
    assert {entry.name for entry in path.parent.iterdir()} <= {"progress.json", "progress.json.lock"}


def test_an_exercise_nobody_tried_has_nothing_done() -> None:
    """It need not be in the file, and reading makes no folder."""
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
    """Comparing afterwards does not count as help; looking at it before always counts."""
    record(Attempted("2.3", Outcome.NOT_YET))
    assert record(SolutionSeen("2.3")).of("2.3").solution_seen
    assert record(Attempted("2.3", Outcome.RIGHT)).of("2.3").solution_seen
    assert record(SolutionSeen("2.3")).of("2.3").solution_seen
    record(Attempted("2.4", Outcome.RIGHT))
    assert not record(SolutionSeen("2.4")).of("2.4").solution_seen


def test_a_repeated_guess_counts_once() -> None:
    """A cell that is run twice makes one prediction."""
    for guess in ("8", "16", "8"):
        kept = record(Predicted("2.1", guess, "16", off=guess == "8"))
    assert kept.of("2.1").predictions == (Prediction("8", "16", off=True), Prediction("16", "16", off=False))


def test_the_file_lies_in_the_data_folder_of_the_learner(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LESSON_PROGRESS names another one, unless it is empty."""
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
    """Four processes record 50 events each, half of them about the same exercise."""
    code = """
progress_store._LOCK_TIMEOUT_SECONDS = 60  # of a machine that is busy with other tests
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


def test_a_kernel_killed_while_it_writes_loses_nothing_it_had_reported() -> None:
    """All records that returned are there, and the next kernel can write at once."""
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


def test_a_line_that_was_never_finished_is_skipped(path: Path) -> None:
    """Wherever a killed kernel stopped writing, the events before and after it count."""
    record(HintGiven("2.3"))
    whole = path.read_bytes()
    line = whole.replace(b"2.3", b"1.1")
    for length in range(1, len(line)):
        is_finished = length == len(line) - 1  # but for its end
        put(path, whole + line[:length])
        before = {"2.3": ONE_HINT, **({"1.1": ONE_HINT} if is_finished else {})}
        assert load() == Progress(before)
        assert record(HintGiven("1.2")) == load() == Progress({**before, "1.2": ONE_HINT})
        assert path.read_bytes().startswith(whole + line[:length] + b"\n")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\x00",
        b"[" * 100_000,
        b"8",
        b"{}",
        b'{"version": 2}',
        b'{"version": 2, "event": "Other", "exercise": "2.3"}',
        b'{"version": 2, "event": ["HintGiven"], "exercise": "2.3"}',
        b'{"version": "2", "event": "HintGiven", "exercise": "2.3"}',
        b'{"version": 2, "event": "HintGiven", "exercise": 2.3}',
        b'{"version": 2, "event": "HintGiven", "exercise": "2.3", "at": "noon"}',
        b'{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": "wrong", "misconceptions": []}',
        b'{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": ["right"]}',
        b'{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": "right", "misconceptions": "a"}',
        b'{"version": 2, "event": "Attempted", "exercise": "2.3", "outcome": "right", "misconceptions": [1]}',
        b'{"version": 2, "event": "Predicted", "exercise": "2.3", "guess": "8", "off": true}',
        b'{"version": 2, "event": "Predicted", "exercise": "2.3", "guess": 8, "fact": "16", "off": true}',
        b'{"version": 2, "event": "Predicted", "exercise": "2.3", "guess": "8", "fact": "16", "off": 1}',
    ],
    ids=range(18),
)
@pytest.mark.parametrize("is_first", [False, True])
def test_a_damaged_line_is_skipped(path: Path, line: bytes, *, is_first: bool) -> None:
    """The others count, and it stays in the file."""
    record(HintGiven("1.1"))
    good = path.read_bytes()
    content = put(path, line + b"\n" + good if is_first else good + line + b"\n")
    assert load() == Progress({"1.1": ONE_HINT})
    assert record(HintGiven("1.2")) == load() == Progress({"1.1": ONE_HINT, "1.2": ONE_HINT})
    assert path.read_bytes().startswith(content)


def test_a_kernel_that_hangs_while_it_writes_is_not_waited_for(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lesson waits once, reads what there is, and writes its own events when the other has ended."""
    record(HintGiven("2.3"))
    timeouts = []
    real = progress_store.FileLock

    def lock_soon(name: str, timeout: float, poll_interval: float) -> object:
        timeouts.append(timeout)
        return real(name, timeout=timeout / 20, poll_interval=poll_interval)

    monkeypatch.setattr(progress_store, "FileLock", lock_soon)
    with kernel(
        "progress_store.asdict = lambda _: [print('busy', flush=True), input()]\nrecord(HintGiven('2.3'))"
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "busy\n"
        note = HELD.format(path=path, reason="another kernel is writing to it, and does not finish")
        assert load() == Progress({"2.3": ONE_HINT})
        assert record(HintGiven("1.1")) == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT}, note)
        both = {"2.3": ONE_HINT, "1.1": ExerciseProgress(hints=1, solution_seen=True)}
        assert record(SolutionSeen("1.1")) == load() == Progress(both, note)
        assert len(lines_of(path)) == 1
        other.kill()
    assert timeouts == [2, 0, 0]
    assert load() == Progress(both)
    assert len(lines_of(path)) == 3


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
    b"{",
    b"\xff\x00",
    b"[" * 100_000,
    b"[]",
    b"{}",
    b'"version"',
    b"An essay.\nIt has two lines.\n",
    b'{"version": 1}',
    b'{"version": 1, "exercises": [["2.3"]]}',
    b'{"version": 1, "exercises": {"2.3": null}}',
    b'{"version": 1, "exercises": {"2.3": {}}}',
    json.dumps(version_1()).encode().replace(b": 3", b": " + b"1" * 5_000),
    {"version": 0, "exercises": {}},
    {"version": "2", "exercises": {}},
    version_1(attempts="many"),
    version_1(hints=None),
    version_1(hints=float("nan")),
    version_1(outcome="wrong"),
    version_1(outcome=["right"]),
    version_1(outcome=None),
    version_1(misconceptions=[1]),
    version_1(misconceptions=None),
    version_1(predictions=[{"guess": "8"}]),
    version_1(predictions=[{"guess": "8", "off": True}]),
    version_1(predictions=[{"guess": 8, "fact": "16", "off": True}]),
    version_1(predictions=["8"]),
    b" " * 1_000_001 + b'{"version": 1, "exercises": {}}',
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_file_without_a_readable_line_is_set_aside(path: Path, content: object) -> None:
    """It is renamed, the note names it once, and a new one begins."""
    written = put(path, content)
    aside = path.with_name("progress.1.json")
    note = f"The file of your progress is damaged. It is set aside as {aside}, and a new one begins."
    assert load() == Progress(note=note)
    assert load() == Progress()
    assert files(path.parent) == {"progress.1.json": written}
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert aside.read_bytes() == written


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("before", [b"", b'{"version": 2, "event": "HintGiven", "exercise": "2.3"}\n'])
def test_a_file_of_a_newer_course_is_set_aside(path: Path, indent: int | None, before: bytes) -> None:
    """A record does so as well, and files that were set aside earlier stay as they are."""
    if before and indent:
        return
    written = put(path, before + json.dumps({"version": 3, "learner": {}}, indent=indent).encode())
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


@pytest.mark.parametrize("indent", [None, 1, 7])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "mark"])
def test_a_file_of_version_1_is_continued(path: Path, indent: int | None, mark: bytes) -> None:
    """Its layout does not matter, nor does the mark that some editors put first; nothing in it is changed."""
    written = put(path, mark + json.dumps(version_1(more="unknown"), indent=indent).encode())
    done = ExerciseProgress(
        attempts=3,
        outcome=Outcome.NOT_YET,
        solution_seen=True,
        hints=2,
        misconceptions=("appends",),
        predictions=(Prediction("8", "16", off=True),),
    )
    assert load() == Progress({"2.3": done})
    assert files(path.parent) == {"progress.json": written}
    record(HintGiven("1.1"))
    right = record(Attempted("2.3", Outcome.RIGHT, ("by-date",)))
    done = replace(done, attempts=4, outcome=Outcome.RIGHT, misconceptions=("appends", "by-date"))
    assert right == load() == Progress({"2.3": done, "1.1": ONE_HINT})
    assert path.read_bytes().startswith(written + b"\n")


def test_an_empty_file_is_continued(path: Path) -> None:
    """There is nothing in it to set aside."""
    put(path, b"")
    assert load() == reset() == Progress()
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert files(path.parent).keys() == {"progress.json"}


def test_a_file_edited_by_hand_is_read(path: Path) -> None:
    """Blank lines, spaces, Windows' line ends and the mark that some editors put first do not matter."""
    put(path, b'\xef\xbb\xbf\r\n  {"exercise":"2.3","event":"HintGiven","version":2}  \r\n\r\n')
    assert load() == Progress({"2.3": ONE_HINT})
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ExerciseProgress(hints=2)})


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_a_folder_or_a_pipe_is_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    """Nothing is made beside it, and nothing waits for the pipe."""
    path.parent.mkdir()
    make(path)
    assert load() == Progress(note=f"Your progress cannot be read from {path} (it is not a file).")
    note = HELD.format(path=path, reason="it is not a file")
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT}, note)
    assert list(path.parent.iterdir()) == [path]
    reset_note = f"Your progress stays as it was: {path} cannot be reset (it is not a file)."
    assert reset() == Progress(note=reset_note)


def test_a_file_in_the_place_of_the_folder_is_left_alone(path: Path) -> None:
    """The note quotes the system's reason."""
    path.parent.write_text("mine")
    kept = record(HintGiven("2.3"))
    assert kept.of("2.3") == ONE_HINT
    assert kept.note == HELD.format(path=path, reason="File exists")
    assert path.parent.read_text() == "mine"


def test_a_folder_that_cannot_be_written_to(of_user: Path) -> None:
    """The kernel shows the file's events and its own, and writes its own once it can."""
    record(HintGiven("2.3"))
    before = files(of_user.parent)
    of_user.with_name("progress.json.lock").unlink()
    of_user.parent.chmod(0o555)
    assert load() == Progress({"2.3": ONE_HINT})
    both = {"2.3": ONE_HINT, "1.1": ONE_HINT}
    note = HELD.format(path=of_user, reason="Permission denied")
    assert record(HintGiven("1.1")) == load() == Progress(both, note)
    assert files(of_user.parent) == before
    of_user.parent.chmod(0o700)
    assert load() == Progress(both)
    assert [line["exercise"] for line in lines_of(of_user)] == ["2.3", "1.1"]


def test_a_damaged_file_that_cannot_be_set_aside(of_user: Path) -> None:
    """The note names both problems, and the file stays as it is."""
    written = put(of_user, b"{")
    of_user.parent.chmod(0o555)
    reason = "the file there is damaged and cannot be set aside: Permission denied"
    assert load() == Progress(note=f"Your progress cannot be read from {of_user} ({reason}).")
    note = HELD.format(path=of_user, reason=reason)
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT}, note)
    assert files(of_user.parent) == {"progress.json": written}


def test_a_file_that_is_read_only_is_not_changed(of_user: Path) -> None:
    """It is not reset either, though its folder would permit that."""
    record(HintGiven("2.3"))
    before = of_user.read_bytes()
    of_user.chmod(0o444)
    note = HELD.format(path=of_user, reason="Permission denied")
    assert record(HintGiven("1.1")) == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT}, note)
    stays = f"Your progress stays as it was: {of_user} cannot be reset (Permission denied)."
    assert reset() == Progress({"2.3": ONE_HINT}, stays)
    assert load() == Progress({"2.3": ONE_HINT})
    assert files(of_user.parent) == {"progress.json": before}


def test_a_file_that_may_not_be_read_is_not_changed(of_user: Path) -> None:
    """The kernel can show only its own events."""
    record(HintGiven("2.3"))
    of_user.chmod(0)
    assert load().note == f"Your progress cannot be read from {of_user} (Permission denied)."
    note = HELD.format(path=of_user, reason="Permission denied")
    assert record(HintGiven("1.1")) == Progress({"1.1": ONE_HINT}, note)
    of_user.chmod(0o600)
    assert load() == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT})


def test_a_full_disk_holds_progress_in_memory(path: Path) -> None:
    """No half-written line is left, and once there is room again, all events are written."""
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
    """It is neither a path nor code, and is cut if it is long."""
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


def test_the_file_stays_small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events beyond its maximal size are held in memory, and a reset makes room."""
    monkeypatch.setattr(progress_store, "_MAX_BYTES", 1_000)
    exercises = [f"2.{number}" for number in range(20)]
    for exercise in exercises:
        kept = record(HintGiven(exercise))
    assert list(kept.exercises) == exercises
    assert kept.note == HELD.format(path=path, reason="the file would grow beyond 1 MB; a reset makes room")
    assert 500 < path.stat().st_size <= 1_000
    assert reset().exercises == load().exercises == {}
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT})


def test_what_is_held_in_memory_stays_small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that can never write remembers only its latest events."""
    monkeypatch.setattr(progress_store, "_MAX_PENDING_EVENTS", 3)
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
def test_an_invalid_event_is_rejected(event: Event, error: type[Exception]) -> None:
    """It has no effect on later ones."""
    with pytest.raises(error):
        record(event)
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})


def test_a_reset_starts_again_and_keeps_the_old_file(path: Path) -> None:
    """It does so for every kernel, and later events go to a new file."""
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
    """It does not make the folder either."""
    assert reset() == Progress()
    assert not path.parent.exists()


def test_a_reset_forgets_what_is_held_in_memory(path: Path) -> None:
    """Those events are not written later."""
    path.mkdir(parents=True)
    record(HintGiven("2.3"))
    reset()
    path.rmdir()
    assert load() == Progress()
    assert record(HintGiven("1.1")) == Progress({"1.1": ONE_HINT})


def test_a_reset_sets_a_damaged_file_aside(path: Path) -> None:
    """It may contain something that the learner still wants."""
    written = put(path, b"{")
    aside = path.with_name("progress.1.json")
    note = f"The file of your progress is damaged. It is set aside as {aside}, and a new one begins."
    assert reset() == Progress(note=note)
    assert aside.read_bytes() == written
    assert load() == Progress()


def test_a_symbolic_link_stays_one(path: Path, tmp_path: Path) -> None:
    """The file behind it is written."""
    real = tmp_path / "elsewhere" / "mine.json"
    path.parent.mkdir()
    path.symlink_to(real)
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert path.is_symlink()
    assert real.is_file()
