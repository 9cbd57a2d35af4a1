"""Pictures that return in several notebooks: the three records, and a range of keys."""

from collections.abc import Sequence
from typing import Literal, get_args

import dagster as dg

from lesson_lib.classroom.display.board import Board, Box, Graph, Line, Mark, Strip, group_keys
from lesson_lib.classroom.display.displayable import DisplayableBoard
from lesson_lib.classroom.display.safe_text import format_count, shorten_name
from lesson_lib.pipeline.keys import KEY_SET

Record = Literal["keys", "materializations", "rows"]


def draw_records(*lit: Record) -> Board:
    """Draw the three records of a partition, and what writes each of them.

    Args:
        lit: the records to emphasize.

    Raises:
        ValueError: a record has another name than `keys`, `materializations` or `rows`.
    """
    names = get_args(Record)
    if unknown := [name for name in lit if name not in names]:
        raise ValueError(f"There is no record {unknown[0]!r}. The three records are {', '.join(names)}.")
    boxes = [
        Box("registration", Line("by you, or by a sensor's tick")),
        Box("run", Line("materializes the assets")),
        Box("keys", Line("in Dagster's instance"), after=["registration"]),
        Box("materializations", Line("in Dagster's instance"), after=["run"]),
        Box("rows", Line("in DuckDB"), after=["run"]),
    ]
    emphasized = [Box(box.name, box.outcome, after=box.after, is_lit=box.name in lit) for box in boxes]
    return DisplayableBoard("The three records of a partition, and what writes them", [Graph(emphasized)])


def draw_range(instance: dg.DagsterInstance, first: str, last: str) -> Board:
    """Draw which keys of the set `s3` a range contains, in the order of registration and of the alphabet.

    Raises:
        ValueError: the instance has no such key.
    """
    keys = list(instance.get_dynamic_partitions(KEY_SET))
    if missing := [key for key in (first, last) if key not in keys]:
        raise ValueError(f"{missing[0]!r} is not a registered key. Register it, or choose another end.")
    chosen = set(keys[keys.index(first) : keys.index(last) + 1])
    strips = [
        _draw_keys("In the order of registration, which a range follows", keys, chosen),
        _draw_keys("In alphabetical order, which it does not follow", sorted(keys), chosen),
    ]
    ends = f"{shorten_name(first)} to {shorten_name(last)}"
    title = f"The range from {ends} contains {format_count(len(chosen), 'key')} of {len(keys):,}"
    return DisplayableBoard(title, strips, None if chosen else Mark.ODD)


def _draw_keys(caption: str, keys: Sequence[str], chosen: set[str]) -> Strip:
    states = (("in the range", Mark.GOOD) if key in chosen else ("outside", Mark.OPEN) for key in keys)
    return Strip(caption, group_keys(states), (shorten_name(keys[0]), shorten_name(keys[-1])))
