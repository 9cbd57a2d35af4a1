"""What shows itself wherever it is displayed, with the extension or without."""

from abc import ABC, abstractmethod

from lesson_lib.classroom.boards.as_html import as_html
from lesson_lib.classroom.boards.as_text import as_text
from lesson_lib.classroom.boards.board import Board


class Shown(ABC):
    """A value of this library that describes itself as a board."""

    @abstractmethod
    def board(self) -> Board:
        """Describe this value."""

    def __repr__(self) -> str:
        """Return the board as text."""
        return as_text(self.board())

    def _repr_html_(self) -> str:
        return as_html(self.board())
