"""Editions of a notebook: the learner's, the solved one, and a clean one to hand out.

Tags name what the course's content puts into a cell: `task:2.3` into a prose cell, `exercise:2.3` into a code
cell, `objectives` into the prose cell that lists the objectives, and `navigation` into the last cell, which
links to the notebooks before and after it.
"""

import itertools
from collections.abc import Callable, Iterator
from copy import deepcopy

from nbformat import NotebookNode

from lesson_lib.author.notebook_files import clear_outputs, tidy
from lesson_lib.classroom.exercises.catalogue import LESSONS
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.plan import Lesson
from lesson_lib.notebook_cells import (
    EXERCISE,
    NAVIGATION,
    OBJECTIVES,
    SECTION,
    TASK,
    NotebookError,
    get_content_tags,
)

_KINDS = {"code": "code", "markdown": "prose", "raw": "raw"}


def make_learner_edition(notebook: NotebookNode, lesson: Lesson) -> NotebookNode:
    """Return a copy with each task in its prose cell, each starter in its code cell, and the objectives.

    All other cells, and whatever cells have shown, stay as they are.

    Raises:
        NotebookError: a tag names no exercise of the lesson, or an exercise has not just one cell of each
            kind; the message has a line for each fault.
    """
    return _fill_in(notebook, lesson, lambda exercise: exercise.starter)


def make_solved_edition(notebook: NotebookNode, lesson: Lesson) -> NotebookNode:
    """Return the learner's edition with solutions in the place of starters, and marked so in its title.

    Raises:
        NotebookError: as in `make_learner_edition`, or the notebook does not begin with a title.
    """
    edition = _fill_in(notebook, lesson, lambda exercise: exercise.solution)
    first = edition.cells[0].source if edition.cells else ""
    title, rest, more = first.partition("\n")
    if not title.startswith("# "):
        raise NotebookError(
            f"{lesson.notebook}.ipynb: The notebook does not begin with a title. "
            "Let its first cell begin with '# '."
        )
    edition.cells[0].source = f"{title} (solutions){rest}{more}"
    return edition


def make_clean_edition(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without anything that running it has left, such as outputs, counts and times."""
    copy = tidy(notebook)
    clear_outputs(copy)
    return copy


def _fill_in(notebook: NotebookNode, lesson: Lesson, answer: Callable[[Exercise], str]) -> NotebookNode:
    prose = {f"{TASK}{each.id}": f"### {each.name}: {each.title}\n\n{each.task}" for each in lesson.exercises}
    if lesson.objectives:
        prose[OBJECTIVES] = _write_objectives(lesson)
    if navigation := _write_navigation(lesson):
        prose[NAVIGATION] = navigation
    code = {f"{EXERCISE}{each.id}": answer(each) for each in lesson.exercises}
    kinds = dict.fromkeys(prose, "markdown") | dict.fromkeys(code, "code")
    if wrong := list(_find_wrong_cells(notebook, kinds, lesson.number)):
        raise NotebookError("\n".join(f"{lesson.notebook}.ipynb: {fault}" for fault in wrong))
    edition = deepcopy(notebook)
    for cell in edition.cells:
        for tag in get_content_tags(cell):
            cell.source = (prose | code)[tag]
    _number_sections(edition, lesson.number)
    return edition


def _find_wrong_cells(notebook: NotebookNode, kinds: dict[str, str], number: str) -> Iterator[str]:
    """Find tags that are not on exactly one cell of their kind, and unknown ones."""
    tagged = [get_content_tags(cell) for cell in notebook.cells]
    for cell, tags in zip(notebook.cells, tagged, strict=True):
        if len(tags) > 1:
            yield f"One cell has the tags {' and '.join(map(repr, tags))}. Give each a cell of its own."
        for tag in tags:
            if tag not in kinds:
                yield (
                    f"A cell has the tag {tag!r}, for which its lesson has nothing. Correct the tag, or add "
                    f"what is missing to lesson_lib/course/{number}."
                )
            elif kinds[tag] != cell.cell_type:
                wanted, given = _KINDS[kinds[tag]], _KINDS[cell.cell_type]
                yield f"The tag {tag!r} is on a {given} cell. Put it on a {wanted} cell."
    for tag, kind in kinds.items():
        count = sum(tags.count(tag) for tags in tagged)
        if not count:
            yield f"No cell has the tag {tag!r}. Add an empty {_KINDS[kind]} cell with it."
        if count > 1:
            yield f"{count} cells have the tag {tag!r}. Leave it on one of them."


def _number_sections(edition: NotebookNode, number: str) -> None:
    """Write its number into the heading of each section, as `checkpoint` takes it."""
    numbers = itertools.count(1)
    for cell in edition.cells:
        if cell.cell_type == "markdown" and not get_content_tags(cell):
            cell.source = SECTION.sub(lambda match: f"## {number}.{next(numbers)} · {match[1]}", cell.source)


def _write_objectives(lesson: Lesson) -> str:
    minutes = max(5, 5 * round(lesson.minutes / 5))
    listed = "\n".join(f"{number}. {each.text}" for number, each in enumerate(lesson.objectives, start=1))
    lead = f"After about {minutes} minutes, including the exercises, you can:\n\n{listed}"
    checks = [exercise.id for exercise in lesson.exercises if not exercise.is_prediction]
    usage = ""
    if checks:
        usage = (
            "In an exercise, `check` runs your answer and reports the result. "
            f'`hint("{checks[0]}")` shows a hint, `solution("{checks[0]}")` a worked answer, and '
            "`progress()` what you have done so far. After a break or a restart, run the first code cell. "
            f'Then `checkpoint()` lists the sections, and `checkpoint("{lesson.number}.2")` runs everything '
            "that comes before that section."
        )
    return "\n\n".join(filter(None, [lead, usage, _write_navigation(lesson)]))


def _write_navigation(lesson: Lesson) -> str:
    """Return the links to the notebooks before and after this one; empty if it is not in the course."""
    if lesson not in LESSONS:
        return ""
    place = LESSONS.index(lesson)
    links = [f"[← {_format_link(before)}" for before in LESSONS[:place][-1:]]
    links += [f"[→ {_format_link(after)}" for after in LESSONS[place + 1 :][:1]]
    return " | ".join(links)


def _format_link(lesson: Lesson) -> str:
    number, _, name = lesson.notebook.partition("_")
    return f"{number} · {name.replace('_', ' ').capitalize()}]({lesson.notebook}.ipynb)"
