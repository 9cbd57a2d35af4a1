"""What `check` says of each kind of answer, and what it keeps of it; nothing of the learner's changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError

from lesson_lib.classroom.exercises import check, checking, fact, hint, predict, solution
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, load

BELIEF = "loading-twice-is-harmless"
SCENARIO = ("Scenario", "Your function doubles 4.")
HELP = 'hint("9.9") gives a hint, solution("9.9") a worked answer.'


def _doubles(answer: Any) -> Miss | None:  # noqa: ANN401 - whatever a test gives
    """Your function doubles 4.

    Only the first line is the scenario's name.
    """
    if not callable(answer):
        raise NoAnswer("Give check your function.")
    doubled = answer(4)
    return None if doubled == 8 else Miss(BELIEF, seen=str(doubled), expected="8")


ASKED = replace(
    EXERCISES["1.2"],
    id="9.9",
    starter='def double(number):\n    ...\n\n\ncheck("9.9", double)',
    takeaway="Twice is once more.",
    scenarios=(_doubles,),
)


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is an exercise 9.9, whose answer is a function that doubles a number."""
    monkeypatch.setattr(checking, "EXERCISES", {**EXERCISES, "9.9": ASKED})


def answered(body: str) -> str:
    """Write a cell whose function has this body."""
    lines = "\n    ".join(body.splitlines())
    return f'def double(number):\n    {lines}\n\n\ncheck("9.9", double)'


def test_a_blank_is_not_attempted(run_cell: Callable[[str], Any]) -> None:
    """The lines where they are first, then how to begin; nothing is kept."""
    verdict = run_cell(answered('con.execute("____")\nreturn ...'))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert verdict.facts == (
        ("Still blank", 'double, line 2: con.execute("____")'),
        ("Still blank", "double, line 3: return ..."),
    )
    assert verdict.lines == (f"Put your answer in the place of the blanks, and run the cell again. {HELP}",)
    assert not load().exercises


def test_dots_left_in_written_code_are_to_be_taken_out(run_cell: Callable[[str], Any]) -> None:
    """The title does not deny the work; as little is kept of it as of a blank."""
    verdict = run_cell(answered("twice = 2 * number\n...\nreturn twice"))
    assert repr(verdict).splitlines()[0] == "○ Exercise 9.9: not checked yet"
    assert verdict.facts == (("Still blank", "double, line 3: ..."),)
    assert verdict.lines == (f"Take the dots out once you have written your code around them. {HELP}",)
    assert not load().exercises


@pytest.mark.parametrize(
    ("cell", "places"),
    [
        ('check("2.7", ..., 8)', ["answer 1 of 2"]),
        ('check("2.7", lab.source, ["____", ...])', ["answer 2 of 2"]),
        ('check("2.6", {"bluebird": "d", "o\'hare": ..., "zenith": ...})', []),
    ],
)
def test_a_blank_beside_answers_is_named(
    cell: str, places: list[str], run_cell: Callable[[str], Any]
) -> None:
    """By its number, where there are several."""
    verdict = run_cell(cell)
    assert verdict.facts == tuple(("Still blank", place) for place in places)
    assert repr(verdict).splitlines()[0].endswith(": not checked yet")


def test_not_yet_says_what_was_seen(run_cell: Callable[[str], Any]) -> None:
    """The scenario, the difference and the belief; the attempt is kept."""
    verdict = run_cell(answered("return number"))
    assert verdict.outcome is Outcome.NOT_YET
    assert verdict.facts == (SCENARIO, ("Seen", "4"), ("Expected", "8"))
    assert (verdict.misconception, verdict.lines) == (BELIEF, (HELP, ""))
    assert load().of("9.9") == ExerciseProgress(attempts=1, outcome=Outcome.NOT_YET, misconceptions=(BELIEF,))


def test_right_stays_right(run_cell: Callable[[str], Any]) -> None:
    """With what to take along; a later mistake counts as an attempt and changes nothing else."""
    verdict = run_cell(answered("return 2 * number"))
    assert repr(verdict) == "✓ Exercise 9.9: right\n  Twice is once more."
    run_cell(answered("raise ValueError"))
    assert load().of("9.9") == ExerciseProgress(attempts=2, outcome=Outcome.RIGHT)


