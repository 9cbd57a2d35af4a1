"""Exercises 4.2, 4.5 and 4.6: values that are not answers, wrong answers, and the facts behind them."""

import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES, MISCONCEPTIONS
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.outcome import Outcome

WAYS = ("one run per key", "one run for all", "DuckDB alone", "one run for all, DuckDB ten times as fast")


def answer_4_2(*seconds: object) -> dict[str, object]:
    """Return an answer to 4.2."""
    return dict(zip(WAYS, seconds, strict=True))


def answer_4_5(letters: str) -> dict[str, str]:
    """Return an answer to 4.5."""
    return dict(zip(("says", "holder", "read", "now", "tonight"), letters, strict=True))


def answer_4_6(letters: str) -> dict[str, str]:
    """Return an answer to 4.6."""
    return dict(zip(("newcomers", "migration", "orders", "desk"), letters, strict=True))


@pytest.mark.parametrize(
    ("exercise", "answer", "message"),
    [
        (EXERCISES["4.2"], 950, 'such as {"one run per key": 300, "one run for all": 30, ...}.'),
        (EXERCISES["4.2"], {"one run per key": 950}, f"nothing for {', '.join(map(repr, WAYS[1:]))}."),
        (EXERCISES["4.2"], answer_4_2("16 min", 49, 2.5, 47), "such as 2.5, and not '16 min'."),
        (EXERCISES["4.2"], answer_4_2("1,000", 49, 2.5, 47), "such as 2.5, and not '1,000'."),
        (EXERCISES["4.2"], answer_4_2(950, -49, 2.5, 47), "such as 2.5, and not -49."),
        (EXERCISES["4.2"], answer_4_2(950, 49, float("nan"), 47), "such as 2.5, and not nan."),
        (EXERCISES["4.2"], answer_4_2(950, 49, 2.5, None), "such as 2.5, and not None."),
        (EXERCISES["4.5"], "cbadc", 'such as {"says": "a", "holder": "a", ...}.'),
        (EXERCISES["4.5"], answer_4_5("cbaec"), "The answer to now is one letter out of a, b, c, d"),
        (EXERCISES["4.5"], answer_4_5("cbadd"), "The answer to tonight is one letter out of a, b, c,"),
        (EXERCISES["4.6"], "acdg", 'such as {"newcomers": "a", "migration": "a", ...}.'),
        (EXERCISES["4.6"], answer_4_6("achg"), "one letter out of a, b, c, d, e, f, g"),
    ],
)
def test_another_value_is_not_attempted(exercise: Exercise, answer: object, message: str) -> None:
    """The message says what would be an answer."""
    verdict = judge(exercise, (answer,))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert message in " ".join(verdict.lines)


@pytest.mark.parametrize(
    ("exercise", "answer", "facts"),
    [
        (EXERCISES["4.2"], answer_4_2(95, 49, 2.5, 47), ("one run per key: 95 seconds", "more")),
        (
            EXERCISES["4.2"],
            answer_4_2(950, 100, 2.5, 98),
            ("one run for all: 100 seconds", "less"),
        ),  # from the 30 keys
        (EXERCISES["4.2"], answer_4_2(950, 49, 10, 40), ("DuckDB alone: 10 seconds", "less")),  # as above
        (
            EXERCISES["4.2"],
            answer_4_2(950, 49, 2.5, 49),
            (f"{WAYS[3]}: 49 seconds, which saves 0 of 49", "less: DuckDB's part gets shorter"),
        ),
        (
            EXERCISES["4.5"],
            answer_4_5("aaaaa"),
            ("says, a: a lock keeps other processes out of a file that is fine", "another answer"),
        ),
        (
            EXERCISES["4.6"],
            answer_4_6("acdd"),
            (
                "desk, d: coarser keys mean fewer runs, and each of them still needs the file for itself",
                "another strategy",
            ),
        ),
    ],
)
def test_a_wrong_answer_is_located_without_the_right_one(
    exercise: Exercise, answer: object, facts: tuple[str, str]
) -> None:
    """The verdict names no belief that the answer does not show."""
    verdict = judge(exercise, (answer,))
    assert (verdict.outcome, verdict.misconception) == (Outcome.NOT_YET, "")
    assert tuple(value for _, value in verdict.facts[1:]) == facts


