"""Exercise 4.6: how to load, for four situations."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import cleandoc

from lesson_lib.classroom.exercises.choices import letters, one_for_each
from lesson_lib.classroom.exercises.exercise import Exercise, Miss

_STRATEGIES = {
    "a": "One run a key, as a sensor asks for it.",
    "b": "One run for a range: its first and its last key in the run's tags.",
    "c": "`backfill` with a list of keys, in one run.",
    "d": "Coarser keys, such as one a day, and a column for what was a key before.",
    "e": "A pool with a limit of one for every step that opens the database.",
    "f": "More runs at the same time, each in a process of its own.",
    "g": "Another storage: a database server, which lets several programs write.",
}


@dataclass(frozen=True)
class _Situation:
    """A situation, as one meets it at work.

    Attributes:
        told: what is said of it.
        right: the letter of the strategy.
        against: what comes of another strategy, by its letter.
        misconceptions: the id of the belief that makes another strategy look right, by its letter.
    """

    told: str
    right: str
    against: Mapping[str, str]
    misconceptions: Mapping[str, str]


_NO_NEED = "three runs a day take no time worth saving, and never meet"
_STILL_MILLIONS = "there are still three million keys, and Dagster recommends 100,000 at most"
_STILL_REFUSED = "while your part has the file open, the desk's program is refused"
_SITUATIONS = {
    "newcomers": _Situation(
        "Some three new customers a day send their first file, whenever they please. Each is to be in the "
        "table within minutes. No two ever come together.",
        right="a",
        against={
            "b": f"somebody has to name its ends, and a late key is not between them; {_NO_NEED}",
            "c": f"somebody has to call it whenever a file comes; {_NO_NEED}",
            "d": "a customer of today then loads all others of the key once more",
            "e": f"a pool starts no run; {_NO_NEED}",
            "f": _NO_NEED,
            "g": _NO_NEED,
        },
        misconceptions={},
    ),
    "migration": _Situation(
        "5,000 customers come over from another system, and their keys are registered. The database is "
        "yours for three minutes. Some twenty files are broken, nobody knows which, and all others are to be "
        "in the table afterwards.",
        right="c",
        against={
            "a": "5,000 runs of a tenth of a second take more than eight minutes",
            "b": "one broken file fails the run, and none of the 5,000 is in the table",
            "d": "one broken file then fails all customers of its key",
            "e": "a pool lets runs wait; it makes none shorter",
            "f": "all the runs meet at one file, and all but one process are refused",
            "g": "most of a run's time is Dagster's, whatever database it writes to",
        },
        misconceptions={
            "a": "every-key-needs-a-run",
            "b": "broken-file-fails-alone-in-a-range",
            "f": "more-runs-load-faster",
            "g": "database-takes-the-time",
        },
    ),
    "orders": _Situation(
        "Three million orders are the lines of 600 files, a file a day. The plan says: a key an order. If "
        "something is wrong, the whole day is loaded again.",
        right="d",
        against={
            "a": "three million runs of a tenth of a second take more than three days",
            "b": f"at 5 ms a key it takes more than four hours; {_STILL_MILLIONS}",
            "c": f"at 5 ms a key it takes more than four hours; {_STILL_MILLIONS}",
            "e": _STILL_MILLIONS,
            "f": _STILL_MILLIONS,
            "g": _STILL_MILLIONS,
        },
        misconceptions=dict.fromkeys("abcefg", "more-keys-cost-nothing"),
    ),
    "desk": _Situation(
        "Your runs write to one DuckDB file all day long, and so does a program of the trading desk, at "
        "moments that it chooses. It knows nothing of Dagster, and neither side can wait for the other.",
        right="g",
        against={
            "a": _STILL_REFUSED,
            "b": _STILL_REFUSED,
            "c": _STILL_REFUSED,
            "d": "with coarser keys there are fewer runs, and each still has the file to itself",
            "e": "the desk's program is no run of Dagster's, and asks no pool",
            "f": "each process more is one more that is refused while another has the file",
        },
        misconceptions={
            **dict.fromkeys("abc", "several-processes-may-write"),
            "e": "pool-guards-the-file",
            "f": "more-runs-load-faster",
        },
    ),
}


def _strategy_of_each(answer: object) -> Miss | None:
    """How to load in each situation."""
    given = one_for_each(answer, _SITUATIONS, '{"newcomers": "a", "migration": "a", ...}')
    for (name, situation), told in zip(_SITUATIONS.items(), given, strict=True):
        [letter] = letters(told, _STRATEGIES, count=1, question=name)
        if letter != situation.right:
            belief = situation.misconceptions.get(letter, "")
            return Miss(belief, f"{name}, {letter}: {situation.against[letter]}", "another strategy")
    return None


def _cell(newcomers: str, migration: str, orders: str, desk: str) -> str:
    return cleandoc(f"""
        strategy = {{"newcomers": {newcomers}, "migration": {migration}, "orders": {orders}, "desk": {desk}}}
        check("4.6", strategy)
    """)


STRATEGIES = Exercise(
    id="4.6",
    title="How would you load these?",
    objective="scale",
    minutes=4,
    task="Four situations. Reckon with what they take in this notebook: a tenth of a second a run, and 5 ms "
    "a key in one run for many.\n\n"
    + "\n".join(f"- **{name}** {situation.told}" for name, situation in _SITUATIONS.items())
    + "\n\nWhich of these fits each? Put its letter, in quotes, in the place of the dots; not every letter "
    "is needed.\n\n" + "\n".join(f"- **{letter}** {text}" for letter, text in _STRATEGIES.items()),
    starter=_cell("...", "...", "...", "..."),
    solution=_cell(*(f'"{situation.right}"' for situation in _SITUATIONS.values())),
    takeaway="A key is what you load again by itself, a run what succeeds or fails by itself. First choose "
    "these two, then count the seconds.",
    hints=(
        "Multiply: keys by the price of a key, runs by the price of a run. Is there anything to save?",
        "What is to be left in the table after one broken file? What is loaded again as one piece?",
        "A pool is asked by the steps of Dagster's runs. Who else opens the file?",
    ),
    scenarios=(_strategy_of_each,),
    also_right=(_cell('"A"', '"c)"', '["d"]', '" G. "'),),
    wrong=(
        (_cell('"a"', '"a"', '"d"', '"g"'), "every-key-needs-a-run"),
        (_cell('"a"', '"b"', '"d"', '"g"'), "broken-file-fails-alone-in-a-range"),
        (_cell('"a"', '"f"', '"d"', '"g"'), "more-runs-load-faster"),
        (_cell('"a"', '"g"', '"d"', '"g"'), "database-takes-the-time"),
        (_cell('"a"', '"c"', '"a"', '"g"'), "more-keys-cost-nothing"),
        (_cell('"a"', '"c"', '"c"', '"g"'), "more-keys-cost-nothing"),
        (_cell('"a"', '"c"', '"d"', '"c"'), "several-processes-may-write"),
        (_cell('"a"', '"c"', '"d"', '"e"'), "pool-guards-the-file"),
        (_cell('"a"', '"c"', '"d"', '"f"'), "more-runs-load-faster"),
    ),
)
