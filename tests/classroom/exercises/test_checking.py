"""`check` returns a verdict on each kind of answer and records it, and changes nothing of the learner's."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from IPython.core.error import UsageError

from lesson_lib.classroom.exercises import check, checking, fact, hint, predict, solution
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.checking import judge
from lesson_lib.classroom.exercises.exercise import Evidence, Miss, NoAnswer
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.progress_store import ExerciseProgress, load
from lesson_lib.classroom.exercises.verdict import Verdict

BELIEF = "loading-twice-is-harmless"
SCENARIO = ("Scenario", "Your function doubles 4.")
HELP = 'hint("9.9") shows a hint, solution("9.9") a worked answer.'


def _doubles(answer: Any) -> Miss | None:  # noqa: ANN401 - an answer of any type
    """Your function doubles 4.

    Only the first line is the scenario's name.
    """
    if not callable(answer):
        raise NoAnswer("Give check your function.")
    doubled = answer(4)
    return None if doubled == 8 else Miss(BELIEF, seen=str(doubled), expected="8")


EXERCISE = replace(
    EXERCISES["1.2"],
    id="9.9",
    starter='def double(number):\n    ...\n\n\ncheck("9.9", double)',
    takeaway="Twice is once more.",
    scenarios=(_doubles,),
    evidence={BELIEF: "The number is doubled once."},
)


def _takes_a_number(answer: Any) -> Miss | None:  # noqa: ANN401 - an answer of any type
    """Your function takes another number."""
    return None if answer(0) == 0 else Miss(seen="another number", expected="0")


def judge_with(evidence: dict[str, Evidence], answer: object, *, control_first: bool = False) -> Verdict:
    """Judge an answer to the exercise 9.9 with this evidence for its belief."""
    scenarios = (_takes_a_number, _doubles) if control_first else (_doubles,)
    return judge(replace(EXERCISE, scenarios=scenarios, evidence=evidence), (answer,))


def test_a_belief_is_blamed_only_if_the_control_passes() -> None:
    """An answer that fails the control as well, or raises there, has another fault; what was seen stays."""
    evidence: dict[str, Evidence] = {BELIEF: _takes_a_number}
    assert judge_with(evidence, lambda number: number).misconception == BELIEF
    assert judge_with(evidence, lambda number: number, control_first=True).misconception == BELIEF
    other = judge_with(evidence, lambda _: 7)
    assert (other.outcome, other.misconception) == (Outcome.NOT_YET, "")
    assert dict(other.facts) == {"Scenario": "Your function doubles 4.", "Seen": "7", "Expected": "8"}
    assert judge_with(evidence, lambda number: 28 // number).misconception == ""


def test_a_belief_that_the_scenario_observes_needs_no_control() -> None:
    """The evidence is a sentence instead of another scenario."""
    assert judge_with({BELIEF: "The number came back."}, lambda _: 7).misconception == BELIEF


def test_a_scenario_can_only_blame_beliefs_with_evidence() -> None:
    """An exercise that lists its evidence lists it for all of its beliefs."""
    with pytest.raises(
        LookupError, match=f"9.9 names the belief '{BELIEF}', for which EVIDENCE has no entry"
    ):
        judge_with({"keys-are-ordered-by-name": "The keys."}, lambda _: 7)


@pytest.fixture(autouse=True)
def add_exercise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Add an exercise 9.9, whose answer is a function that doubles a number."""
    monkeypatch.setattr(checking, "EXERCISES", {**EXERCISES, "9.9": EXERCISE})


def write_cell(body: str) -> str:
    """Return a cell whose function has this body."""
    lines = "\n    ".join(body.splitlines())
    return f'def double(number):\n    {lines}\n\n\ncheck("9.9", double)'


def test_an_answer_with_placeholders_is_not_attempted(run_cell: Callable[[str], Any]) -> None:
    """The verdict has the lines with placeholders and how to begin; nothing is recorded."""
    verdict = run_cell(write_cell('con.execute("____")\nreturn ...'))
    assert verdict.outcome is Outcome.NOT_ATTEMPTED
    assert verdict.facts == (
        ("Not filled in", 'double, line 2: con.execute("____")'),
        ("Not filled in", "double, line 3: return ..."),
    )
    assert verdict.lines == (f"Replace the placeholders with your answer and run the cell again. {HELP}",)
    assert not load().exercises


def test_dots_that_are_left_in_a_written_answer_are_reported(run_cell: Callable[[str], Any]) -> None:
    """The title does not say that nothing was attempted; nothing is recorded."""
    verdict = run_cell(write_cell("twice = 2 * number\n...\nreturn twice"))
    assert repr(verdict).splitlines()[0] == "○ Exercise 9.9: not checked yet"
    assert verdict.facts == (("Not filled in", "double, line 3: ..."),)
    assert verdict.lines == (f"Delete the dots once you have written your code. {HELP}",)
    assert not load().exercises


