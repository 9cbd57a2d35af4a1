"""What shows itself wherever it is displayed, with the extension or without."""

from abc import ABC, abstractmethod

from lesson_lib.classroom.display.board import Board
from lesson_lib.classroom.display.html import as_html
from lesson_lib.classroom.display.text import as_text


class Displayable(ABC):
    """A value of this library that describes itself as a board."""

    @abstractmethod
    def board(self) -> Board:
        """Describe this value."""

    def __repr__(self) -> str:
        """Return the board as text."""
        return as_text(self.board())

    def _repr_html_(self) -> str:
        return as_html(self.board())
