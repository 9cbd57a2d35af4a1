"""The exercises with code catch every kind of mistake, and blame a belief only for its own mistakes.

That each wrong answer gets the verdict of the page is proved where it runs, in
`tests/classroom/exercises/test_proofs.py`.
"""

import pytest

from lesson_lib.author.wrong_answers import (
    PAGE,
    get_kind,
    list_code_exercises,
    read_kinds,
    read_page,
    write_page,
)
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Exercise

CODE_EXERCISES = [pytest.param(each, id=each.id) for each in list_code_exercises()]
MIN_ANSWERS_PER_KIND = 2


def test_every_exercise_with_code_names_its_kinds() -> None:
    """An exercise whose starter defines a function has code as its answer, and `kinds.yaml` in its folder."""
    with_code = [each.id for each in EXERCISES.values() if "\ndef " in f"\n{each.starter}"]
    assert [each.id for each in list_code_exercises()] == with_code
    assert {"2.4", "3.5", "4.3"} <= {*with_code}


@pytest.mark.parametrize("exercise", CODE_EXERCISES)
def test_every_kind_has_two_answers_or_a_reason(exercise: Exercise) -> None:
    """Two wrong answers of each kind prove that it is caught, or a sentence says why there is none."""
    kinds = read_kinds()
    assert {*exercise.kinds} <= {*kinds, "other"}
    for kind in kinds:
        found = get_kind(exercise, kind)
        if isinstance(found, str):
            assert found.endswith("."), kind
        else:
            assert len({*found}) >= MIN_ANSWERS_PER_KIND, kind


@pytest.mark.parametrize("exercise", CODE_EXERCISES)
def test_every_belief_has_its_evidence(exercise: Exercise) -> None:
    """A control that the answer passes, or what the scenario observes, for each belief of a wrong answer."""
    beliefs = {answer.misconception for answer in exercise.wrong} - {""}
    assert beliefs == {*exercise.evidence}


@pytest.mark.parametrize("exercise", CODE_EXERCISES)
def test_no_belief_is_blamed_for_every_mistake(exercise: Exercise) -> None:
    """The scenarios that blame it, or its control, also stop another mistake without blaming it."""
    catches = read_page(PAGE.read_text(encoding="utf-8"))
    caught = [catches[exercise.id, answer.name] for answer in exercise.wrong]
    for belief in exercise.evidence:
        blaming = {catch.scenario for catch in caught if catch.belief == belief}
        control = exercise.evidence[belief]
        if not isinstance(control, str):
            blaming.add(str(control.__doc__).partition("\n")[0])
        others = [catch for catch in caught if catch.scenario in blaming and catch.belief != belief]
        assert others, f"{belief}: add a wrong answer of another kind that is stopped by one of {blaming}"


def test_the_page_is_what_the_exercises_say() -> None:
    """It has all wrong answers of the exercises with code, and is written from them."""
    page = PAGE.read_text(encoding="utf-8")
    assert write_page(list_code_exercises(), read_page(page)) == page, "renew it: make notebooks"
