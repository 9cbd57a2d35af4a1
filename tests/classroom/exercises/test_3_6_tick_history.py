"""The five ticks of exercise 3.6 agree with its texts."""

import json

import pytest

from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.simulator.tick import RunOutcome
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator
from lesson_lib.course.five_ticks import five_ticks
from lesson_lib.pipeline import InvalidKey

RIGHT = {2: "e", 3: "c", 4: "g", 5: "a"}


@pytest.fixture(scope="module")
def daemon() -> TickSimulator:
    """Return the five ticks, which no test changes."""
    return five_ticks()


def test_the_runs_of_each_tick(daemon: TickSimulator) -> None:
    """A failed run is not requested again, one is dropped, and a failed tick's files come later."""
    assert [[(run.run_key, run.became) for run in tick.runs] for tick in daemon.ticks] == [
        [
            ("acme.csv", RunOutcome.SUCCEEDED),
            ("bluebird.csv", RunOutcome.SUCCEEDED),
            ("zenith.csv", RunOutcome.FAILED),
        ],
        [],
        [("acme.csv", RunOutcome.DROPPED)],
        [],
        [("globex.eu.csv", RunOutcome.SUCCEEDED), ("o'hare.csv", RunOutcome.SUCCEEDED)],
    ]


def test_the_files_of_each_tick(daemon: TickSimulator) -> None:
    """At the fifth tick, o'hare's file has not changed, and the bad name is gone."""
    assert [(tick.files.new, tick.files.changed, tick.files.gone) for tick in daemon.ticks] == [
        (("acme.csv", "bluebird.csv", "zenith.csv"), (), ()),
        ((), (), ()),
        ((), ("acme.csv",), ()),
        (("globex...eu.csv", "o'hare.csv"), (), ()),
        (("globex.eu.csv",), (), ("globex...eu.csv",)),
    ]
    assert "o'hare.csv" in daemon.ticks[4].files.same


def test_the_cursor_of_each_tick(daemon: TickSimulator) -> None:
    """It moves unless the tick failed, and remembers the corrected file, which no run has loaded."""
    seen = [json.loads(tick.cursor_after or "") for tick in daemon.ticks]
    assert seen[0] == seen[1]
    assert seen[1]["acme.csv"] != seen[2]["acme.csv"]
    assert seen[2] == seen[3]
    assert set(seen[4]) - set(seen[3]) == {"globex.eu.csv", "o'hare.csv"}


def test_one_name_fails_the_fourth_tick(daemon: TickSimulator) -> None:
    """The error names this file and no other."""
    errors = [tick.error for tick in daemon.ticks]
    assert [type(error) for error in errors] == [type(None)] * 3 + [InvalidKey, type(None)]
    assert "'globex...eu' cannot be a partition key" in str(errors[3])
    assert "o'hare" not in str(errors[3])


@pytest.mark.parametrize(
    ("tick", "letter"),
    [(tick, letter) for tick, right in RIGHT.items() for letter in "abcdefgh" if letter != right],
)
def test_the_history_contradicts_each_wrong_explanation(tick: int, letter: str) -> None:
    """The verdict quotes the ticks, and not the letter, which the learner knows."""
    verdict = judge(EXERCISES["3.6"], (RIGHT | {tick: letter},))
    assert verdict.outcome is Outcome.NOT_YET
    seen = dict(verdict.facts)["Seen"]
    assert "tick" in seen
    assert not seen.endswith(f" {letter}")
    assert dict(verdict.facts)["Expected"] == f"another explanation of tick {tick}"


@pytest.mark.parametrize(
    ("answers", "seen"),
    [
        ({3: "f"}, "tick 3 shows acme.csv as changed; the daemon compares run keys, never content"),
        ({4: "a", 5: "g"}, "tick 4 failed with InvalidKey, and no tick before it had failed"),
        ({5: "g"}, "tick 5 did not fail, both its runs succeeded, and tick 4 had requested neither of them"),
        ({3: "b"}, "the run of acme at tick 1 succeeded; the one that failed is zenith's"),
    ],
)
def test_a_wrong_answer_may_show_no_belief(answers: dict[int, str], seen: str) -> None:
    """For example, two swapped letters show no misconception."""
    verdict = judge(EXERCISES["3.6"], (RIGHT | answers,))
    assert (verdict.misconception, dict(verdict.facts)["Seen"]) == ("", seen)


def test_the_history_is_the_same_each_time(daemon: TickSimulator) -> None:
    """It contains no time, id or folder, so the stored output of the notebook stays valid."""
    again = five_ticks()
    assert repr(again) == repr(daemon)
    assert [repr(tick) for tick in again.ticks] == [repr(tick) for tick in daemon.ticks]


def test_the_task_shows_the_sensor_that_ticked() -> None:
    """It shows the whole sensor, and the line of the hint works."""
    task = EXERCISES["3.6"].task
    assert "def half_fixed(context: dg.SensorEvaluationContext):" in task
    assert "cursor=json.dumps(sizes)," in task
    assert "five_ticks().ticks[3] " in EXERCISES["3.6"].hints[1]
