"""`check`: run a learner's answer against an exercise's scenarios, and say how it stands."""

import inspect
from dataclasses import replace
from functools import partial

from IPython.core.error import UsageError

from lesson_lib.classroom.display.error_view import told_of
from lesson_lib.classroom.display.safe_text import counted
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer, Scenario
from lesson_lib.classroom.exercises.placeholders import blanks, is_begun
from lesson_lib.classroom.exercises.progress_store import Attempted, Outcome, record
from lesson_lib.classroom.exercises.trial import Stopped, kept_output, tried
from lesson_lib.classroom.exercises.verdict import Verdict


def check(exercise: str, *answers: object) -> Verdict:
    """Run your answer against the exercise's scenarios, and say how it stands.

    Whatever it does happens on a throwaway instance, folder and database; nothing of yours is changed.

    Args:
        exercise: its id, such as `"2.3"`.
        answers: what the exercise asks for: a function, an asset, a letter.

    Returns:
        Not attempted, not yet right (with the scenario, and the belief behind it), raised, or right.

    Raises:
        UsageError: there is no such exercise, or it is a prediction.
    """
    asked = find(exercise)
    if asked.is_prediction:
        raise UsageError(f"{exercise} is a prediction: predict({exercise!r}, ...) takes your guess.")
    verdict = judged(asked, answers)
    if verdict.outcome is Outcome.NOT_ATTEMPTED:
        return verdict
    note = record(Attempted(exercise, verdict.outcome, tuple(filter(None, [verdict.misconception])))).note
    return replace(verdict, lines=(*verdict.lines, note))


def find(exercise: str) -> Exercise:
    """Return the exercise of this id.

    Raises:
        UsageError: there is none, or the id is no text; the message says what would be one.
    """
    if not isinstance(exercise, str):  # nor the number 2.1, which is 2.10 as well
        raise UsageError(f'The id of an exercise comes first, in quotes, such as "{next(iter(EXERCISES))}".')
    if exercise not in EXERCISES:
        raise UsageError(f"There is no exercise {exercise!r}. There are: {', '.join(EXERCISES)}.")
    return EXERCISES[exercise]


def judged(exercise: Exercise, answers: tuple[object, ...]) -> Verdict:
    """Say how the answers stand, and keep nothing."""
    places = _blanks(answers)
    if places or not answers:
        still = tuple(("Still blank", place) for place in dict.fromkeys(places) if place)
        begun = is_begun(answers, exercise.starter)
        lines = (_how_to_go_on(places, exercise) if begun else _how_to_begin(exercise),)
        return Verdict(exercise.id, Outcome.NOT_ATTEMPTED, still, lines=lines, is_begun=begun)
    for scenario in exercise.scenarios:
        with kept_output() as printed:
            verdict = _tried(exercise, scenario, answers)
        if verdict:
            return replace(verdict, printed=printed.getvalue())
    return Verdict(exercise.id, Outcome.RIGHT, lines=(exercise.takeaway,))


def _tried(exercise: Exercise, scenario: Scenario, answers: tuple[object, ...]) -> Verdict | None:
    """Say how the answers stand after one scenario; None if nothing is wrong."""
    name = str(scenario.__doc__).partition("\n")[0]
    try:
        miss = tried(partial(_run, exercise, scenario, answers))
    except NoAnswer as reason:
        return Verdict(exercise.id, Outcome.NOT_ATTEMPTED, lines=(str(reason),), is_begun=True)
    except Stopped as stopped:
        return Verdict(exercise.id, Outcome.RAISED, (("Scenario", name), ("Stopped", str(stopped))))
    except Exception as error:  # noqa: BLE001 - whatever a learner's code raises is told
        return Verdict(exercise.id, Outcome.RAISED, (("Scenario", name), *told_of(error)))
    if not miss:
        return None
    seen = (("Scenario", name), ("Seen", miss.seen), ("Expected", miss.expected))
    facts = tuple(fact for fact in seen if fact[1]) if miss.seen else ()
    return Verdict(exercise.id, Outcome.NOT_YET, facts, miss.misconception, (_help(exercise),))


def _blanks(answers: tuple[object, ...]) -> list[str]:
    try:
        return [
            place or (f"answer {number} of {len(answers)}" if len(answers) > 1 else "")
            for number, answer in enumerate(answers, 1)
            for place in blanks(answer)
        ]
    except Exception:  # noqa: BLE001 - what cannot even be looked at is no blank; running it tells more
        return []


def _how_to_begin(exercise: Exercise) -> str:
    return f"Put your answer in the place of the blanks, and run the cell again. {_help(exercise)}"


def _how_to_go_on(places: list[str], exercise: Exercise) -> str:
    if any(place.endswith(": ...") for place in places):
        return f"Take the dots out once you have written your code around them. {_help(exercise)}"
    return _how_to_begin(exercise)


def _run(exercise: Exercise, scenario: Scenario, answers: tuple[object, ...]) -> Miss | None:
    try:
        inspect.signature(scenario).bind(*answers)
    except TypeError:
        given = counted(len(answers), "answer")
        call = exercise.starter.splitlines()[-1]
        raise NoAnswer(f"You gave {given}. {exercise.id} is asked in this way: {call}") from None
    return scenario(*answers)


def _help(exercise: Exercise) -> str:
    return f'hint("{exercise.id}") gives a hint, solution("{exercise.id}") a worked answer.'
