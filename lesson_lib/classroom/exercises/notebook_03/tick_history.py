"""Exercise 3.6: the history of five ticks, and what explains four of them."""

import json
from inspect import cleandoc
from pathlib import Path
from typing import Any

import dagster as dg

from lesson_lib.classroom.exercises.choices import letters, one_for_each
from lesson_lib.classroom.exercises.exercise import Exercise, Miss
from lesson_lib.classroom.exercises.world import new_world
from lesson_lib.classroom.simulator.tick_simulator import TickSimulator, simulate
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    checked_key,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
    s3_partitions_def,
)

_SENSOR = """\
@dg.sensor(target=customers)
def half_mended(context: dg.SensorEvaluationContext):
    seen = json.loads(context.cursor or "{}")
    sizes = {path.name: path.stat().st_size for path in sorted(inbox.glob("[!.]*.csv"))}
    new = [name for name, size in sizes.items() if size != seen.get(name)]
    keys = {name: checked_key(Path(name).stem) for name in new}
    return dg.SensorResult(
        dynamic_partitions_requests=[s3_partitions_def.build_add_request(list(keys.values()))],
        run_requests=[dg.RunRequest(partition_key=key, run_key=name) for name, key in keys.items()],
        cursor=json.dumps(sizes),
    )
"""

_EXPLANATIONS = {
    "a": "The failed tick left the cursor as it was, so whatever it had found new is still new.",
    "b": "A run that failed is put off: a later tick asks for it again.",
    "c": "The content is new and the run key is not, so the daemon took the request "
    "for one that has had its run.",
    "d": "Neither of the new names makes a good key: a good one beside a bad one would have been asked for.",
    "e": "The sensor wrote down that it had asked, and nobody told it how the run ended.",
    "f": "What this run would have loaded is in the table already, so the daemon saved the work.",
    "g": "One name makes a bad key, and the error takes everything else at this tick with it.",
    "h": "A failed tick leaves out the file that it failed for, and what comes after that file has its turn.",
}
_TICKS = {
    2: "asks for nothing, although a run of tick 1 has failed",
    3: "asks for a run, and none starts",
    4: "asks for neither of the two files that are new",
    5: "asks for a run of `o'hare`, whose file has lain there since tick 4",
}
_TRUE = {2: "e", 3: "c", 4: "g", 5: "a"}
# What the history shows of each tick, against most explanations of it.
_SHOWN = {
    2: "tick 2 asks for no run, all files are as before, and no tick has failed so far",
    3: "the one run that tick 3 asks for is dropped, and no tick has failed so far",
    4: "tick 4 failed with InvalidKey, and no tick before it had failed",
    5: "tick 5 did not fail, both its runs succeeded, and tick 4 had asked for neither",
}
# What it shows against an explanation that sounds likely, and the belief behind that one, if there is one.
_AGAINST = {
    (2, "b"): ("failed-run-is-asked-for-again", "no tick after the first asks for zenith"),
    (3, "b"): ("", "the run of acme at tick 1 succeeded; the one that failed is zenith's"),
    (3, "f"): ("", "tick 3 shows acme.csv as changed; the daemon compares run keys, never content"),
    (4, "d"): ("one-bad-key-fails-alone", "tick 5 asks for o'hare, and its run succeeds"),
    (4, "h"): (
        "failed-tick-moves-on",
        "o'hare.csv comes after the bad name and has no turn: tick 4 asks for nothing",
    ),
    (5, "b"): ("failed-run-is-asked-for-again", "tick 5 is the first to ask for a run of o'hare"),
    (5, "h"): ("failed-tick-moves-on", "the cursor after tick 4 is as before, so no file has been left out"),
}


