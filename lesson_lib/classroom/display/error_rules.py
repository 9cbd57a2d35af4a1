"""The rules that explain errors, loaded from the files in `errors/`."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from lesson_lib.classroom.pages import ContentError, read_yaml

# The first rule that matches is used, and the message of a tick is more specific than that of a run.
_FILES = ("triggers", "runs", "storage")

Condition = Callable[[BaseException, object], bool]

# What a rule may require, by its `with`, of a value in a library's function that the error passed.
_CONDITIONS: Mapping[str, Condition] = {
    "a sensor context": lambda _, value: isinstance(value, dg.SensorEvaluationContext),
    "a tick context": lambda _, value: isinstance(
        value, dg.SensorEvaluationContext | dg.ScheduleEvaluationContext
    ),
    "a request for keys": lambda _, value: isinstance(value, dg.AddDynamicPartitionsRequest),
    # If the error has the text that could not be read.
    "the cursor that was read": lambda error, value: (
        isinstance(value, dg.SensorEvaluationContext) and value.cursor == getattr(error, "doc", None)
    ),
    "an output without keys": lambda _, value: (
        isinstance(value, dg.OutputContext) and value.has_asset_partitions and not value.asset_partition_keys
    ),
}


@dataclass(frozen=True)
class Rule:
    """An explanation, and the errors that it explains. Texts that the message makes superfluous are empty.

    Attributes:
        error: the name of the class, or of a class that it inherits from. Not the class itself: several are
            not exported, and a name that a release moves must not break a display.
        message: a regular expression that the message matches. Its named groups can stand in `cause` and
            `next_move`, as `{name}`; so can `{file}`, the last part of a group `path`, and `{set}`, the name
            of the dynamic definition.
        cause: why it happened.
        next_move: what to do now.
        section: where the course explains it, such as `notebook 01, Where do keys live?`.
        definition: the type of the partitions definition for which the error was raised, if it matters.
        condition: what a value in a library's function fulfils that the error passed, if it matters.
        line: what a line of code matches that the error passed, if it matters.
    """

    error: str
    message: str = ""
    cause: str = ""
    next_move: str = ""
    section: str = ""
    definition: type[dg.PartitionsDefinition] | None = None
    condition: Condition | None = None
    line: str = ""


def load_rules(path: Path) -> Iterator[tuple[str, Rule]]:
    """Load the rules of a file with their names.

    Raises:
        ContentError: the file cannot be read; the message names it, and the rule.
    """
    for name, values in read_yaml(path, path.read_text(encoding="utf-8")).items():
        try:
            definition, condition = values.pop("definition", None), values.pop("with", None)
            rule = Rule(
                next_move=values.pop("next", ""),
                definition=getattr(dg, definition) if definition else None,
                condition=_CONDITIONS[condition] if condition else None,
                **values,
            )
        except (AttributeError, KeyError, TypeError) as error:
            raise ContentError(path, 1, f"The rule {name!r} has an unknown key or value ({error}).") from None
        yield name, rule


RULES: Mapping[str, Rule] = {
    name: rule
    for file in _FILES
    for name, rule in load_rules(Path(__file__).parent / "errors" / f"{file}.yaml")
}
