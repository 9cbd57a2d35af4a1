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
    Progress,
    SolutionSeen,
    load,
    progress_file,
    record,
    reset,
)

HELD = (
    "For now, your progress is kept in this kernel's memory and not in {path} ({reason}). "
    "It will be written there as soon as possible."
)
ONE_HINT = ExerciseProgress(hints=1)


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the progress file of this test."""
    return use_progress_file(tmp_path / "data" / "progress.json", monkeypatch)


@pytest.fixture
def users_path(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a progress file while this process runs as an ordinary user."""
    is_superuser = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as folder:  # not `tmp_path`, whose parents are the superuser's
        if is_superuser:
            os.chown(folder, 65534, -1)
            os.seteuid(65534)
        yield use_progress_file(Path(folder, "progress.json"), monkeypatch)
        if is_superuser:
            os.seteuid(0)
        Path(folder).chmod(0o700)


def use_progress_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this process and its child processes keep progress in this file."""
    monkeypatch.setenv("LESSON_PROGRESS", str(path))
    return path


def start_kernel(code: str) -> subprocess.Popen[str]:
    """Start a second process that runs this code with the names of the module."""
    # The packages around the module are empty: importing them would import Dagster, which takes seconds.
    folder = Path(progress_store.__file__).parent
    name = "lesson_lib.classroom.exercises"
    packages = {name: folder, "lesson_lib.classroom": folder.parent, "lesson_lib": folder.parent.parent}
    imports = f"""
import os, sys, types
for name, path in {[(name, str(path)) for name, path in packages.items()]}:
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = [path]
from {name} import progress_store
from {name}.outcome import Outcome
from {name}.progress_store import *
"""
    return subprocess.Popen(
        [sys.executable, "-c", imports + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_in_kernel(code: str) -> str:
    """Run this code in a second process, and return what it printed."""
    with start_kernel(code) as process:
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return output


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder with their content, except for the lock, which is empty."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".lock"}


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file, read as JSON."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def make_version_1(**changed: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
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


def write(path: Path, content: object) -> bytes:
    """Write the file, as JSON if the content is not bytes, and return its bytes."""
    written = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written)
    return written


def test_each_event_is_a_line_of_the_file(path: Path) -> None:
    """Another process reads them all, and the file contains nothing else."""
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
    guessed = ExerciseProgress(predictions=(Predicted("2.1", "8", "16", off=True),))
    assert latest == load() == Progress({"2.1": guessed, "2.3": done})
    assert run_in_kernel("print(load())") == f"{latest}\n"
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


def test_an_exercise_without_events_has_empty_progress() -> None:
    """It is not in the file, and reading does not create the folder."""
    assert load() == Progress()
    assert load().of("2.3") == ExerciseProgress()
    assert not progress_file().parent.exists()


def test_right_stays_right() -> None:
    """A later attempt does not change the outcome of a solved exercise, and does not count as an attempt."""
    assert record(Attempted("2.3", Outcome.NOT_YET)).of("2.3").outcome == Outcome.NOT_YET
    assert record(Attempted("2.3", Outcome.RAISED)).of("2.3").outcome == Outcome.RAISED
    assert record(Attempted("2.3", Outcome.RIGHT)).of("2.3").outcome == Outcome.RIGHT
    after = record(Attempted("2.3", Outcome.NOT_YET, ("appends",))).of("2.3")
    assert after == ExerciseProgress(attempts=3, outcome=Outcome.RIGHT, misconceptions=("appends",))


def test_looking_at_the_solution_counts_until_the_answer_is_right() -> None:
    """Comparing with it afterwards is not recorded, and what was recorded before stays."""
    record(Attempted("2.3", Outcome.NOT_YET))
    assert record(SolutionSeen("2.3")).of("2.3").solution_seen
    assert record(Attempted("2.3", Outcome.RIGHT)).of("2.3").solution_seen
    assert record(SolutionSeen("2.3")).of("2.3").solution_seen
    record(Attempted("2.4", Outcome.RIGHT))
    assert not record(SolutionSeen("2.4")).of("2.4").solution_seen


def test_a_repeated_guess_counts_once() -> None:
    """Running a cell again makes no other prediction."""
    for guess in ("8", "16", "8"):
        kept = record(Predicted("2.1", guess, "16", off=guess == "8"))
    assert kept.of("2.1").predictions == (
        Predicted("2.1", "8", "16", off=True),
        Predicted("2.1", "16", "16", off=False),
    )


def test_the_file_is_in_the_learners_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LESSON_PROGRESS names another file, unless it is empty."""
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


