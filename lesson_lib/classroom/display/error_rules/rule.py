"""What a rule says of an error."""

from collections.abc import Callable
from dataclasses import dataclass

import dagster as dg


@dataclass(frozen=True)
class Rule:
    """Which errors are explained how. The texts may be empty where the message says it all.

    Attributes:
        kind: the name of the class, or of a class that it inherits from. Not the class itself: several are
            not exported, and a name that a release moves must not break a display.
        pattern: what the message must hold. Its named groups can stand in `cause` and `next_move`, as
            `{name}`; so can `{file}`, the last part of a group `path`, and `{set}`, the name of the dynamic
            definition.
        cause: why it happened.
        next_move: what to do now.
        section: where the course explains it, such as `notebook 01, Where do keys live?`.
        definition: the type of the partitions definition in which the error must have come up, if it matters.
        held: what must hold, of the error and a value, for some value that a function of a library had at
            hand when the error passed through it, if it matters.
        line: what a line of code that the error passed through must hold, if it matters.
    """

    kind: str
    pattern: str
    cause: str
    next_move: str
    section: str = ""
    definition: type[dg.PartitionsDefinition] | None = None
    held: Callable[[BaseException, object], bool] | None = None
    line: str = ""
