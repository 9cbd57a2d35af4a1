"""What objects show of themselves in a notebook: `BOARDS` names the types, and the board of each.

A board may be None: then IPython shows the object as it would without us.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lesson_lib.classroom.boards import backfills, definitions, partitions, requests, runs
from lesson_lib.classroom.boards.board import Board

__all__ = ["BOARDS"]


def _list_board(items: Sequence[object]) -> Board | None:
    """Describe what Dagster returns as a plain list: many keys, or requests for runs."""
    return partitions.keys_board(items) or requests.requests_board(items)


BOARDS: Mapping[type, Callable[[Any], Board | None]] = {
    **runs.BOARDS,
    **partitions.BOARDS,
    **definitions.BOARDS,
    **requests.BOARDS,
    **backfills.BOARDS,
    list: _list_board,
}
