"""What 3.2 and 3.4 say of the published sensor is so: it is run as it is printed."""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from lesson_lib.classroom.boards.ticks import Became
from lesson_lib.classroom.exercises.course import EXERCISES
from lesson_lib.classroom.exercises.notebook_03.published_sensor import PUBLISHED_SENSOR
from lesson_lib.classroom.exercises.world import new_world
from lesson_lib.classroom.ticks import TickSimulator, simulate
from lesson_lib.pipeline import (
    SourceFolder,
    Warehouse,
    duckdb_dynamic_partition_table,
    import_dynamic_partition_file,
    s3_partitions_def,
)

CUSTOMERS = [import_dynamic_partition_file, duckdb_dynamic_partition_table]
LINES = PUBLISHED_SENSOR.splitlines()
# For each symptom, the line that 3.4 names, as somebody would mend it and no other.
MENDED = {
    "a": (10, "        cursor=json.dumps(seen + new),"),
    "c": (6, "    keys = [Path(name).stem for name in new]"),
    "d": (4, '    names = [path.name for path in sorted(inbox.glob("[!.]*.csv"))]'),
}

Start = Callable[..., tuple[Path, TickSimulator]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Let a daemon begin with a sensor, as a text, and an inbox of copies of acme's file."""
    with new_world() as world:
        inbox = world.lab.folder / "inbox"
        inbox.mkdir()

        def begin(sensor: str, *names: str) -> tuple[Path, TickSimulator]:
            for name in names:
                (inbox / name).write_bytes((world.lab.source / "acme.csv").read_bytes())
            given: dict[str, Any] = {"customers": CUSTOMERS, "inbox": inbox}
            given |= {"Path": Path, "dg": dg, "json": json, "s3_partitions_def": s3_partitions_def}
            exec(sensor, given)  # noqa: S102 - the course's own code
            resources = {
                "source": SourceFolder(path=str(inbox)),
                "database": Warehouse(database=str(world.lab.database)),
            }
            return inbox, simulate(given["first_sensor"], CUSTOMERS, world.instance, resources=resources)

        yield begin


def mended(symptom: str) -> str:
    """Return the sensor with the line behind this symptom mended."""
    line, instead = MENDED[symptom]
    return "\n".join([*LINES[: line - 1], instead, *LINES[line:]])


def asked(daemon: TickSimulator, ticks: int) -> list[list[str | None]]:
    """Return the keys of the runs that each of so many ticks asks for."""
    return [[run.partition for run in daemon.tick(run=False).runs] for _ in range(ticks)]


def test_its_task_shows_this_very_text_with_numbers() -> None:
    """Line for line, so that the numbers are those that the answer has."""
    numbered = [f"{number:2}  {line}" for number, line in enumerate(LINES, 1)]
    assert "\n".join(numbered) in EXERCISES["3.4"].task


def test_the_lines_that_are_mended_are_those_of_the_solution() -> None:
    """Symptom by symptom; b takes more than one line to mend."""
    call: Any = ast.parse(EXERCISES["3.4"].solution).body[-1]
    right = ast.literal_eval(call.value.args[1])
    assert right == {**{symptom: line for symptom, (line, _) in MENDED.items()}, "b": 5}
    assert [LINES[right[symptom] - 1].strip() for symptom in "abcd"] == [
        "cursor=json.dumps(new),",
        "new = [name for name in names if name not in seen]",
        'keys = [name.split(".")[0] for name in new]',
        "names = [path.name for path in sorted(inbox.iterdir())]",
    ]


def test_a_every_second_tick_asks_for_everything(start: Start) -> None:
    """As 3.2 predicts it; with the line mended, the first tick does."""
    keys = ["acme", "bluebird", "zenith"]
    _, daemon = start(PUBLISHED_SENSOR, *(f"{key}.csv" for key in keys))
    found = asked(daemon, 4)
    assert found == [keys, [], keys, []]
    assert EXERCISES["3.2"].solution == f'predict("3.2", {", ".join(str(len(runs)) for runs in found)})'
    _, daemon = start(mended("a"), *(f"{key}.csv" for key in keys))
    assert asked(daemon, 4) == [keys, [], [], []]


def test_b_a_corrected_file_is_taken_for_one_that_is_known(start: Start) -> None:
    """The list of names is right; what line 5 makes of it is not, since the cursor has the name."""
    inbox, daemon = start(PUBLISHED_SENSOR, "acme.csv")
    assert asked(daemon, 1) == [["acme"]]
    (inbox / "acme.csv").write_text("another,header\n", encoding="utf-8")
    assert daemon.cursor == '["acme.csv"]'
    assert asked(daemon, 1) == [[]]


def test_c_two_names_with_a_dot_make_every_tick_fail(start: Start) -> None:
    """They are cut to one key, and a key cannot be added twice in a request."""
    names = ["acme.eu.csv", "acme.us.csv", "zenith.csv"]
    _, daemon = start(PUBLISHED_SENSOR, *names)
    assert [type(daemon.tick(run=False).error).__name__ for _ in range(3)] == ["IntegrityError"] * 3
    assert daemon.cursor is None
    assert daemon.instance.get_dynamic_partitions("s3") == []
    _, daemon = start(mended("c"))
    assert asked(daemon, 1) == [["acme.eu", "acme.us", "zenith"]]


def test_d_a_hidden_file_makes_a_run_that_fails(start: Start) -> None:
    """Its key is empty; the file beside it is loaded."""
    _, daemon = start(PUBLISHED_SENSOR, ".DS_Store", "acme.csv")
    assert [(run.partition, run.became) for run in daemon.tick().runs] == [
        ("", Became.FAILED),
        ("acme", Became.SUCCEEDED),
    ]
    _, daemon = start(mended("d"))
    assert asked(daemon, 1) == [["acme"]]
