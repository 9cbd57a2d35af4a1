"""The base class of values that show themselves, with the extension or without it."""

from typing import cast

from lesson_lib.classroom.display.board import Board, describe
from lesson_lib.classroom.display.html import render_html
from lesson_lib.classroom.display.text import render_text


def render_formats(board: Board) -> dict[str, str]:
    """Return the board in each format that a notebook stores, by MIME type."""
    return {"text/plain": render_text(board), "text/html": render_html(board)}


class Displayable:
    """A value of this library that shows itself as a board."""

    def board(self) -> Board:
        """Describe this value, by default with the function that a view registered for its type."""
        return cast("Board", describe(self))

    def __repr__(self) -> str:
        """Return the board as text."""
        return render_text(self.board())

    def _repr_html_(self) -> str:
        return render_html(self.board())


class DisplayableBoard(Displayable, Board):
    """A board that shows itself."""

    def board(self) -> Board:
        """Return this board."""
        return self
