"""Load the course from its files: a folder for each notebook, and in it a page or a folder for each exercise.

`CONTRIBUTING.md` shows what the files look like. A short question is one page, such as `2_2_spot_the_bug.md`;
an exercise with code is a folder, such as `2_4_idempotent_asset`.
"""

import importlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import indent

from lesson_lib.classroom.exercises.exercise import Exercise, WrongAnswer
from lesson_lib.classroom.exercises.misconception import Misconception
from lesson_lib.classroom.exercises.outcome import Outcome
from lesson_lib.classroom.exercises.plan import Lesson, Objective, Section
from lesson_lib.classroom.exercises.questions import QUESTIONS
from lesson_lib.classroom.pages import ContentError, Page, read_page, read_yaml

_COMMON = ("title", "objective", "minutes", "takeaway")
# A line of dots, and the comment above it that says what belongs there.
_DOTS = re.compile(r"^( *)(?:#.*\n *)*\.\.\.$", re.MULTILINE)
# The files of wrong answers that show no belief begin with one of these words.
_OUTCOMES = {"not-yet": Outcome.NOT_YET, "raised": Outcome.RAISED}
_BELIEF = re.compile(r"(.+?)\n\n```python\n(.+?)\n```\n\n```text\n(.+?)\n```", re.DOTALL)


def load_misconceptions(folder: Path) -> dict[str, Misconception]:
    """Load the mistaken beliefs by their ids, which are the names of their files, in that order.

    Raises:
        ContentError: a file cannot be read; the message names it, the line, and what belongs there.
    """
    return {path.stem: _load_misconception(path) for path in sorted(folder.glob("*.md"))}


def load_lessons(folder: Path, package: str, beliefs: Collection[str]) -> tuple[Lesson, ...]:
    """Load all lessons, in the order of their numbers; wrong answers may show only these beliefs.

    The folder contains one for each notebook, such as `02`; Python imports it by the name of the package.

    Raises:
        ContentError: as `load_misconceptions`.
    """
    return tuple(
        _load_lesson(plan, package, beliefs) for plan in sorted(folder.glob("[0-9][0-9]/lesson.yaml"))
    )


def _load_misconception(path: Path) -> Misconception:
    page = read_page(path)
    page.require(("claim", "truth"))
    found = _BELIEF.fullmatch(page.body)
    if not found:
        raise page.error("The page has an explanation, a block ```python, and its output as ```text.", "```")
    explanation, cell, output = found.groups()
    return Misconception(
        path.stem, page.front["claim"], page.front["truth"], " ".join(explanation.split()), cell, output
    )


def _load_lesson(plan: Path, package: str, beliefs: Collection[str]) -> Lesson:
    values = read_yaml(plan, plan.read_text(encoding="utf-8"))
    try:
        lesson = Lesson(
            notebook=values["notebook"],
            objectives=tuple(Objective(id_, text) for id_, text in values["objectives"].items()),
            sections=tuple(Section(**section) for section in values["sections"]),
            exercises=(),
        )
    except (AttributeError, KeyError, TypeError) as error:
        fault = f"A plan has a notebook, objectives, and sections with heading and minutes ({error})."
        raise ContentError(plan, 1, fault) from None
    exercises = _load_exercises(plan.parent, f"{package}.{plan.parent.name}", beliefs)
    return replace(lesson, exercises=tuple(exercises))


def _load_exercises(folder: Path, package: str, beliefs: Collection[str]) -> Iterator[Exercise]:
    """Load the exercises of a notebook; what begins with `2_4_` is 2.4."""
    numbered = {tuple(map(int, path.name.split("_")[:2])): path for path in folder.glob("[0-9]*_[0-9]*_*")}
    for number, path in sorted(numbered.items()):
        exercise = ".".join(map(str, number))
        if path.is_dir():
            loaded = _load_folder(path, exercise, f"{package}.{path.name}.scenarios")
        else:
            loaded = _load_question(path, exercise)
        for belief in (answer.misconception for answer in loaded.wrong):
            if belief and belief not in beliefs:
                fault = f"There is no belief {belief!r}. Write beliefs/{belief}.md, or correct the name."
                raise ContentError(path, 1, fault)
        yield loaded


