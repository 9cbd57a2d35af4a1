"""Exercise 4.2: what 10,000 customers cost, from what a colleague has measured for 30 and 1,000."""

import re
from collections.abc import Mapping
from inspect import cleandoc

from lesson_lib.classroom.exercises.choices import one_for_each
from lesson_lib.classroom.exercises.exercise import Exercise, Miss, NoAnswer

_RUN_A_KEY, _ONE_RUN, _DUCKDB = "one run a key", "one run for all", "DuckDB alone"
_FASTER = "one run for all, DuckDB ten times as fast"

# In seconds, for 30 keys and for 1,000: rounded, and in the proportions that were measured for this course.
_MEASURED = {_RUN_A_KEY: (2.9, 95.0), _ONE_RUN: (0.3, 4.9), _DUCKDB: (0.03, 0.25)}
_TEN_TIMES = {way: 10 * seconds for way, (_, seconds) in _MEASURED.items()}
_NEAR = 0.25  # of the right answer, more or less; machines differ by more, beliefs by far more


def _seconds(answer: object) -> float:
    """Read a number of seconds: `950`, `"950"`, `"950 s"`, `np.float64(950.0)`."""
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(?:s|sec|seconds?)?\s*", str(answer).lower())
    if not found:
        raise NoAnswer(f"For each way the answer is a number of seconds, such as 2.5, and not {answer!r}.")
    return float(found[1])


def _cost_of_ten_thousand(answer: object) -> Miss | None:
    """What 10,000 customers take."""
    ways = [*_TEN_TIMES, _FASTER]
    given = one_for_each(answer, ways, f'{{"{_RUN_A_KEY}": 300, "{_ONE_RUN}": 30, ...}}')
    seconds = dict(zip(ways, map(_seconds, given), strict=True))
    for way, right in _TEN_TIMES.items():
        if abs(seconds[way] - right) > _NEAR * right:
            seen = f"{way}: {seconds[way]:g} seconds"
            return Miss(_belief(way, seconds), seen, expected="less" if seconds[way] > right else "more")
    return _thought(seconds)


def _thought(seconds: Mapping[str, float]) -> Miss | None:
    """Judge what a faster DuckDB saves, by the answer's own numbers: something, and no more than it takes."""
    saved = seconds[_ONE_RUN] - seconds[_FASTER]
    seen = f"{_FASTER}: {seconds[_FASTER]:g} seconds, which saves {saved:g} of {seconds[_ONE_RUN]:g}"
    if saved > (1 + _NEAR) * seconds[_DUCKDB]:
        return Miss("database-takes-the-time", seen, expected="no more saved than DuckDB takes")
    return None if saved > 0 else Miss(seen=seen, expected="less: DuckDB's part gets shorter")


def _belief(way: str, seconds: Mapping[str, float]) -> str:
    """Return the id of the belief that the first answer which is off shows, if it shows one."""
    told = seconds[way]
    if way == _ONE_RUN and told <= 2 * _MEASURED[_ONE_RUN][1]:
        return "a-range-costs-one-key"
    if way == _ONE_RUN and told >= (1 - _NEAR) * seconds[_RUN_A_KEY]:
        return "every-key-needs-a-run"
    if way == _DUCKDB and told >= seconds[_ONE_RUN] / 2:
        return "database-takes-the-time"
    return ""


def _cell(run_a_key: str, one_run: str, duckdb: str, faster: str) -> str:
    return cleandoc(f"""
        seconds = {{
            "{_RUN_A_KEY}": {run_a_key},
            "{_ONE_RUN}": {one_run},
            "{_DUCKDB}": {duckdb},
            "{_FASTER}": {faster},
        }}
        check("4.2", seconds)
    """)


COST_OF_MANY = Exercise(
    id="4.2",
    title="What do ten thousand cost?",
    objective="cost",
    minutes=3,
    task="A colleague has run this notebook's cells on a machine of hers, for 30 keys and for 1,000:\n\n"
    "| way | 30 keys | 1,000 keys |\n|:--|--:|--:|\n"
    + "\n".join(f"| {way} | {few:g} s | {many:g} s |" for way, (few, many) in _MEASURED.items())
    + "\n\nHow many seconds will 10,000 keys take there? The last line of the answer is a thought: one run "
    "for all, with a DuckDB that needs a tenth of its time; go on from your own numbers there. Put four "
    "numbers in the place of the dots; for the first three, a quarter more or less is near enough.",
    starter=_cell("...", "...", "...", "..."),
    solution=_cell("950", "49", "2.5", "49 - 0.9 * 2.5"),
    takeaway="A run costs, and a key costs. In one run for all, nearly all of the time goes into Dagster's "
    "log: a database ten times as fast saves a twentieth.",
    hints=(
        "From 1,000 keys to 10,000: which part of the work is done ten times as often?",
        "30 keys share the start of one run, so a key of theirs looks dear. Go by the 1,000.",
        "DuckDB is at work inside the one run, too. How much of its seconds can a faster one take away?",
    ),
    scenarios=(_cost_of_ten_thousand,),
    also_right=(
        _cell('"1000 s"', '"45 seconds"', '" 2.3 "', "43"),
        _cell("95 / 1_000 * 10_000", "0.3 + (4.9 - 0.3) / 970 * 9_970", "2.5", "47"),
    ),
    wrong=(
        (_cell("950", "4.9", "2.5", "4.7"), "a-range-costs-one-key"),
        (_cell("950", "0.1", "0.25", "0.1"), "a-range-costs-one-key"),
        (_cell("950", "950", "2.5", "950"), "every-key-needs-a-run"),
        (_cell("950", "49", "49", "4.9"), "database-takes-the-time"),
        (_cell("950", "49", "2.5", "4.9"), "database-takes-the-time"),
        (_cell("950", "49", "2.5", "25"), "database-takes-the-time"),
    ),
)
