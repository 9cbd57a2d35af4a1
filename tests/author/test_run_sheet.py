"""Each rule for a plan finds the plan that breaks it, and the tables contain what the plan contains."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from lesson_lib.author.run_sheet import find_contradictions, write_run_sheet
from lesson_lib.classroom.exercises.exercise import Exercise, WrongAnswer
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section

PLAN = "lesson_lib/course/07/lesson.yaml"


def exercise(identifier: str, objective: str, *beliefs: str, is_prediction: bool = False) -> Exercise:
    """Return an exercise of two minutes whose wrong answers show these beliefs."""
    return Exercise(
        id=identifier,
        title=f"Title {identifier}",
        objective=objective,
        minutes=2,
        task="Do it.",
        starter="check(...)",
        solution="check(1)",
        takeaway="Done.",
        hints=(),
        wrong=tuple(
            WrongAnswer(str(number), f"check({number})", belief) for number, belief in enumerate(beliefs)
        ),
        is_prediction=is_prediction,
    )


GUESS = exercise("7.1", "sow", "seeds-are-rows", is_prediction=True)
SOW = exercise("7.2", "sow", "seeds-are-rows", "", "rain-is-harmless", "seeds-are-rows")
REAP = exercise("7.3", "reap")
LESSON = Lesson(
    notebook="07_gardening",
    objectives=(Objective("sow", "sow | water"), Objective("reap", "reap")),
    sections=(
        Section("What is a seed?", 4),
        Section("How is it sown?", 8, "sow"),
        Section("When is it ripe?", 6, "reap"),
    ),
    exercises=(GUESS, SOW, REAP),
)


def prose(text: str, *tags: str) -> NotebookNode:
    """Return a prose cell."""
    return new_markdown_cell(text, metadata={"tags": list(tags)})


def code(*tags: str) -> NotebookNode:
    """Return a code cell."""
    return new_code_cell("seeds = 1", metadata={"tags": list(tags)})


def exercise_cells(identifier: str) -> list[NotebookNode]:
    """Return the two cells of an exercise."""
    return [prose(f"### Exercise {identifier}", f"task:{identifier}"), code(f"exercise:{identifier}")]


def notebook(*cells: NotebookNode) -> NotebookNode:
    """Return a notebook with these cells."""
    return new_notebook(cells=list(cells))


def clean() -> NotebookNode:
    """Return the notebook of the plan: the second section has a check in its middle and one at its end."""
    return notebook(
        prose("# 07 · Gardening\n\nWhat you need.\n\n## What is a seed?\n\nSmall."),
        code(),
        prose("Now you know.\n\n## How is it sown? "),
        *exercise_cells("7.1"),
        code("raises-exception"),
        prose("Done."),
        *exercise_cells("7.2"),
        prose("## When is it ripe?\n\nYou can now reap."),
        *exercise_cells("7.3"),
    )


def test_a_plan_that_agrees_with_its_notebook_has_no_findings() -> None:
    """Sections, objectives, exercises and minutes are all compared."""
    assert find_contradictions(LESSON, clean()) == []


def changed(**fields: object) -> Lesson:
    """Return the plan with other values in these fields."""
    return replace(LESSON, **fields)


def headings(*texts: str) -> NotebookNode:
    """Return a notebook with these headings, each in its own cell, and all exercises below the last."""
    return notebook(
        *(prose(f"## {text}") for text in texts),
        *exercise_cells("7.1"),
        *exercise_cells("7.2"),
        *exercise_cells("7.3"),
        code(),
    )


def cells(*identifiers: str) -> NotebookNode:
    """Return the notebook of the plan with these exercises, each in its own section."""
    sections = [section.heading for section in LESSON.sections] + [""] * len(identifiers)
    pairs = zip(sections, [*identifiers, "", ""], strict=False)
    return notebook(
        *(
            cell
            for heading, identifier in pairs
            for cell in [
                prose(f"## {heading}" if heading else "On."),
                *(exercise_cells(identifier) if identifier else []),
            ]
        )
    )


SEED, SOWN, RIPE = (section.heading for section in LESSON.sections)

WRONG: dict[str, tuple[Lesson, Callable[[], NotebookNode], list[str]]] = {
    "a heading is missing": (
        LESSON,
        lambda: headings(SEED, SOWN),
        [
            (
                "The plan has the section 'When is it ripe?', and the notebook no such heading: "
                f"write '## When is it ripe?' where it begins, or take it out of {PLAN}."
            ),
        ],
    ),
    "a section is missing": (
        changed(sections=(*LESSON.sections[:1], replace(LESSON.sections[1], objective="sow"))),
        clean,
        [
            (
                "The notebook has the heading 'When is it ripe?', and the plan no such section: "
                f"add it, with its minutes, to {PLAN}."
            ),
            (
                "No section serves the objective 'reap': name it in the section that teaches it, "
                f"or take it out of {PLAN}."
            ),
        ],
    ),
    "sections in another order": (
        changed(sections=(LESSON.sections[1], LESSON.sections[0], LESSON.sections[2])),
        clean,
        [
            (
                "Section 1 of the plan is 'How is it sown?', and of the notebook 'What is a seed?': "
                f"bring {PLAN} into the notebook's order."
            )
        ],
    ),
    "a section of no objective": (
        changed(sections=(replace(LESSON.sections[0], objective="weed"), *LESSON.sections[1:])),
        clean,
        [
            (
                "The section 'What is a seed?' serves 'weed', which is no objective of this lesson: "
                f"name one of sow, reap, or add it to {PLAN}."
            )
        ],
    ),
    "an exercise of no objective": (
        changed(exercises=(replace(GUESS, objective=""), SOW, REAP)),
        clean,
        [
            (
                "Exercise 7.1 serves '', which is no objective of this lesson: "
                f"name one of sow, reap, or add it to {PLAN}."
            )
        ],
    ),
    "an objective without a check": (
        changed(exercises=(GUESS, SOW, replace(REAP, objective="sow"))),
        clean,
        [
            (
                "No check serves the objective 'reap': add an exercise that shows whether it is reached, "
                f"or take it out of {PLAN}."
            )
        ],
    ),
    "exercises in another order": (
        LESSON,
        lambda: cells("7.1", "7.3", "7.2"),
        [
            (
                "The notebook has the exercises 7.1, 7.3, 7.2, and not 7.1, 7.2, 7.3: move their cells into "
                "the order of their numbers; a new exercise takes the next number, and comes last."
            )
        ],
    ),
    "an id of another notebook": (
        changed(exercises=(GUESS, SOW, replace(REAP, id="70.3"))),
        lambda: cells("7.1", "7.2", "70.3"),
        [
            (
                "Exercise 70.3 is in the folder of notebook 07: give it a name that begins with '7_', "
                "or move it to the folder of its notebook."
            )
        ],
    ),
    "an exercise above the first heading": (
        LESSON,
        lambda: notebook(*exercise_cells("7.1"), *cells("7.2", "7.3").cells),
        ["Exercise 7.1 stands above the first heading: move it into a section."],
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_each_rule_finds_what_breaks_it(
    wrong: tuple[Lesson, Callable[[], NotebookNode], list[str]],
) -> None:
    """It finds nothing else, and each finding ends with the next move."""
    lesson, broken, expected = wrong
    assert find_contradictions(lesson, broken()) == expected


def minutes(*of_sections: int) -> Lesson:
    """Return the plan with other minutes for its sections."""
    return changed(
        sections=tuple(
            replace(section, minutes=each) for section, each in zip(LESSON.sections, of_sections, strict=True)
        )
    )


def test_more_than_ten_minutes_without_a_check_are_found() -> None:
    """The limit applies from the start, between checks and to the end; a check's own minutes do not count."""
    # The second section has three steps: its heading, and a code and a prose cell between 7.1 and 7.2.
    assert find_contradictions(minutes(7, 9, 10), clean()) == []
    assert find_contradictions(minutes(8, 9, 10), clean()) == [
        (
            "From the start to 7.1 it takes 11.0 minutes without a check, and 10 are the limit: "
            "add one before the end of 'How is it sown?'."
        )
    ]
    assert find_contradictions(minutes(0, 15, 0), clean()) == []
    assert find_contradictions(minutes(0, 16, 0), clean()) == [
        (
            "From 7.1 to 7.2 it takes 10.7 minutes without a check, and 10 are the limit: "
            "add one before the end of 'How is it sown?'."
        )
    ]
    with_an_end = clean()
    with_an_end.cells += [code(), code(), code()]
    assert find_contradictions(minutes(0, 0, 13), with_an_end) == []
    assert find_contradictions(minutes(0, 0, 14), with_an_end) == [
        (
            "From 7.3 to the end it takes 10.5 minutes without a check, and 10 are the limit: "
            "add one before the end of 'When is it ripe?'."
        )
    ]


def test_the_tables_contain_the_plan() -> None:
    """Each section begins after all minutes before it, including those to answer, and names its beliefs."""
    assert write_run_sheet(LESSON, clean()).splitlines() == [
        "| afterwards they can | sections | checks |",
        "| --- | --- | --- |",
        "| sow &#124; water | How is it sown? | 7.1, 7.2 |",
        "| reap | When is it ripe? | 7.3 |",
        "",
        "| from minute | section | minutes | checks | what wrong answers show |",
        "| --- | --- | --- | --- | --- |",
        "| 0 | 07.1 What is a seed? | 4 |  |  |",
        (
            "| 4 | 07.2 How is it sown? | 8 | 7.1 Title 7.1 (guess, 2 min)<br>7.2 Title 7.2 (2 min) "
            "| `seeds-are-rows`<br>`rain-is-harmless` |"
        ),
        "| 16 | 07.3 When is it ripe? | 6 | 7.3 Title 7.3 (2 min) |  |",
        "",
        "In all 24 minutes: 18 to read and run, 6 to answer.",
    ]
