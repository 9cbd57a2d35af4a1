"""The run sheet of a lesson: its plan in minutes, and whether plan, exercises and notebook agree.

python -m lesson_lib.author.run_sheet      writes each lesson's run sheet into the page for instructors
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from nbformat import NotebookNode

from lesson_lib.author.notebook_files import ROOT, read_notebook
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.notebook_cells import EXERCISE, SECTION, TASK, NotebookError, find_tag

PAGE = ROOT / "docs" / "teaching-this-course.md"
MAX_MINUTES = 10  # that a room reads and listens before it has to answer something


def main() -> int:
    """Renew the page where it differs, print how it went, and return the exit status."""
    before = page = PAGE.read_text(encoding="utf-8")
    found = []
    try:
        for lesson in LESSONS:
            notebook = read_notebook(ROOT / "notebooks" / f"{lesson.notebook}.ipynb")
            page = replace_run_sheet(page, lesson.number, write_run_sheet(lesson, notebook))
            found += [f"{lesson.notebook}: {finding}" for finding in find_contradictions(lesson, notebook)]
    except (NotebookError, ValueError) as error:
        print(f"{error}\n{PAGE.name} has not changed.", file=sys.stderr)
        return 1
    if page != before:
        PAGE.write_text(page, encoding="utf-8")
    print(f"{PAGE.name}: {'unchanged' if page == before else 'renewed'}")
    for finding in found:
        print(f"  to correct before you commit: {finding}")
    return 0


def replace_run_sheet(page: str, number: str, sheet: str) -> str:
    """Return the page with this run sheet between the markers of the notebook of this number.

    Raises:
        ValueError: the page does not have both markers once, in this order.
    """
    begin = f"<!-- run sheet {number}: made by make notebooks -->"
    end = f"<!-- end of run sheet {number} -->"
    around = re.fullmatch(f"(?s)(.*{re.escape(begin)}).*({re.escape(end)}.*)", page)
    if not around or (page.count(begin), page.count(end)) != (1, 1):
        raise ValueError(
            f"{PAGE.name} has no single place for the run sheet of notebook {number}. "
            f"Write {begin} and, below it, {end} where it belongs."
        )
    return f"{around[1]}\n\n{sheet}\n\n{around[2]}"


def find_contradictions(lesson: Lesson, notebook: NotebookNode) -> list[str]:
    """Find where a plan contradicts itself or its notebook; each finding says how to correct it."""
    steps = list(_list_steps(notebook))
    return [
        *_compare_sections(lesson, list(dict.fromkeys(section for section, _ in steps if section))),
        *_compare_objectives(lesson),
        *_compare_exercises(lesson, steps),
        *_find_long_gaps(lesson, steps),
    ]


def write_run_sheet(lesson: Lesson, notebook: NotebookNode) -> str:
    """Write the plan as two Markdown tables, objective by objective and section by section, and their sum."""
    answering = sum(exercise.minutes for exercise in lesson.exercises)
    running = lesson.minutes - answering
    objectives, sections = _list_objectives(lesson), _list_sections(lesson, notebook)
    return "\n\n".join(
        [
            write_table(("afterwards they can", "sections", "checks"), objectives),
            write_table(("from minute", "section", "minutes", "checks", "what wrong answers show"), sections),
            f"In all {lesson.minutes} minutes: {running} to read and run, {answering} to answer.",
        ]
    )


def _list_steps(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield the steps of a notebook: exercises, other code cells, and the prose of a cell in one section.

    Each step is the heading above it and the id of the exercise; either may be empty.
    """
    section = ""
    for cell in notebook.cells:
        exercise = find_tag(cell, EXERCISE)
        if exercise or cell.cell_type == "code":
            yield section, exercise
        elif not find_tag(cell, TASK):  # a task belongs to its exercise
            before, *parts = SECTION.split(cell.source)
            if before.strip():
                yield section, ""
            for heading in parts[::2]:
                section = heading
                yield section, ""


# The rules


def _compare_sections(lesson: Lesson, headings: list[str]) -> Iterator[str]:
    """Find sections of the plan that are not the notebook's headings, or in another order."""
    planned = [section.heading for section in lesson.sections]
    for heading in planned:
        if heading not in headings:
            yield (
                f"The plan has the section {heading!r}, and the notebook no such heading: "
                f"write '## {heading}' where it begins, or take it out of {_name_plan(lesson)}."
            )
    for heading in headings:
        if heading not in planned:
            yield (
                f"The notebook has the heading {heading!r}, and the plan no such section: "
                f"add it, with its minutes, to {_name_plan(lesson)}."
            )
    if planned != headings and sorted(planned) == sorted(headings):
        place = next(place for place, heading in enumerate(planned) if heading != headings[place])
        yield (
            f"Section {place + 1} of the plan is {planned[place]!r}, and of the notebook "
            f"{headings[place]!r}: bring {_name_plan(lesson)} into the notebook's order."
        )


