"""What objects show of themselves in a notebook: `BOARDS` names the types, and the board of each.

A board may be None: then IPython shows the object as it would without us.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lesson_lib.classroom.display import (
    backfill_view,
    definition_view,
    partition_view,
    request_view,
    run_view,
)
from lesson_lib.classroom.display.board import Board

__all__ = ["BOARDS"]


def _list_board(items: Sequence[object]) -> Board | None:
    """Describe what Dagster returns as a plain list: many keys, or requests for runs."""
    return partition_view.keys_board(items) or request_view.requests_board(items)


BOARDS: Mapping[type, Callable[[Any], Board | None]] = {
    **run_view.BOARDS,
    **partition_view.BOARDS,
    **definition_view.BOARDS,
    **request_view.BOARDS,
    **backfill_view.BOARDS,
    list: _list_board,
}
