"""The processor time of each exercise's check, for its worked solution."""

import time
from functools import partial
from pathlib import Path

import dagster as dg
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from benchmarks.customer_assets import create_instance
from benchmarks.customers import empty_import
from benchmarks.table import measure_seconds, print_row
from lesson_lib.author.wrong_answers import open_shell
from lesson_lib.classroom.exercises.catalogue import EXERCISES
from lesson_lib.classroom.exercises.exercise import Exercise
from lesson_lib.classroom.exercises.outcome import Outcome


def measure(folder: Path) -> None:
    """Print a row for each exercise that `check` judges, against an empty asset in one run."""
    shell = open_shell(folder)
    instance = create_instance(["acme"])

    def run_empty_asset() -> None:
        dg.materialize([empty_import], partition_key="acme", instance=instance)

    for exercise in EXERCISES.values():
        if exercise.is_prediction:
            continue
        check_solution = partial(_check_solution, shell, exercise)
        check_solution()
        run_empty_asset()
        pairs = [
            (
                measure_seconds(check_solution, time.process_time),
                measure_seconds(run_empty_asset, time.process_time),
            )
            for _ in range(3)
        ]
        print_row(
            f"check of {exercise.id}, against a run of an empty asset, in processor time", "ours 2 s", pairs
        )


def _check_solution(shell: InteractiveShell, exercise: Exercise) -> None:
    """Run the cell of the worked solution, which ends with its check."""
    with capture_output():  # the verdict, and what some exercises display
        verdict = shell.run_cell(exercise.solution).result
    if getattr(verdict, "outcome", None) is not Outcome.RIGHT:
        raise RuntimeError(f"The solution of {exercise.id} is not right: {verdict}")
