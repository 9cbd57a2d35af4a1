"""`check`: run a learner's answer against the scenarios of an exercise and return a verdict."""

import inspect
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from IPython.core.error import UsageError

from lesson_lib.classroom.display.error_view import explain_error
from lesson_lib.classroom.display.safe_text import format_count
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Exercise, NoAnswer, Scenario
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.placeholders import find_placeholders, is_begun
from lesson_lib.classroom.exercises.progress_store import Attempted, record
from lesson_lib.classroom.exercises.time_limit import Stopped, capture_output, run_with_limits
from lesson_lib.classroom.exercises.verdict import Verdict, expect_display, show_hidden_verdict


def check(exercise: str, *answers: object) -> Verdict:
    """Run your answer against the scenarios of an exercise.

    It runs with a throwaway instance, folder and database, so nothing of yours changes.

    Args:
        exercise: the id, such as `"2.3"`.
        answers: what the exercise asks for: a function, an asset, a letter.

    Returns:
        Not attempted, not yet right (with the scenario and the belief behind the answer), raised, or right.

    Raises:
        UsageError: the exercise does not exist, or it is a prediction.
    """
    show_hidden_verdict()
    asked = find_exercise(exercise)
    if asked.is_prediction:
        raise UsageError(f"{exercise} is a prediction: predict({exercise!r}, ...) takes your guess.")
    verdict = judge(asked, answers)
    if verdict.outcome is Outcome.NOT_ATTEMPTED:
        return expect_display(verdict)
    note = record(Attempted(exercise, verdict.outcome, tuple(filter(None, [verdict.misconception])))).note
    return expect_display(replace(verdict, lines=(*verdict.lines, note)))


def find_exercise(exercise: str) -> Exercise:
    """Return the exercise with this id.

    Raises:
        UsageError: the exercise does not exist, or the id is not a string; the message lists the ids.
    """
    if not isinstance(exercise, str):  # the number 2.1 could also be 2.10
        raise UsageError(f'The id of an exercise comes first, in quotes, such as "{next(iter(EXERCISES))}".')
    if exercise not in EXERCISES and exercise.lstrip("0") in EXERCISES:
        raise UsageError(
            f'"{exercise}" is the number of a section. Exercise {exercise.lstrip("0")} has no zero in front.'
        )
    if exercise not in EXERCISES:
        raise UsageError(f"There is no exercise {exercise!r}. There are: {', '.join(EXERCISES)}.")
    return EXERCISES[exercise]


def judge(exercise: Exercise, answers: tuple[object, ...]) -> Verdict:
    """Return the verdict on answers without recording it."""
    places = _find_all_placeholders(answers)
    if places or not answers:
        still = tuple(("Not filled in", place) for place in dict.fromkeys(places) if place)
        begun = is_begun(answers, exercise.starter)
        if begun and any(place.endswith(": ...") for place in places):
            step = "Delete the dots once you have written your code."
        else:
            step = "Replace the placeholders with your answer and run the cell again."
        lines = (f"{step} {_explain_help(exercise)}",)
        return Verdict(exercise.id, Outcome.NOT_ATTEMPTED, still, lines=lines, is_begun=begun)
    passed: list[Scenario] = []
    for scenario in exercise.scenarios:
        with capture_output() as printed:
            verdict = _run_scenario(exercise, scenario, answers, passed)
        if verdict:
            return replace(verdict, printed=printed.getvalue())
        passed.append(scenario)
    return Verdict(exercise.id, Outcome.RIGHT, lines=(exercise.takeaway,))


def _run_scenario(
    exercise: Exercise, scenario: Scenario, answers: tuple[object, ...], passed: Collection[Scenario]
) -> Verdict | None:
    """Run one scenario, and return a verdict if it finds a fault."""
    name = str(scenario.__doc__).partition("\n")[0]
    try:
        _require_number(exercise, scenario, answers)
        miss = run_with_limits(partial(scenario, *answers))
    except NoAnswer as reason:
        return Verdict(exercise.id, Outcome.NOT_ATTEMPTED, lines=(str(reason),), is_begun=True)
    except Stopped as stopped:
        return Verdict(exercise.id, Outcome.RAISED, (("Scenario", name), ("Stopped", str(stopped))))
    except Exception as error:  # noqa: BLE001 - the verdict shows whatever a learner's code raises
        return Verdict(exercise.id, Outcome.RAISED, (("Scenario", name), *explain_error(error)))
    if not miss:
        return None
    seen = (("Scenario", name), ("Seen", miss.seen), ("Expected", miss.expected))
    facts = tuple(fact for fact in seen if fact[1]) if miss.seen else ()
    belief = miss.misconception if _is_shown(miss.misconception, exercise, answers, passed) else ""
    return Verdict(exercise.id, Outcome.NOT_YET, facts, belief, (_explain_help(exercise),))


def _is_shown(
    belief: str, exercise: Exercise, answers: tuple[object, ...], passed: Collection[Scenario]
) -> bool:
    """Return whether nothing but this belief explains the fault: the answer passes the control.

    Raises:
        LookupError: the exercise lists its evidence, and none for this belief.
    """
    if not belief or not exercise.evidence:
        return True
    if belief not in exercise.evidence:
        raise LookupError(f"{exercise.id} names the belief {belief!r}, for which EVIDENCE has no entry.")
    control = exercise.evidence[belief]
    if isinstance(control, str) or control in passed:
        return True
    try:
        return run_with_limits(partial(control, *answers)) is None
    except Exception:  # noqa: BLE001 - an answer that fails the control shows another fault
        return False


def _find_all_placeholders(answers: tuple[object, ...]) -> list[str]:
    try:
        return [
            place or (f"answer {number} of {len(answers)}" if len(answers) > 1 else "")
            for number, answer in enumerate(answers, 1)
            for place in find_placeholders(answer)
        ]
    except Exception:  # noqa: BLE001 - the error that running it raises says more
        return []


def _require_number(exercise: Exercise, scenario: Scenario, answers: tuple[object, ...]) -> None:
    """Raise NoAnswer if the scenario takes another number of answers."""
    try:
        inspect.signature(scenario).bind(*answers)
    except TypeError:
        given = format_count(len(answers), "answer")
        call = exercise.starter.splitlines()[-1]
        raise NoAnswer(f"You gave {given}. {exercise.id} is asked in this way: {call}") from None


def _explain_help(exercise: Exercise) -> str:
    return f'hint("{exercise.id}") shows a hint, solution("{exercise.id}") a worked answer.'