@pytest.mark.parametrize(
    ("cell", "places"),
    [
        ('check("2.7", ..., 8)', ["answer 1 of 2"]),
        ('check("2.7", lab.source, ["____", ...])', ["answer 2 of 2"]),
        ('check("2.6", {"bluebird": "d", "o\'hare": ..., "zenith": ...})', []),
    ],
)
def test_a_placeholder_beside_other_answers_is_named(
    cell: str, places: list[str], run_cell: Callable[[str], Any]
) -> None:
    """The verdict has the number of the answer if there are several."""
    verdict = run_cell(cell)
    assert verdict.facts == tuple(("Not filled in", place) for place in places)
    assert repr(verdict).splitlines()[0].endswith(": not checked yet")


def test_a_wrong_answer_is_not_yet_right(run_cell: Callable[[str], Any]) -> None:
    """The verdict has the scenario, the difference and the belief, and the attempt is recorded."""
    verdict = run_cell(write_cell("return number"))
    assert verdict.outcome is Outcome.NOT_YET
    assert verdict.facts == (SCENARIO, ("Seen", "4"), ("Expected", "8"))
    assert (verdict.misconception, verdict.lines) == (BELIEF, (HELP, ""))
    assert load().of("9.9") == ExerciseProgress(attempts=1, outcome=Outcome.NOT_YET, misconceptions=(BELIEF,))


def test_right_stays_right(run_cell: Callable[[str], Any]) -> None:
    """The verdict has the takeaway; a later mistake does not change what was recorded."""
    verdict = run_cell(write_cell("return 2 * number"))
    assert repr(verdict) == "✓ Exercise 9.9: right\n  Twice is once more."
    run_cell(write_cell("raise ValueError"))
    assert load().of("9.9") == ExerciseProgress(attempts=1, outcome=Outcome.RIGHT)


RAISED = {
    'raise ValueError("no luck")': (
        ("Raised", "ValueError: no luck"),
        ("Where", 'double, line 2 of its cell: raise ValueError("no luck")'),
    ),
    # The exception's name has no module, and of several lines of the message only the first is shown.
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
    "raise SystemExit": (("Stopped", "It tried to end the notebook. Remove exit() and use return."),),
}


@pytest.mark.parametrize("body", RAISED, ids=range(len(RAISED)))
def test_an_exception_is_shown_with_the_learners_line(body: str, run_cell: Callable[[str], Any]) -> None:
    """The line is in the learner's own code, whatever code it called; the attempt is recorded."""
    verdict = run_cell(write_cell(body))
    assert (verdict.outcome, verdict.facts) == (Outcome.RAISED, (SCENARIO, *RAISED[body]))
    assert load().of("9.9") == ExerciseProgress(attempts=1, outcome=Outcome.RAISED)


def test_an_error_of_dagster_is_explained_without_repetition(run_cell: Callable[[str], Any]) -> None:
    """The exception comes first, then the cause and the next move in plain words, then the line."""
    verdict = run_cell(
        write_cell(
            "@dg.asset(partitions_def=s3_partitions_def)\ndef prices(): pass\n"
            'dg.materialize([prices], partition_key="nobody", instance=instance)'
        )
    )
    facts = dict(verdict.facts)
    assert list(facts) == ["Scenario", "Raised", "Why", "Next", "Where", "Read"]
    assert facts["Raised"].startswith("DagsterUnknownPartitionError: Could not find a partition with key")
    assert facts["Where"].startswith("double, line 4 of its cell: dg.materialize([prices], ")
    texts = facts.values()
    assert not [text for text in texts for other in texts if text is not other and text in other]


