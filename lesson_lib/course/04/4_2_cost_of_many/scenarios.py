"""Exercise 4.2: what 10,000 customers cost, judging by a colleague's measurements for 30 and 1,000."""

import re
from collections.abc import Mapping

from lesson_lib.classroom.exercises.answers import read_one_for_each
from lesson_lib.classroom.exercises.exercise import Miss, NoAnswer

_RUN_A_KEY, _ONE_RUN, _DUCKDB = "one run per key", "one run for all", "DuckDB alone"
_FASTER = "one run for all, DuckDB ten times as fast"

# Rounded seconds for 30 keys and for 1,000, in the proportions that were measured for this course.
_MEASURED = {_RUN_A_KEY: (2.9, 95.0), _ONE_RUN: (0.3, 4.9), _DUCKDB: (0.03, 0.25)}
_SOLUTION = {way: 10 * seconds for way, (_, seconds) in _MEASURED.items()}
_TOLERANCE = 0.25  # of the right answer; beliefs differ from it by far more


def _read_seconds(answer: object) -> float:
    """Read a number of seconds: `950`, `"950"`, `"950 s"`, `np.float64(950.0)`."""
    found = re.fullmatch(r"\s*(\d+\.?\d*|\.\d+)\s*(?:s|sec|seconds?)?\s*", str(answer).lower())
    if not found:
        raise NoAnswer(f"For each way the answer is a number of seconds, such as 2.5, and not {answer!r}.")
    return float(found[1])


def _cost_of_ten_thousand(answer: object) -> Miss | None:
    """What 10,000 customers take."""
    ways = [*_SOLUTION, _FASTER]
    given = read_one_for_each(answer, ways, f'{{"{_RUN_A_KEY}": 300, "{_ONE_RUN}": 30, ...}}')
    seconds = dict(zip(ways, map(_read_seconds, given), strict=True))
    for way, right in _SOLUTION.items():
        if abs(seconds[way] - right) > _TOLERANCE * right:
            seen = f"{way}: {seconds[way]:g} seconds"
            return Miss(_find_belief(way, seconds), seen, expected="less" if seconds[way] > right else "more")
    return _judge_saving(seconds)


def _judge_saving(seconds: Mapping[str, float]) -> Miss | None:
    """Check that a faster DuckDB saves time, but not more than DuckDB takes by the answer's own numbers."""
    saved = seconds[_ONE_RUN] - seconds[_FASTER]
    seen = f"{_FASTER}: {seconds[_FASTER]:g} seconds, which saves {saved:g} of {seconds[_ONE_RUN]:g}"
    if saved > (1 + _TOLERANCE) * seconds[_DUCKDB]:
        return Miss("database-takes-the-time", seen, expected="no more saved than DuckDB takes")
    return None if saved > 0 else Miss(seen=seen, expected="less: DuckDB's part gets shorter")


def _find_belief(way: str, seconds: Mapping[str, float]) -> str:
    """Return the id of the belief behind the first wrong number, or an empty string."""
    answered = seconds[way]
    if way == _ONE_RUN and answered <= 2 * _MEASURED[_ONE_RUN][1]:
        return "a-range-costs-one-key"
    if way == _ONE_RUN and answered >= (1 - _TOLERANCE) * seconds[_RUN_A_KEY]:
        return "every-key-needs-a-run"
    if way == _DUCKDB and answered >= seconds[_ONE_RUN] / 2:
        return "database-takes-the-time"
    return ""


SCENARIOS = (_cost_of_ten_thousand,)