def _load_question(path: Path, exercise: str) -> Exercise:
    page = read_page(path)
    kinds = [kind for key, kind in QUESTIONS.items() if key in page.front]
    if len(kinds) != 1:
        fault = f"The front matter of a question has one of these keys: {', '.join(QUESTIONS)}."
        raise page.error(fault)
    [(keys, complete)] = kinds
    page.require((*_COMMON, "hints", *keys))
    return complete(_begin(exercise, page, tuple(page.front["hints"])), page)


def _load_folder(folder: Path, exercise: str, module: str) -> Exercise:
    task, starter = read_page(folder / "task.md"), _read_cell(folder / "starter.py")
    task.require(_COMMON)
    scenarios = importlib.import_module(module)
    wrong = tuple(_read_wrong_answer(path, exercise, starter) for path in sorted(folder.glob("wrong/*.py")))
    return replace(
        _begin(exercise, task, _read_hints(folder / "hints.md")),
        starter=starter,
        solution=_read_answer(folder / "solution.py", exercise, starter),
        scenarios=scenarios.SCENARIOS,
        also_right=tuple(_read_answer(path, exercise, starter) for path in sorted(folder.glob("right/*.py"))),
        wrong=wrong,
        evidence=getattr(scenarios, "EVIDENCE", {}),
        kinds=_read_kinds(folder / "kinds.yaml", {answer.name for answer in wrong}),
    )


def _read_wrong_answer(path: Path, exercise: str, starter: str) -> WrongAnswer:
    """Read a wrong answer, whose file is named after its belief or, without one, after its outcome."""
    verdict = path.name.partition(".")[0]
    outcome = _OUTCOMES.get(verdict)
    answer = WrongAnswer(path.name, _read_answer(path, exercise, starter))
    return replace(answer, outcome=outcome) if outcome else replace(answer, misconception=verdict)


def _read_kinds(path: Path, wrong: Collection[str]) -> Mapping[str, tuple[str, ...] | str]:
    """Read which wrong answers are of which kind, if the exercise says so."""
    if not path.exists():
        return {}
    text = path.read_text(encoding="utf-8")
    values = read_yaml(path, text)
    for kind, names in values.items():
        if unknown := [name for name in names if name not in wrong] if isinstance(names, list) else []:
            line = text.count("\n", 0, text.index(unknown[0])) + 1
            raise ContentError(path, line, f"There is no wrong/{unknown[0]}.")
        values[kind] = tuple(names) if isinstance(names, list) else str(names)
    return values


def _begin(exercise: str, page: Page, hints: tuple[str, ...]) -> Exercise:
    """Return an exercise that has no cells yet."""
    values = {key: page.front[key] for key in _COMMON}
    return Exercise(id=exercise, task=page.body, hints=hints, **values)


def _read_hints(path: Path) -> tuple[str, ...]:
    """Read a numbered list, in which each hint has one line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith(f"{number}. "):
            raise ContentError(path, number, f"Each line is a hint: `{number}. ...`.")
    return tuple(line.partition(" ")[2] for line in lines)


def _read_cell(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip("\n")


def _read_answer(path: Path, exercise: str, starter: str) -> str:
    """Read an answer: a file that calls `check` is the whole cell, another replaces the starter's dots."""
    answer = _read_cell(path)
    if f'check("{exercise}"' in answer:
        return answer
    margins = _DOTS.findall(starter)
    if len(margins) != 1:
        fault = "The starter has no line of dots of its own. Write the whole cell, with its check(...)."
        raise ContentError(path, 1, fault)
    return _DOTS.sub(lambda _: indent(answer, margins[0]), starter)
