"""Exercise 3.4: which line of the published sensor to fix for each symptom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lesson_lib.classroom.exercises.answers import read_one_for_each
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer
from lesson_lib.classroom.pages import read_code_block

# The sensor that the learner reads, with numbered lines.
_NUMBERED = read_code_block(Path(__file__).with_name("task.md"), "python").splitlines()
PUBLISHED_SENSOR = "".join(f"{line[4:]}\n" for line in _NUMBERED)


@dataclass(frozen=True)
class _Symptom:
    """A symptom of the sensor.

    Attributes:
        lines: the numbers of the lines, one of which must be fixed.
        explanations: why other likely lines are not the cause.
        misconception: the id of the belief that hides the cause, or an empty string.
        belief_lines: the lines that learners with this belief would fix instead.
    """

    lines: tuple[int, ...]
    explanations: Mapping[int, str]
    misconception: str = ""
    belief_lines: tuple[int, ...] = ()


_SYMPTOMS = {
    "a": _Symptom(
        lines=(10,),
        explanations={
            3: "line 3 reads what line 10 has written at the tick before",
            9: "with run keys the runs would be dropped, and the sensor would still ask for them",
        },
        misconception="cursor-of-new-files-is-enough",
        belief_lines=(4, 5),
    ),
    "b": _Symptom(
        lines=(4, 5),
        explanations={
            3: "line 3 gives back what was written down, and that is a name",
            10: "whatever line 10 writes down, line 5 compares it with names",
        },
        misconception="known-name-is-known-file",
        belief_lines=(6, 8, 9),
    ),
    "c": _Symptom(
        lines=(6,),
        explanations={5: "line 5 finds one new name, acme.eu.csv, and that is right"},
        misconception="key-ends-at-the-first-dot",
        belief_lines=(8, 9),
    ),
    "d": _Symptom(
        lines=(9,),
        explanations={
            3: "line 3 is given no cursor, and can read nothing else",
            5: "without a cursor, no name is in seen, however names are compared",
            10: "whatever line 10 had written down is gone",
        },
    ),
}


def _read_line_number(answer: object) -> int:
    """Read the number of a line: `10`, `"10"`, `"line 10"`."""
    numbers = [int(number) for number in re.findall(r"-?\d+", str(answer))]
    if len(numbers) != 1 or not 1 <= numbers[0] <= len(_NUMBERED):
        raise NoAnswer(f"For each symptom the answer is the number of a line, 1 to {len(_NUMBERED)}.")
    return numbers[0]


def _line_of_each(answer: object) -> Miss | None:
    """The line behind each symptom."""
    given = read_one_for_each(answer, _SYMPTOMS, '{"a": 1, "b": 1, "c": 1, "d": 1}')
    lines = dict(zip(_SYMPTOMS, map(_read_line_number, given), strict=True))
    for letter, symptom in _SYMPTOMS.items():
        if (line := lines[letter]) not in symptom.lines:
            belief = symptom.misconception if line in symptom.belief_lines else ""
            where = "further up" if line > max(symptom.lines) else "further down"
            seen = symptom.explanations.get(line, f"line {line}")
            return Miss(belief, f"{letter}: {seen}", f"a line {where}")
    return None


SCENARIOS = (_line_of_each,)
