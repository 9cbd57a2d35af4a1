"""The page about what the exercises catch, made by running every wrong answer of the exercises with code.

python -m lesson_lib.author.wrong_answers      writes docs/wrong-answers.md
"""

import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from lesson_lib.author.notebook_files import ROOT
from lesson_lib.author.run_sheet import write_table
from lesson_lib.classroom.exercises.catalogue import COURSE, EXERCISES
from lesson_lib.classroom.exercises.exercise import Exercise, WrongAnswer
from lesson_lib.classroom.pages import read_yaml

PAGE = ROOT / "docs" / "wrong-answers.md"

# The names that notebooks define before the first exercise, and that starters and answers use.
FIRST_CELL = """
import json
from pathlib import Path
import dagster as dg
import duckdb
from lesson_lib.classroom import open_lab, three_records
from lesson_lib.classroom.exercises import check, fact, hint, predict, solution
from lesson_lib.pipeline import SourceFolder, Warehouse
from lesson_lib.pipeline import duckdb_dynamic_partition_table, import_dynamic_partition_file
s3_partitions_def = dg.DynamicPartitionsDefinition(name="s3")
FLOAT_COLUMNS = "date date, share_price float, amount float, spend float, shift float, spread float"
DOUBLE_COLUMNS = FLOAT_COLUMNS.replace("float", "double")
lab = open_lab()
instance = dg.DagsterInstance.ephemeral()
customers = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
"""

_INTRODUCTION = """\
# What the exercises catch

An exercise with code runs each answer through scenarios; the first one that finds a fault gives the verdict.
This page lists the mistakes that the exercises were built to catch, and the scenario that stops each of them.
It is written by `make notebooks` from `wrong/` and `kinds.yaml` in the folders of the exercises.
"""


class Catch(NamedTuple):
    """The verdict on a wrong answer: the scenario that stopped it, and the belief that it names."""

    scenario: str
    belief: str


def main() -> None:
    """Run all wrong answers of the exercises with code, and write the page."""
    with tempfile.TemporaryDirectory() as folder:
        shell = open_shell(Path(folder))
        exercises = list_code_exercises()
        catches = {
            (exercise.id, answer.name): _run(shell, answer)
            for exercise in exercises
            for answer in exercise.wrong
        }
    PAGE.write_text(write_page(exercises, catches), encoding="utf-8")


def open_shell(folder: Path) -> InteractiveShell:
    """Open a shell in which the first cell has run, without history and with its progress in this folder."""
    os.environ["LESSON_PROGRESS"] = str(folder / "progress.json")  # not the author's own
    without_history = Config({"HistoryManager": {"enabled": False}})
    shell: InteractiveShell = InteractiveShell.instance(colors="nocolor", config=without_history)
    shell.run_cell(FIRST_CELL).raise_error()
    return shell


def list_code_exercises() -> list[Exercise]:
    """Return the exercises whose answers are code, which say which kinds of mistakes they catch."""
    return [exercise for exercise in EXERCISES.values() if exercise.kinds]


def read_kinds() -> dict[str, str]:
    """Return the kinds of wrong answers by their ids, each described in a sentence."""
    path = COURSE / "kinds.yaml"
    return read_yaml(path, path.read_text(encoding="utf-8"))


def _run(shell: InteractiveShell, answer: WrongAnswer) -> Catch:
    with capture_output():
        ran = shell.run_cell(answer.cell)
    ran.raise_error()
    return Catch(dict(ran.result.facts)["Scenario"], ran.result.misconception)


def get_kind(exercise: Exercise, kind: str) -> tuple[str, ...] | str:
    """Return the wrong answers that prove that a kind of mistake is caught, or why it cannot occur."""
    return exercise.kinds.get(kind) or exercise.kinds["other"]


def write_page(exercises: Iterable[Exercise], catches: Mapping[tuple[str, str], Catch]) -> str:
    """Write the page: a table for each kind of mistake, and one for each exercise."""
    exercises = list(exercises)
    parts = [_INTRODUCTION.strip()]
    for kind, description in read_kinds().items():
        rows = ((exercise.id, _describe_kind(exercise, kind, catches)) for exercise in exercises)
        parts += [
            f"## {kind}",
            description,
            write_table(("exercise", "caught by, or why it cannot occur"), rows),
        ]
    for exercise in exercises:
        answers = (
            (f"`{answer.name}`", catches[exercise.id, answer.name].scenario, _describe_verdict(answer))
            for answer in exercise.wrong
        )
        header = ("wrong answer", "scenario", "verdict")
        parts += [f"## Exercise {exercise.id}: {exercise.title}", write_table(header, answers)]
    return "\n\n".join(parts) + "\n"


def read_page(page: str) -> dict[tuple[str, str], Catch]:
    """Return what the page says about each wrong answer, by exercise and name."""
    catches = {}
    for exercise, table in re.findall(r"## Exercise (\S+): .+\n\n((?:\|.*\n)+)", page):
        for name, scenario, verdict in re.findall(r"^\| `(.+?)` \| (.+) \| (.+?) \|$", table, re.MULTILINE):
            belief = re.fullmatch(r"`(.+)`", verdict)
            catches[exercise, name] = Catch(scenario, belief[1] if belief else "")
    return catches


def _describe_kind(exercise: Exercise, kind: str, catches: Mapping[tuple[str, str], Catch]) -> str:
    found = get_kind(exercise, kind)
    if isinstance(found, str):
        return found
    return "<br>".join(dict.fromkeys(catches[exercise.id, name].scenario for name in found))


def _describe_verdict(answer: WrongAnswer) -> str:
    return f"`{answer.misconception}`" if answer.misconception else answer.outcome.value


if __name__ == "__main__":
    main()