def test_kernels_that_write_at_the_same_time_lose_nothing() -> None:
    """Four processes record 50 events each, half of them for the same exercise."""
    code = """
progress_store._LOCK_TIMEOUT_SECONDS = 60  # other tests may keep the machine busy
me = input()
for number in range(25):
    assert not record(HintGiven("shared")).note
    assert not record(Predicted(f"{me}.{number}", me, "16", off=False)).note
"""
    processes = [start_kernel(code) for _ in range(4)]
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


def test_a_kernel_that_is_killed_loses_no_recorded_event() -> None:
    """All events whose `record` returned are in the file, and the next kernel can write immediately."""
    reported = 0
    for more in range(1, 6):
        with start_kernel(
            "while True:\n    print(record(HintGiven('2.3')).of('2.3').hints, flush=True)"
        ) as process:
            assert process.stdout
            for _ in range(more):
                reported = int(process.stdout.readline())
            process.kill()
            reported = max([reported, *map(int, process.stdout.read().split())])
        kept = load()
        assert kept.note == ""
        # The last event may have been written, but not reported.
        assert kept.of("2.3").hints in {reported, reported + 1}
        reported = record(HintGiven("2.3")).of("2.3").hints
        assert reported == kept.of("2.3").hints + 1
        assert load() == Progress({"2.3": ExerciseProgress(hints=reported)})


def test_an_unfinished_line_is_skipped(path: Path) -> None:
    """Wherever a killed kernel stopped writing, the events before and after that line count."""
    record(HintGiven("2.3"))
    whole = path.read_bytes()
    line = whole.replace(b"2.3", b"1.1")
    for length in range(1, len(line)):
        is_finished = length == len(line) - 1  # only the line break is missing
        write(path, whole + line[:length])
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
    """All other lines count, and the damaged one stays in the file."""
    record(HintGiven("1.1"))
    good = path.read_bytes()
    content = write(path, line + b"\n" + good if is_first else good + line + b"\n")
    assert load() == Progress({"1.1": ONE_HINT})
    assert record(HintGiven("1.2")) == load() == Progress({"1.1": ONE_HINT, "1.2": ONE_HINT})
    assert path.read_bytes().startswith(content)


