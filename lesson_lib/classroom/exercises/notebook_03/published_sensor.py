"""Exercise 3.4: which line of the published sensor is behind which symptom."""

import re
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
        line: the first line whose result is wrong, from 1 on.
        misconception: the id of the belief that takes what this line makes for right.
    """

    told: str
    line: int
    misconception: str


_SYMPTOMS = {
    "a": _Symptom(
        "Three files lie there unchanged, and every second tick asks for all three again.",
        line=10,
        misconception="cursor-of-new-files-is-enough",
    ),
    "b": _Symptom(
        "`acme.csv` is corrected after a tick that has asked for it, and the next tick does not.",
        line=5,
        misconception="known-name-is-known-file",
    ),
    "c": _Symptom(
        "`acme.eu.csv` and `acme.us.csv` arrive together, and from then on every tick fails.",
        line=6,
        misconception="key-ends-at-the-first-dot",
    ),
    "d": _Symptom(
        "The file manager leaves its hidden `.DS_Store` in the folder, and a run fails for it.",
        line=4,
        misconception="everything-in-a-folder-is-data",
    ),
}
_READS_THE_CURSOR = 3


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
        if (line := lines[letter]) != symptom.line:
            belief = symptom.misconception
            if letter == "a" and line == _READS_THE_CURSOR:
                belief = "each-tick-begins-from-nothing"
            where = "further up" if line > symptom.line else "further down"
            return Miss(belief, seen=f"{letter}: line {line}", expected=f"a line {where}")
    return None


def _cell(answer: str) -> str:
    return f'check("3.4", {{{answer}}})'


PUBLISHED_SENSOR_BUGS = Exercise(
    id="3.4",
    title="Spot the bugs",
    objective="remember",
    minutes=3,
    task="Here is the published sensor once more, a step a line. Four things have been seen of it. For each, "
    "follow the lines from the top, and give the number of the first one whose result is not what it should "
    "be.\n\n```python\n"
    + "\n".join(f"{number:2}  {line}" for number, line in enumerate(_LINES, 1))
    + "\n```\n\n"
    + "\n".join(f"- **{letter}** {symptom.told}" for letter, symptom in _SYMPTOMS.items()),
    starter=_cell('"a": ..., "b": ..., "c": ..., "d": ...'),
    solution=_cell('"a": 10, "b": 5, "c": 6, "d": 4'),
    takeaway="Ask four things of a sensor: which files it looks at, when one counts as new, which key it "
    "stands for, and what the next tick will know.",
    hints=(
        "Take one symptom at a time, and write down what names, new, keys and the cursor hold at each tick.",
        "a: what is the cursor after a tick that has found nothing new? b: what is compared with what?",
        "c: which keys come of the two names? d: which of the lists is the first with .DS_Store in it?",
    ),
    scenarios=(_line_of_each,),
    also_right=(
        _cell('"a": "line 10", "b": "5", "c": 6, "d": 4'),
        _cell('"D": 4, "C": 6, "B": 5, "A": 10'),
    ),
    wrong=(
        (_cell('"a": 5, "b": 5, "c": 6, "d": 4'), "cursor-of-new-files-is-enough"),
        (_cell('"a": 3, "b": 5, "c": 6, "d": 4'), "each-tick-begins-from-nothing"),
        (_cell('"a": 10, "b": 9, "c": 6, "d": 4'), "known-name-is-known-file"),
        (_cell('"a": 10, "b": 10, "c": 6, "d": 4'), "known-name-is-known-file"),
        (_cell('"a": 10, "b": 5, "c": 8, "d": 4'), "key-ends-at-the-first-dot"),
        (_cell('"a": 10, "b": 5, "c": 6, "d": 6'), "everything-in-a-folder-is-data"),
    ),
)
