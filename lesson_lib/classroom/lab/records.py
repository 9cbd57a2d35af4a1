"""The three records of all keys at one moment, and at two."""

from dataclasses import dataclass

from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.pipeline.audit import KeyRecords


@dataclass(frozen=True, repr=False)
class ThreeRecords(Displayable):
    """The contents of the three records at one moment. Two are equal if nothing has happened in between."""

    assets: tuple[str, ...]  # names, in the order given
    table: str  # the table in which the rows were counted
    keys: tuple[KeyRecords, ...]  # the registered ones in their order, then the others
    has_database: bool
    has_table: bool
    unassigned_rows: int  # 0 if the table has a column `partition_key`


@dataclass(frozen=True, repr=False)
class Changes(Displayable):
    """The three records before and after something was done."""

    before: ThreeRecords
    after: ThreeRecords
