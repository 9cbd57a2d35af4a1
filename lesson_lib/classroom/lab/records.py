"""The three records of all keys at one moment, and at two."""

from dataclasses import dataclass

from lesson_lib.classroom.display.displayable import Displayable
from lesson_lib.pipeline.audit import KeyRecords


@dataclass(frozen=True, repr=False)
class ThreeRecords(Displayable):
    """The contents of the three records at one moment. Two are equal if nothing has happened in between.

    Attributes:
        assets: the names of the assets, in the order given.
        table: the table in which the rows were counted.
        keys: each key with its records: the registered ones in their order, then the others.
        has_database: whether the database exists.
        has_table: whether the table exists in it.
        unassigned_rows: the number of rows if the table has no column `partition_key`, else 0.
    """

    assets: tuple[str, ...]
    table: str
    keys: tuple[KeyRecords, ...]
    has_database: bool
    has_table: bool
    unassigned_rows: int


@dataclass(frozen=True, repr=False)
class Changes(Displayable):
    """The three records before and after something was done."""

    before: ThreeRecords
    after: ThreeRecords