def test_a_kernel_that_hangs_does_not_block_others(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others wait once, read the file, and write their own events after the kernel has ended."""
    record(HintGiven("2.3"))
    timeouts = []
    real = progress_store.FileLock

    def lock_soon(name: str, timeout: float, poll_interval: float) -> object:
        timeouts.append(timeout)
        return real(name, timeout=timeout / 20, poll_interval=poll_interval)

    monkeypatch.setattr(progress_store, "FileLock", lock_soon)
    with start_kernel(
        "progress_store.asdict = lambda _: [print('busy', flush=True), input()]\nrecord(HintGiven('2.3'))"
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "busy\n"
        note = HELD.format(path=path, reason="another kernel is writing to it, and does not finish")
        assert load() == Progress({"2.3": ONE_HINT})
        assert record(HintGiven("1.1")) == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT}, note)
        both = {"2.3": ONE_HINT, "1.1": ExerciseProgress(hints=1, solution_seen=True)}
        assert record(SolutionSeen("1.1")) == load() == Progress(both, note)
        assert len(read_lines(path)) == 1
        other.kill()
    assert timeouts == [2, 0, 0]
    assert load() == Progress(both)
    assert len(read_lines(path)) == 3


def test_events_held_in_memory_are_added_to_those_of_others(path: Path) -> None:
    """Neither kernel overwrites the events of the other."""
    path.mkdir(parents=True)
    note = HELD.format(path=path, reason="it is not a file")
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT}, note)
    path.rmdir()
    run_in_kernel("record(HintGiven('2.3'))")
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ExerciseProgress(hints=3)})
    assert run_in_kernel("print(load().of('2.3').hints)") == "3\n"


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
    json.dumps(make_version_1()).encode().replace(b": 3", b": " + b"1" * 5_000),
    {"version": 0, "exercises": {}},
    {"version": "2", "exercises": {}},
    make_version_1(attempts="many"),
    make_version_1(hints=None),
    make_version_1(hints=float("nan")),
    make_version_1(outcome="wrong"),
    make_version_1(outcome=["right"]),
    make_version_1(outcome=None),
    make_version_1(misconceptions=[1]),
    make_version_1(misconceptions=None),
    make_version_1(predictions=[{"guess": "8"}]),
    make_version_1(predictions=[{"guess": "8", "off": True}]),
    make_version_1(predictions=[{"guess": 8, "fact": "16", "off": True}]),
    make_version_1(predictions=["8"]),
    b" " * 1_000_001 + b'{"version": 1, "exercises": {}}',
]


@pytest.mark.parametrize("content", DAMAGED, ids=range(len(DAMAGED)))
def test_a_file_without_a_readable_line_is_set_aside(path: Path, content: object) -> None:
    """It is renamed, the first note has its new name. A new file starts now."""
    written = write(path, content)
    aside = path.with_name("progress.1.json")
    note = f"The file of your progress is damaged. It is set aside as {aside}, and a new one begins."
    assert load() == Progress(note=note)
    assert load() == Progress()
    assert read_files(path.parent) == {"progress.1.json": written}
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert aside.read_bytes() == written


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("before", [b"", b'{"version": 2, "event": "HintGiven", "exercise": "2.3"}\n'])
def test_a_file_of_a_newer_version_is_set_aside(path: Path, indent: int | None, before: bytes) -> None:
    """`record` sets it aside as well, and files that were set aside earlier do not change."""
    if before and indent:
        return
    written = write(path, before + json.dumps({"version": 3, "learner": {}}, indent=indent).encode())
    write(path.with_name("progress.1.json"), b"the first")
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
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte-order-mark"])
def test_a_file_of_version_1_is_continued(path: Path, indent: int | None, mark: bytes) -> None:
    """Its layout and a byte-order mark do not matter, and its content does not change."""
    written = write(path, mark + json.dumps(make_version_1(more="unknown"), indent=indent).encode())
    done = ExerciseProgress(
        attempts=3,
        outcome=Outcome.NOT_YET,
        solution_seen=True,
        hints=2,
        misconceptions=("appends",),
        predictions=(Predicted("2.3", "8", "16", off=True),),
    )
    assert load() == Progress({"2.3": done})
    assert read_files(path.parent) == {"progress.json": written}
    record(HintGiven("1.1"))
    right = record(Attempted("2.3", Outcome.RIGHT, ("by-date",)))
    done = replace(done, attempts=4, outcome=Outcome.RIGHT, misconceptions=("appends", "by-date"))
    assert right == load() == Progress({"2.3": done, "1.1": ONE_HINT})
    assert path.read_bytes().startswith(written + b"\n")


def test_an_empty_file_is_continued(path: Path) -> None:
    """It contains nothing that could be lost."""
    write(path, b"")
    assert load() == reset() == Progress()
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert read_files(path.parent).keys() == {"progress.json"}


def test_a_file_edited_by_hand_is_read(path: Path) -> None:
    """Blank lines, spaces, line ends of Windows and a byte-order mark do not matter."""
    write(path, b'\xef\xbb\xbf\r\n  {"exercise":"2.3","event":"HintGiven","version":2}  \r\n\r\n')
    assert load() == Progress({"2.3": ONE_HINT})
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ExerciseProgress(hints=2)})


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_a_folder_or_a_pipe_is_left_alone(path: Path, make: Callable[[Path], None]) -> None:
    """Nothing is created beside it, and nothing waits for the pipe."""
    path.parent.mkdir()
    make(path)
    assert load() == Progress(note=f"Your progress cannot be read from {path} (it is not a file).")
    note = HELD.format(path=path, reason="it is not a file")
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT}, note)
    assert list(path.parent.iterdir()) == [path]
    reset_note = f"Your progress stays as it was: {path} cannot be reset (it is not a file)."
    assert reset() == Progress(note=reset_note)


def test_a_file_with_the_name_of_the_folder_is_left_alone(path: Path) -> None:
    """The note has the reason of the operating system."""
    path.parent.write_text("mine")
    kept = record(HintGiven("2.3"))
    assert kept.of("2.3") == ONE_HINT
    assert kept.note == HELD.format(path=path, reason="File exists")
    assert path.parent.read_text() == "mine"


def test_a_folder_may_be_read_only(users_path: Path) -> None:
    """The kernel shows the events of the file and its own, and writes its own as soon as it can."""
    record(HintGiven("2.3"))
    before = read_files(users_path.parent)
    users_path.with_name("progress.json.lock").unlink()
    users_path.parent.chmod(0o555)
    assert load() == Progress({"2.3": ONE_HINT})
    both = {"2.3": ONE_HINT, "1.1": ONE_HINT}
    note = HELD.format(path=users_path, reason="Permission denied")
    assert record(HintGiven("1.1")) == load() == Progress(both, note)
    assert read_files(users_path.parent) == before
    users_path.parent.chmod(0o700)
    assert load() == Progress(both)
    assert [line["exercise"] for line in read_lines(users_path)] == ["2.3", "1.1"]


def test_a_damaged_file_may_be_in_a_read_only_folder(users_path: Path) -> None:
    """The note has both problems, and the file does not change."""
    written = write(users_path, b"{")
    users_path.parent.chmod(0o555)
    reason = "the file there is damaged and cannot be set aside: Permission denied"
    assert load() == Progress(note=f"Your progress cannot be read from {users_path} ({reason}).")
    note = HELD.format(path=users_path, reason=reason)
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT}, note)
    assert read_files(users_path.parent) == {"progress.json": written}


def test_a_read_only_file_is_not_changed(users_path: Path) -> None:
    """A reset does not change it either, although its folder would allow that."""
    record(HintGiven("2.3"))
    before = users_path.read_bytes()
    users_path.chmod(0o444)
    note = HELD.format(path=users_path, reason="Permission denied")
    assert record(HintGiven("1.1")) == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT}, note)
    stays = f"Your progress stays as it was: {users_path} cannot be reset (Permission denied)."
    assert reset() == Progress({"2.3": ONE_HINT}, stays)
    assert load() == Progress({"2.3": ONE_HINT})
    assert read_files(users_path.parent) == {"progress.json": before}


def test_an_unreadable_file_is_not_changed(users_path: Path) -> None:
    """The kernel shows only its own events."""
    record(HintGiven("2.3"))
    users_path.chmod(0)
    assert load().note == f"Your progress cannot be read from {users_path} (Permission denied)."
    note = HELD.format(path=users_path, reason="Permission denied")
    assert record(HintGiven("1.1")) == Progress({"1.1": ONE_HINT}, note)
    users_path.chmod(0o600)
    assert load() == Progress({"2.3": ONE_HINT, "1.1": ONE_HINT})


def test_events_stay_in_memory_while_the_disk_is_full(path: Path) -> None:
    """No half-written line is left, and all events are written as soon as there is room."""
    record(HintGiven("2.3"))
    before = read_files(path.parent)
    output = run_in_kernel(
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
def test_a_hostile_id_is_plain_text(path: Path, exercise: str) -> None:
    """It is not used as a path or as code, and it is cut if it is long."""
    record(Attempted(exercise, Outcome.NOT_YET, (exercise,)))
    kept = record(Predicted(exercise, exercise, "16", off=True))
    cut = exercise[:200]
    done = ExerciseProgress(
        attempts=1,
        outcome=Outcome.NOT_YET,
        misconceptions=(cut,),
        predictions=(Predicted(cut, cut, "16", off=True),),
    )
    assert kept == load() == Progress({cut: done})
    assert kept.of(exercise) == done
    assert read_files(path.parent).keys() == {"progress.json"}


def test_the_file_stays_small(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events beyond its maximum size are held in memory, and a reset makes room."""
    monkeypatch.setattr(progress_store, "_MAX_BYTES", 1_000)
    exercises = [f"2.{number}" for number in range(20)]
    for exercise in exercises:
        kept = record(HintGiven(exercise))
    assert list(kept.exercises) == exercises
    assert kept.note == HELD.format(path=path, reason="the file would grow beyond 1 MB; a reset makes room")
    assert 500 < path.stat().st_size <= 1_000
    assert reset().exercises == load().exercises == {}
    assert record(HintGiven("2.3")) == Progress({"2.3": ONE_HINT})


def test_the_events_in_memory_stay_few(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that can never write keeps only its latest events."""
    monkeypatch.setattr(progress_store, "_MAX_PENDING_EVENTS", 3)
    path.mkdir(parents=True)
    for number in range(5):
        kept = record(HintGiven(f"2.{number}"))
    assert list(kept.exercises) == ["2.2", "2.3", "2.4"]


@pytest.mark.parametrize(
    ("event", "error"),
    [
        (Attempted("2.3", "wrong"), ValueError),  # type: ignore[arg-type] # the subject of this test
        (Attempted("2.3", Outcome.RIGHT, (1,)), TypeError),  # type: ignore[arg-type] # as above
        (Attempted(2.3, Outcome.RIGHT), TypeError),  # type: ignore[arg-type] # as above
        (Predicted("2.3", 8, "16", off=True), TypeError),  # type: ignore[arg-type] # as above
        (Predicted("2.3", "8", "16", off=1), ValueError),  # type: ignore[arg-type] # as above
    ],
    ids=range(5),
)
def test_an_invalid_event_is_rejected(event: Event, error: type[Exception]) -> None:
    """It has no effect on later events."""
    with pytest.raises(error):
        record(event)
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})


def test_a_reset_starts_again_and_keeps_the_old_file(path: Path) -> None:
    """It applies to every kernel, and later events are written to a new file."""
    for number, event in enumerate((HintGiven("2.3"), HintGiven("1.1")), 1):
        record(event)
        before = path.read_bytes()
        aside = path.with_name(f"progress.{number}.json")
        note = f"Your progress so far is kept as {aside}. A new file starts now."
        assert reset() == Progress(note=note)
        assert reset() == load() == Progress()
        assert run_in_kernel("print(load())") == f"{Progress()}\n"
        assert aside.read_bytes() == before
    assert record(HintGiven("1.2")) == Progress({"1.2": ONE_HINT})
    assert read_files(path.parent).keys() == {"progress.json", "progress.1.json", "progress.2.json"}


def test_a_reset_without_a_file_creates_nothing(path: Path) -> None:
    """Not even the folder is created."""
    assert reset() == Progress()
    assert not path.parent.exists()


def test_a_reset_forgets_events_in_memory(path: Path) -> None:
    """They are not written later."""
    path.mkdir(parents=True)
    record(HintGiven("2.3"))
    reset()
    path.rmdir()
    assert load() == Progress()
    assert record(HintGiven("1.1")) == Progress({"1.1": ONE_HINT})


def test_a_reset_sets_a_damaged_file_aside(path: Path) -> None:
    """It may contain something that the learner still needs."""
    written = write(path, b"{")
    aside = path.with_name("progress.1.json")
    note = f"The file of your progress is damaged. It is set aside as {aside}, and a new one begins."
    assert reset() == Progress(note=note)
    assert aside.read_bytes() == written
    assert load() == Progress()


def test_a_symbolic_link_stays_a_link(path: Path, tmp_path: Path) -> None:
    """The file that it refers to is written."""
    real = tmp_path / "elsewhere" / "mine.json"
    path.parent.mkdir()
    path.symlink_to(real)
    assert record(HintGiven("2.3")) == load() == Progress({"2.3": ONE_HINT})
    assert path.is_symlink()
    assert real.is_file()