RAISED = {
    'raise ValueError("no luck")': (
        ("Raised", "ValueError: no luck"),
        ("Where", 'double, line 2 of its cell: raise ValueError("no luck")'),
    ),
    # No module, and of several lines the one that says it.
    'duckdb.sql("selec 1")': (
        ("Raised", 'ParserException: Parser Error: syntax error at or near "selec"'),
        ("Where", 'double, line 2 of its cell: duckdb.sql("selec 1")'),
    ),
    'exec("a b")': (
        ("Raised", "SyntaxError: invalid syntax"),
        ("Where", 'double, line 2 of its cell: exec("a b")'),
    ),
    "return double(number)": (
        ("Raised", "RecursionError: maximum recursion depth exceeded"),
        ("Where", "double, line 2 of its cell: return double(number)"),
    ),
    'raise ExceptionGroup("both", [KeyError(1), ValueError(2)])': (
        ("Raised", "ExceptionGroup: both (2 sub-exceptions)"),
        ("Where", 'double, line 2 of its cell: raise ExceptionGroup("both", [KeyError(1), ValueError(2)])'),
    ),
    'error = ValueError("no luck")\nerror.add_note("a note")\nraise error': (
        ("Raised", "ValueError: no luck"),
        ("Where", "double, line 4 of its cell: raise error"),
    ),
    "raise SystemExit": (("Stopped", "It asked to end the notebook. Leave exit() out, and use return."),),
}


@pytest.mark.parametrize("body", RAISED, ids=range(len(RAISED)))
def test_raised_says_what_and_where(body: str, run_cell: Callable[[str], Any]) -> None:
    """The learner's own line, whatever it called; the attempt is kept."""
    verdict = run_cell(answered(body))
    assert (verdict.outcome, verdict.facts) == (Outcome.RAISED, (SCENARIO, *RAISED[body]))
    assert load().of("9.9") == ExerciseProgress(attempts=1, outcome=Outcome.RAISED)


def test_an_error_of_dagsters_is_explained_and_nothing_said_twice(run_cell: Callable[[str], Any]) -> None:
    """What was raised, then why and what next in plain words, then where."""
    verdict = run_cell(
        answered(
            "@dg.asset(partitions_def=s3_partitions_def)\ndef prices(): pass\n"
            'dg.materialize([prices], partition_key="nobody", instance=instance)'
        )
    )
    told = dict(verdict.facts)
    assert list(told) == ["Scenario", "Raised", "Why", "Next", "Where", "Read"]
    assert told["Raised"].startswith("DagsterUnknownPartitionError: Could not find a partition with key")
    assert told["Where"].startswith("double, line 4 of its cell: dg.materialize([prices], ")
    assert not [one for one in told.values() for other in told.values() if one is not other and one in other]