def _compare_objectives(lesson: Lesson) -> Iterator[str]:
    """Find objectives without a section or a check, and unknown objectives."""
    objectives = [objective.id for objective in lesson.objectives]
    taught = {section.objective for section in lesson.sections}
    checked = {exercise.objective for exercise in lesson.exercises}
    for objective in objectives:
        if objective not in taught:
            yield (
                f"No section serves the objective {objective!r}: name it in the section that "
                f"teaches it, or take it out of {_name_plan(lesson)}."
            )
        if objective not in checked:
            yield (
                f"No check serves the objective {objective!r}: add an exercise that shows whether "
                f"it is reached, or take it out of {_name_plan(lesson)}."
            )
    serving = [(f"The section {section.heading!r}", section.objective) for section in lesson.sections]
    serving = [(what, objective) for what, objective in serving if objective]  # others only lead there or on
    serving += [(f"Exercise {exercise.id}", exercise.objective) for exercise in lesson.exercises]
    for what, objective in serving:
        if objective not in objectives:
            yield (
                f"{what} serves {objective!r}, which is no objective of this lesson: "
                f"name one of {', '.join(objectives)}, or add it to {_name_plan(lesson)}."
            )


def _compare_exercises(lesson: Lesson, steps: list[tuple[str, str]]) -> Iterator[str]:
    """Find exercises with the id of another notebook, above the first heading, or in another order.

    The editions find exercises without cells.
    """
    planned = [exercise.id for exercise in lesson.exercises]
    placed = [exercise for _, exercise in steps if exercise]
    number = f"{int(lesson.number)}."
    for exercise in planned:
        if not exercise.startswith(number):
            yield (
                f"Exercise {exercise} is in the folder of notebook {lesson.number}: give it a name that "
                f"begins with '{int(lesson.number)}_', or move it to the folder of its notebook."
            )
    for section, exercise in steps:
        if exercise and not section:
            yield f"Exercise {exercise} stands above the first heading: move it into a section."
    if placed != planned:
        yield (
            f"The notebook has the exercises {', '.join(placed)}, and not {', '.join(planned)}: move their "
            "cells into the order of their numbers; a new exercise takes the next number, and comes last."
        )


def _find_long_gaps(lesson: Lesson, steps: list[tuple[str, str]]) -> Iterator[str]:
    """Find more than ten minutes of reading and running without a check.

    A section's minutes are spread evenly over its pieces, since a check may stand in its middle.
    """
    pieces = Counter(section for section, exercise in steps if not exercise)
    minutes = {
        section.heading: Fraction(section.minutes, pieces[section.heading])
        for section in lesson.sections
        if pieces[section.heading]
    }
    since, passed, too_late = "the start", Fraction(0), ""
    for heading, exercise in [*steps, ("", "the end")]:
        if not exercise:
            passed += minutes.get(heading, 0)
            too_late = too_late or (heading if passed > MAX_MINUTES else "")
            continue
        if too_late:
            yield (
                f"From {since} to {exercise} it takes {float(passed):.1f} minutes without a check, and "
                f"{MAX_MINUTES} are the limit: add one before the end of {too_late!r}."
            )
        since, passed, too_late = exercise, Fraction(0), ""


def _name_plan(lesson: Lesson) -> str:
    return f"lesson_lib/course/{lesson.number}/lesson.yaml"


# The tables


def _list_objectives(lesson: Lesson) -> Iterator[tuple[str, ...]]:
    for objective in lesson.objectives:
        sections = [section.heading for section in lesson.sections if section.objective == objective.id]
        checks = [exercise.id for exercise in lesson.exercises if exercise.objective == objective.id]
        yield objective.text, "<br>".join(sections), ", ".join(checks)


def _list_sections(lesson: Lesson, notebook: NotebookNode) -> Iterator[tuple[str, ...]]:
    start, steps = 0, set(_list_steps(notebook))
    for place, section in enumerate(lesson.sections, start=1):
        exercises = [exercise for exercise in lesson.exercises if (section.heading, exercise.id) in steps]
        beliefs = dict.fromkeys(answer.misconception for exercise in exercises for answer in exercise.wrong)
        beliefs.pop("", None)
        yield (
            str(start),
            f"{lesson.number}.{place} {section.heading}",  # as `checkpoint` counts them
            str(section.minutes),
            "<br>".join(map(_describe_check, exercises)),
            "<br>".join(f"`{belief}`" for belief in beliefs),
        )
        start += section.minutes + sum(exercise.minutes for exercise in exercises)


def _describe_check(exercise: Exercise) -> str:
    kind = "guess, " if exercise.is_prediction else ""
    return f"{exercise.id} {exercise.title} ({kind}{exercise.minutes} min)"


def write_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a Markdown table with these column names."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(text.replace('|', '&#124;') for text in line)} |" for line in lines)


if __name__ == "__main__":
    sys.exit(main())