def five_ticks() -> TickSimulator:
    """Let a sensor that is mended only in part tick five times, with files that come and change."""
    with new_world() as world:
        source, inbox = world.lab.source, world.lab.folder / "inbox"
        inbox.mkdir()
        customers = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
        resources = {
            "source": SourceFolder(path=str(inbox)),
            "database": Warehouse(database=str(world.lab.database)),
        }
        daemon = simulate(
            _half_mended(inbox, customers), customers, world.instance, resources=resources, folder=inbox
        )

        def arrive(name: str, like: str, old: str = "", new: str = "") -> None:
            text = (source / like).read_text(encoding="utf-8").replace(old, new)
            (inbox / name).write_text(text, encoding="utf-8", newline="")

        for name in ("acme.csv", "bluebird.csv"):
            arrive(name, name)
        arrive("zenith.csv", "zenith.csv", ",96673,", ",n/a,")
        daemon.tick()
        daemon.tick()
        arrive("acme.csv", "acme.csv", "10.09", "10.0925")
        daemon.tick()
        arrive("globex...eu.csv", "globex.eu.csv")
        arrive("o'hare.csv", "o'hare.csv")
        daemon.tick()
        (inbox / "globex...eu.csv").rename(inbox / "globex.eu.csv")
        daemon.tick()
        return daemon


def _half_mended(inbox: Path, customers: list[dg.AssetsDefinition]) -> dg.SensorDefinition:
    """Make the sensor of the very text that the learner reads."""
    names: dict[str, Any] = {
        "Path": Path,
        "checked_key": checked_key,
        "customers": customers,
        "dg": dg,
        "inbox": inbox,
        "json": json,
        "s3_partitions_def": s3_partitions_def,
    }
    exec(_SENSOR, names)  # noqa: S102 - the text above, and nobody else's
    made: dg.SensorDefinition = names["half_mended"]
    return made


def _what_explains(answer: object) -> Miss | None:
    """What explains each of the four ticks."""
    given = one_for_each(answer, _TICKS, '{2: "a", 3: "b", 4: "c", 5: "d"}')
    chosen = {
        tick: letters(letter, _EXPLANATIONS, count=1)[0] for tick, letter in zip(_TICKS, given, strict=True)
    }
    for tick, letter in chosen.items():
        if letter != _TRUE[tick]:
            belief, seen = _AGAINST.get((tick, letter), ("", _SHOWN[tick]))
            return Miss(belief, seen, expected=f"another explanation of tick {tick}")
    return None


def _cell(second: str, third: str, fourth: str, fifth: str) -> str:
    return cleandoc(f"""
        from lesson_lib.classroom.exercises.notebook_03.tick_history import five_ticks

        display(five_ticks())
        check("3.6", {{2: {second}, 3: {third}, 4: {fourth}, 5: {fifth}}})
    """)


TICK_HISTORY = Exercise(
    id="3.6",
    title="What happened at these ticks?",
    objective="tick",
    minutes=4,
    task="This sensor is mended in part: it remembers sizes, looks at data files only, and cuts keys in the "
    "right place. `checked_key` raises an error for a key that breaks the rules.\n\n"
    f"```python\n{_SENSOR}```\n\n"
    "The cell shows five ticks of it. The run that fails at the first one is that of `zenith.csv`, a broken "
    "file. Explain four of the ticks:\n\n"
    + "\n".join(f"- Tick **{tick}** {told}." for tick, told in _TICKS.items())
    + "\n\nPut the letter of the one that fits, in quotes, in the place of the dots; not every letter is "
    "needed.\n\n" + "\n".join(f"- **{letter}** {told}" for letter, told in _EXPLANATIONS.items()),
    starter=_cell("...", "...", "...", "..."),
    solution=_cell('"e"', '"c"', '"g"', '"a"'),
    takeaway="A failed tick leaves the cursor as it was, so the next one finds the same files new. A failed "
    "run is asked for again only if you see to it.",
    hints=(
        "Read a line from left to right: what was there, what was asked for, and what became of it.",
        "five_ticks().ticks[3] shows the fourth tick by itself, with its error; the others in the same way.",
        "Look at the cursor after tick 4: which of the files does the sensor not know when tick 5 begins?",
    ),
    scenarios=(_what_explains,),
    also_right=(_cell('"E"', '"c)"', '["g"]', '" A "'),),
    wrong=(
        (_cell('"b"', '"c"', '"g"', '"a"'), "failed-run-is-asked-for-again"),
        (_cell('"e"', '"c"', '"d"', '"a"'), "one-bad-key-fails-alone"),
        (_cell('"e"', '"c"', '"h"', '"a"'), "failed-tick-moves-on"),
        (_cell('"e"', '"c"', '"g"', '"h"'), "failed-tick-moves-on"),
        (_cell('"e"', '"c"', '"g"', '"b"'), "failed-run-is-asked-for-again"),
    ),
)