@pytest.mark.parametrize(
    ("exercise", "right", "listed"),
    [
        (EXERCISES["4.5"], answer_4_5("cbadc"), answer_4_5("dccdc")),
        (EXERCISES["4.6"], answer_4_6("acdg"), answer_4_6("gggg")),
    ],
)
def test_every_other_letter_is_wrong_for_a_reason(
    exercise: Exercise, right: dict[str, str], listed: dict[str, str]
) -> None:
    """Each listed letter has its own reason, and the catalogue has each belief that is named."""
    reasons = set()
    for name, last in listed.items():
        for letter in "abcdefg"[: "abcdefg".index(last) + 1]:
            if letter != right[name]:
                verdict = judge(exercise, (right | {name: letter},))
                seen = dict(verdict.facts)["Seen"]
                assert seen.startswith(f"{name}, {letter}: ")
                assert {verdict.misconception} <= {"", *MISCONCEPTIONS}
                reasons.add(seen)
    assert judge(exercise, (right,)).outcome is Outcome.RIGHT
    assert len(reasons) == sum(map("abcdefg".index, listed.values()))


@pytest.mark.parametrize(
    ("one_run", "faster", "outcome", "belief"),
    [
        (37, 34.75, "RIGHT", ""),
        (49, 48.9, "RIGHT", ""),
        (49, 46, "RIGHT", ""),
        (49, 45, "NOT_YET", "database-takes-the-time"),
        (37, 20, "NOT_YET", "database-takes-the-time"),
        (49, 55, "NOT_YET", ""),
    ],
)
def test_a_faster_database_saves_at_most_its_own_time(
    one_run: float, faster: float, outcome: str, belief: str
) -> None:
    """The answer's own numbers count, because one run for all may be off by a quarter."""
    verdict = judge(EXERCISES["4.2"], (answer_4_2(950, one_run, 2.5, faster),))
    assert (verdict.outcome, verdict.misconception) == (Outcome[outcome], belief), repr(verdict)


@pytest.mark.parametrize(
    ("factor", "outcome"), [(0.76, "RIGHT"), (1.24, "RIGHT"), (0.74, "NOT_YET"), (1.26, "NOT_YET")]
)
def test_each_number_may_be_off_by_a_quarter(factor: float, outcome: str) -> None:
    """This is checked for one number at a time."""
    right = (950, 49, 2.5)
    for place, way in enumerate(WAYS[:3]):
        run_a_key, one_run, duckdb_alone = (
            seconds * (factor if place == here else 1) for here, seconds in enumerate(right)
        )
        answer = answer_4_2(run_a_key, one_run, duckdb_alone, one_run - 0.9 * duckdb_alone)
        assert judge(EXERCISES["4.2"], (answer,)).outcome is Outcome[outcome], way


@pytest.mark.parametrize("read_only", [False, True])
def test_4_5_quotes_duckdbs_message(tmp_path: Path, *, read_only: bool) -> None:
    """DuckDB says the same to readers, apart from path, program and process id."""
    path = tmp_path / "warehouse.duckdb"
    script = (
        "import duckdb, os, sys; held = duckdb.connect(sys.argv[1]); print(os.getpid(), flush=True); input()"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        pid = holder.stdout.readline().strip()
        with pytest.raises(duckdb.IOException) as raised:
            duckdb.connect(path, read_only=read_only)
        holder.communicate("end\n")
    found = (
        str(raised.value).replace(str(path), "/srv/prices/warehouse.duckdb").replace(f"PID {pid}", "PID 4711")
    )
    quoted = re.sub(r"held in \S+", "held in /srv/venv/bin/python3.11", found)
    assert f"```text\n{quoted}\n```" in EXERCISES["4.5"].task
    duckdb.connect(path).close()


def test_one_process_may_open_a_file_several_times(tmp_path: Path) -> None:
    """Therefore 4.5 excludes two steps of one run."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as one, duckdb.connect(path) as other:
        one.execute("create table prices as select 40.5::double as price")
        assert other.sql("from prices").fetchall() == [(40.5,)]
