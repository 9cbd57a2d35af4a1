"""What objects show in a notebook: `describe` knows the types for which a view registers a board."""

from lesson_lib.classroom.display import backfill_view, definition_view, run_view  # noqa: F401 - they register
from lesson_lib.classroom.display.board import Board, describe
from lesson_lib.classroom.display.partition_view import describe_keys
from lesson_lib.classroom.display.request_view import describe_run_requests

__all__ = ["describe"]


@describe.register
def _describe_list(items: list) -> Board | None:  # Dagster returns keys and run requests as plain lists
    return describe_keys(items) or describe_run_requests(items)
