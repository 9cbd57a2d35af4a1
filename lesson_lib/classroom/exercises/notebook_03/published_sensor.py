"""Exercise 3.4: which line of the published sensor is to be mended to end which symptom."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lesson_lib.classroom.exercises.choices import one_for_each
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer

PUBLISHED_SENSOR = """\
@dg.sensor(target=customers)
def first_sensor(context: dg.SensorEvaluationContext):
    seen = json.loads(context.cursor or "[]")
    names = [path.name for path in sorted(inbox.iterdir())]
    new = [name for name in names if name not in seen]
    keys = [name.split(".")[0] for name in new]
    return dg.SensorResult(
        dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)],
        run_requests=[dg.RunRequest(partition_key=key) for key in keys],
        cursor=json.dumps(new),
    )
"""
_LINES = PUBLISHED_SENSOR.splitlines()


@dataclass(frozen=True)
class _Symptom:
    """What somebody has seen of the sensor.

    Attributes:
        told: what is said of it.
        lines: those that end it when one of them is mended, from 1 on.
        so: what is so of other lines that look likely.
        misconception: the id of the belief that takes `lines` for right, if there is one.
        shown_by: the lines that somebody who holds this belief would mend instead.
    """

    told: str
    lines: tuple[int, ...]
    so: Mapping[int, str]
    misconception: str = ""
    shown_by: tuple[int, ...] = ()


_SYMPTOMS = {
    "a": _Symptom(
        "Three files lie there unchanged, and every second tick asks for all three again.",
        lines=(10,),
        so={
            3: "line 3 reads what line 10 has written at the tick before",
            9: "with run keys the runs would be dropped, and the sensor would still ask for them",
        },
        misconception="cursor-of-new-files-is-enough",
        shown_by=(4, 5),
    ),
    "b": _Symptom(
        "`acme.csv` is corrected after a tick that has asked for it, and the next tick does not.",
        lines=(4, 5),
        so={
            3: "line 3 gives back what was written down, and that is a name",
            10: "whatever line 10 writes down, line 5 compares it with names",
        },
        misconception="known-name-is-known-file",
        shown_by=(6, 8, 9),
    ),
    "c": _Symptom(
        "`acme.csv` is loaded. When `acme.eu.csv` comes, `acme.csv` is loaded once more, and the new file "
        "is not.",
        lines=(6,),
        so={5: "line 5 finds one new name, acme.eu.csv, and that is right"},
        misconception="key-ends-at-the-first-dot",
        shown_by=(8, 9),
    ),
    "d": _Symptom(
        "Somebody resets the cursor in the UI, and all files are loaded again, though none has changed.",
        lines=(9,),
        so={
            3: "line 3 is given no cursor, and can read nothing else",
            5: "without a cursor, no name is in seen, however names are compared",
            10: "whatever line 10 had written down is gone",
        },
    ),
}


def _number(answer: object) -> int:
    """Read a line's number: `10`, `"10"`, `"line 10"`."""
    numbers = [int(number) for number in re.findall(r"-?\d+", str(answer))]
    if len(numbers) != 1 or not 1 <= numbers[0] <= len(_LINES):
        raise NoAnswer(f"For each symptom the answer is the number of a line, 1 to {len(_LINES)}.")
    return numbers[0]


def _line_of_each(answer: object) -> Miss | None:
    """The line behind each symptom."""
    given = one_for_each(answer, _SYMPTOMS, '{"a": 1, "b": 1, "c": 1, "d": 1}')
    lines = dict(zip(_SYMPTOMS, map(_number, given), strict=True))
    for letter, symptom in _SYMPTOMS.items():
        if (line := lines[letter]) not in symptom.lines:
            belief = symptom.misconception if line in symptom.shown_by else ""
            where = "further up" if line > max(symptom.lines) else "further down"
            return Miss(belief, f"{letter}: {symptom.so.get(line, f'line {line}')}", f"a line {where}")
    return None


def _cell(answer: str) -> str:
    return f'check("3.4", {{{answer}}})'


PUBLISHED_SENSOR_BUGS = Exercise(
    id="3.4",
    title="Spot the bugs",
    objective="remember",
    minutes=3,
    task="Here is the published sensor once more, a step a line. Four things have been seen of it. Each ends "
    "when one line is mended and all others stay as they are. Give the number of that line; if you see two "
    "that would do, give either.\n\n```python\n"
    + "\n".join(f"{number:2}  {line}" for number, line in enumerate(_LINES, 1))
    + "\n```\n\n"
    + "\n".join(f"- **{letter}** {symptom.told}" for letter, symptom in _SYMPTOMS.items()),
    starter=_cell('"a": ..., "b": ..., "c": ..., "d": ...'),
    solution=_cell('"a": 10, "b": 5, "c": 6, "d": 9'),
    takeaway="Ask five things of a sensor: which files it looks at, when one counts as new, which key it "
    "stands for, which run key its run has, and what the next tick will know.",
    hints=(
        "Take one symptom at a time, and write down what names, new, keys and the cursor hold at each tick.",
        "a: what is the cursor after a tick that has found nothing new? b: what is compared with what?",
        "c: which key does acme.eu.csv get? d: what, beside the cursor, keeps a file from a second run?",
    ),
    scenarios=(_line_of_each,),
    also_right=(
        _cell('"a": "line 10", "b": "5", "c": 6, "d": 9'),
        _cell('"D": 9, "C": 6, "B": 4, "A": 10'),
    ),
    wrong=(
        (_cell('"a": 5, "b": 5, "c": 6, "d": 9'), "cursor-of-new-files-is-enough"),
        (_cell('"a": 4, "b": 4, "c": 6, "d": 9'), "cursor-of-new-files-is-enough"),
        (_cell('"a": 10, "b": 9, "c": 6, "d": 9'), "known-name-is-known-file"),
        (_cell('"a": 10, "b": 6, "c": 6, "d": 9'), "known-name-is-known-file"),
        (_cell('"a": 10, "b": 5, "c": 8, "d": 9'), "key-ends-at-the-first-dot"),
        (_cell('"a": 10, "b": 5, "c": 9, "d": 9'), "key-ends-at-the-first-dot"),
    ),
)