def test_printed_output_is_shown_where_it_may_help(
    run_cell: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """It is shown below a mistake and an error, not below a right answer, and not printed itself."""
    printed = "\n  What your code printed:\n    I have 4"
    for ending in ("return number", "raise ValueError"):
        assert printed in repr(run_cell(write_cell(f'print("I have", number)\n{ending}')))
    capsys.readouterr()
    assert "printed" not in repr(run_cell(write_cell('print("I have", number)\nreturn 8')))
    assert "I have" not in capsys.readouterr().out


USAGE = {
    "check(2.4, 1)": 'The id of an exercise comes first, in quotes, such as "1.1".',
    "check(double)": 'The id of an exercise comes first, in quotes, such as "1.1".',
    'check("2.40", 1)': f"There is no exercise '2.40'. There are: {', '.join(EXERCISES)}, 9.9.",
    'check("1.1", 3)': "1.1 is a prediction: predict('1.1', ...) takes your guess.",
    'predict("1.2", 3)': "1.2 is not a prediction: check('1.2', ...) takes your answer.",
    'fact("1.2", 3)': "1.2 is not a prediction: check('1.2', ...) takes your answer.",
    'check("01.2", 3)': '"01.2" is the number of a section. Exercise 1.2 has no zero in front.',
    "hint(None)": 'The id of an exercise comes first, in quotes, such as "1.1".',
    'solution("nine")': f"There is no exercise 'nine'. There are: {', '.join(EXERCISES)}, 9.9.",
}


def test_output_of_earlier_scenarios_is_omitted() -> None:
    """Only the output of the scenario that found a fault can help."""

    def doubles_5(answer: Callable[[int], int]) -> Miss | None:
        """Your function doubles 5."""
        answer(5)
        return Miss()

    def print_and_double(number: int) -> int:
        print("I have", number)  # noqa: T201 - the subject of this test
        return 2 * number

    verdict = judge(replace(EXERCISE, scenarios=(_doubles, doubles_5)), (print_and_double,))
    assert (verdict.outcome, verdict.printed) == (Outcome.NOT_YET, "I have 5\n")


@pytest.mark.parametrize("call", USAGE)
def test_a_wrong_call_is_a_usage_error(call: str) -> None:
    """The message has the next move, and nothing is recorded."""
    names = {"check": check, "predict": predict, "fact": fact, "hint": hint, "solution": solution}
    with pytest.raises(UsageError) as raised:
        eval(call, {**names, "double": _doubles})  # noqa: S307 - the calls above
    assert str(raised.value) == USAGE[call]
    assert not load().exercises


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('check("9.9")', f"Replace the placeholders with your answer and run the cell again. {HELP}"),
        ('check("9.9", len, len)', 'You gave 2 answers. 9.9 is asked in this way: check("9.9", double)'),
        ('check("9.9", "len")', "Give check your function."),
        (
            'check("2.4", "my_table")',
            "Pass your asset to check, by the name of its function and without parentheses.",
        ),
        (
            'check("2.4", SourceFolder)',
            "Pass your asset to check, by the name of its function and without parentheses.",
        ),
    ],
)
def test_an_unusable_answer_is_not_attempted(call: str, message: str, run_cell: Callable[[str], Any]) -> None:
    """The message says what would be an answer; nothing is recorded."""
    verdict = run_cell(call)
    assert (verdict.outcome, verdict.lines) == (Outcome.NOT_ATTEMPTED, (message,))
    assert not load().exercises


class Hostile:
    """An object that raises an exception for each operation."""

    def __getattr__(self, name: str) -> object:
        """Have no attributes."""
        raise ValueError(name)

    def __eq__(self, other: object) -> bool:
        """Refuse to be compared."""
        raise ValueError("eq")

    def __hash__(self) -> int:
        """Refuse to be hashed."""
        raise ValueError("hash")

    def __bool__(self) -> bool:
        """Refuse to be true or false."""
        raise ValueError("bool")

    def __repr__(self) -> str:
        """Refuse to be formatted."""
        raise ValueError("repr")


def test_an_answer_that_cannot_be_examined_has_a_verdict() -> None:
    """Examples are a list that contains itself, and an object that raises, as an answer or its result."""
    endless: list[object] = []
    endless.append(endless)
    assert judge(EXERCISE, (Hostile(),)).lines == ("Give check your function.",)
    assert judge(EXERCISE, (endless,)).lines == ("Give check your function.",)
    returned = judge(EXERCISE, (lambda _: Hostile(),))
    assert returned.facts[:2] == (SCENARIO, ("Raised", "ValueError: eq"))


def test_a_problem_with_the_progress_file_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The note stands below the verdict, which does not change."""
    monkeypatch.setenv("LESSON_PROGRESS", str(tmp_path))
    verdict = check("9.9", lambda number: 2 * number)
    assert verdict.outcome is Outcome.RIGHT
    assert "For now, your progress is kept in this kernel's memory" in repr(verdict)


def test_check_works_in_a_thread_and_in_an_event_loop(run_cell: Callable[[str], Any]) -> None:
    """Learners may use `asyncio.to_thread`, and `await` in a cell."""
    run_cell("import asyncio\nasync def checked():\n    return check('9.9', lambda number: 2 * number)")
    assert run_cell("await checked()").outcome is Outcome.RIGHT
    in_thread = "await asyncio.to_thread(check, '9.9', lambda number: 2 * number)"
    assert run_cell(in_thread).outcome is Outcome.RIGHT


def test_nothing_of_the_learners_is_changed(run_cell: Callable[[str], Any]) -> None:
    """Checking an asset changes neither the lab, the instance, the working folder nor the warnings."""
    run_cell("import os, warnings")
    state = (
        "[(path.name, path.read_bytes()) for path in sorted(lab.folder.rglob('*')) if path.is_file()],"
        "instance.get_dynamic_partitions('s3'), instance.get_runs(), os.getcwd(), list(warnings.filters)"
    )
    run_cell("instance.add_dynamic_partitions('s3', ['acme'])")
    before = run_cell(state)
    wrong = EXERCISES["2.4"].wrong[0]
    assert run_cell(wrong.cell).misconception == wrong.misconception
    assert run_cell(state) == before
    run_cell("instance.delete_dynamic_partition('s3', 'acme')")