def test_what_was_printed_is_shown_where_it_may_help(
    run_cell: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Below a mistake and below an error, not below a right answer, and never on the page itself."""
    shown = "\n  What your code printed:\n    I have 4"
    for ending in ("return number", "raise ValueError"):
        assert shown in repr(run_cell(answered(f'print("I have", number)\n{ending}')))
    capsys.readouterr()
    assert "printed" not in repr(run_cell(answered('print("I have", number)\nreturn 8')))
    assert "I have" not in capsys.readouterr().out


USAGE = {
    "check(2.4, 1)": 'The id of an exercise comes first, in quotes, such as "1.1".',
    "check(double)": 'The id of an exercise comes first, in quotes, such as "1.1".',
    'check("2.40", 1)': f"There is no exercise '2.40'. There are: {', '.join(EXERCISES)}, 9.9.",
    'check("1.1", 3)': "1.1 is a prediction: predict('1.1', ...) takes your guess.",
    'predict("1.2", 3)': "1.2 is no prediction: check('1.2', ...) takes your answer.",
    'fact("1.2", 3)': "1.2 is no prediction: check('1.2', ...) takes your answer.",
    "hint(None)": 'The id of an exercise comes first, in quotes, such as "1.1".',
    'solution("nine")': f"There is no exercise 'nine'. There are: {', '.join(EXERCISES)}, 9.9.",
}


def test_what_earlier_scenarios_printed_is_left_out() -> None:
    """It would stand in the way of what the one printed that found something."""

    def doubles_5(answer: Callable[[int], int]) -> Miss | None:
        """Your function doubles 5."""
        answer(5)
        return Miss()

    def speaks(number: int) -> int:
        print("I have", number)  # noqa: T201 - what it is about
        return 2 * number

    verdict = judge(replace(ASKED, scenarios=(_doubles, doubles_5)), (speaks,))
    assert (verdict.outcome, verdict.printed) == (Outcome.NOT_YET, "I have 5\n")


@pytest.mark.parametrize("call", USAGE)
def test_a_slip_in_the_call_is_told(call: str) -> None:
    """By the next move, and nothing is kept."""
    names = {"check": check, "predict": predict, "fact": fact, "hint": hint, "solution": solution}
    with pytest.raises(UsageError) as raised:
        eval(call, {**names, "double": _doubles})  # noqa: S307 - the calls above
    assert str(raised.value) == USAGE[call]
    assert not load().exercises


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('check("9.9")', f"Put your answer in the place of the blanks, and run the cell again. {HELP}"),
        ('check("9.9", len, len)', 'You gave 2 answers. 9.9 is asked in this way: check("9.9", double)'),
        ('check("9.9", "len")', "Give check your function."),
        (
            'check("2.4", "my_table")',
            "Give check your asset, by the name of its function and without brackets.",
        ),
        (
            'check("2.4", SourceFolder)',
            "Give check your asset, by the name of its function and without brackets.",
        ),
    ],
)
def test_what_is_no_answer_is_not_attempted(call: str, message: str, run_cell: Callable[[str], Any]) -> None:
    """With what would be one; nothing is kept."""
    verdict = run_cell(call)
    assert (verdict.outcome, verdict.lines) == (Outcome.NOT_ATTEMPTED, (message,))
    assert not load().exercises


class Hostile:
    """Whatever is asked of it, it raises."""

    def __getattr__(self, name: str) -> object:
        """Look like nothing."""
        raise ValueError(name)

    def __eq__(self, other: object) -> bool:
        """Be like nothing."""
        raise ValueError("eq")

    def __hash__(self) -> int:
        """Be found nowhere."""
        raise ValueError("hash")

    def __bool__(self) -> bool:
        """Be neither."""
        raise ValueError("bool")

    def __repr__(self) -> str:
        """Say nothing."""
        raise ValueError("repr")


def test_an_answer_that_cannot_be_looked_at_is_told() -> None:
    """An object that raises at every touch, given or returned, and a list that holds itself."""
    endless: list[object] = []
    endless.append(endless)
    assert judge(ASKED, (Hostile(),)).lines == ("Give check your function.",)
    assert judge(ASKED, (endless,)).lines == ("Give check your function.",)
    returned = judge(ASKED, (lambda _: Hostile(),))
    assert returned.facts[:2] == (SCENARIO, ("Raised", "ValueError: eq"))


def test_trouble_with_the_progress_file_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the verdict, which stands all the same."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    verdict = check("9.9", lambda number: 2 * number)
    assert verdict.outcome is Outcome.RIGHT
    assert "Your progress is held in this kernel's memory for now" in repr(verdict)


def test_a_check_in_a_thread_or_under_a_loop_is_the_same(run_cell: Callable[[str], Any]) -> None:
    """As with `asyncio.to_thread`, and with `await` in a cell."""
    run_cell("import asyncio\nasync def checked():\n    return check('9.9', lambda number: 2 * number)")
    assert run_cell("await checked()").outcome is Outcome.RIGHT
    in_thread = "await asyncio.to_thread(check, '9.9', lambda number: 2 * number)"
    assert run_cell(in_thread).outcome is Outcome.RIGHT


def test_nothing_of_the_learners_is_changed(run_cell: Callable[[str], Any]) -> None:
    """Neither lab nor instance, folder nor warnings, with an asset that is run several times."""
    run_cell("import os, warnings")
    own = (
        "[(path.name, path.read_bytes()) for path in sorted(lab.folder.rglob('*')) if path.is_file()],"
        "instance.get_dynamic_partitions('s3'), instance.get_runs(), os.getcwd(), list(warnings.filters)"
    )
    run_cell("instance.add_dynamic_partitions('s3', ['acme'])")
    before = run_cell(own)
    cell, belief = EXERCISES["2.4"].wrong[0]
    assert run_cell(cell).misconception == belief
    assert run_cell(own) == before
    run_cell("instance.delete_dynamic_partition('s3', 'acme')")
