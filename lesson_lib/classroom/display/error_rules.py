"""The rules that explain errors, loaded from the files in `errors/`, and the choice of the one that fits."""

import re
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import dagster as dg

from lesson_lib.classroom.display.safe_text import Bounded, shorten_name
from lesson_lib.classroom.pages import ContentError, read_yaml

LIBRARIES = {"dagster", "dagster_shared", "dagster_duckdb", "duckdb", "_duckdb", "lesson_lib"}
# Dagster lets SQLAlchemy's errors about keys pass. SQLAlchemy by itself is not part of the course, nor
# are Python's own errors: the pattern, or another requirement of the rule, shows that Dagster is involved.
_RAISING = {*LIBRARIES, "sqlalchemy", "builtins", "json"}
_MAX_MESSAGE_LENGTH = 20_000  # characters that are searched; the message about 300,000 keys has millions

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

    The named groups of `message` can stand in `cause` and `next_move`, as `{name}`; so can `{file}`, the last
    part of a group `path`, and `{set}`, the name of the dynamic definition.
    """

    # The name of the class, or of one that it inherits from. Not the class itself: several are not exported,
    # and a name that a release moves must not break a display.
    error: str
    message: str = ""  # a regular expression that the message matches
    cause: str = ""  # why it happened
    next_move: str = ""  # what to do now
    section: str = ""  # where the course explains it, such as `notebook 01, Where do keys live?`
    # These three only if they matter: the type of the definition for which the error was raised, what a value
    # in a library's function fulfils that the error passed, and what a line of code matches that it passed.
    definition: type[dg.PartitionsDefinition] | None = None
    condition: Condition | None = None
    line: str = ""


def _load_rules(path: Path) -> Iterator[tuple[str, Rule]]:
    """Load the rules of a file with their names, or raise a ContentError that names the file and the rule."""
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
    for name, rule in _load_rules(Path(__file__).parent / "errors" / f"{file}.yaml")
}


def find_rule(error: BaseException) -> Rule | None:
    """Return the rule for the first error of the chain that has one, with its texts completed."""
    for link in walk_chain(error):
        text = f"{link}\n{link.__cause__ or ''}"[:_MAX_MESSAGE_LENGTH]
        for rule in RULES.values():
            match = re.search(rule.message, text, re.DOTALL) if _is_a(link, rule.error) else None
            if match and (values := _collect_values(rule, link, match)) is not None:
                cause, next_move = (text.format(**values) for text in (rule.cause, rule.next_move))
                return replace(rule, cause=Bounded(cause), next_move=Bounded(next_move))
    return None


def walk_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, then its causes, as Python's own traceback shows them."""
    seen = set()
    link: BaseException | None = error
    # Dagster raises a step's error again while it handles the wrapped one, so that each refers to the other.
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def find_library_values(error: BaseException) -> Iterator[object]:
    """Yield the local variables of the libraries' functions; a learner's own variables may be anything."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).partition(".")[0] in LIBRARIES:
            yield from frame.f_locals.values()


def _is_a(error: BaseException, name: str) -> bool:
    return any(
        kind.__name__ == name and kind.__module__.partition(".")[0] in _RAISING
        for kind in type(error).__mro__
    )


def _collect_values(rule: Rule, error: BaseException, match: re.Match[str]) -> dict[str, str] | None:
    """Return the values for the rule's texts, or None if the rule is not for this error after all."""
    if rule.condition and not any(rule.condition(error, value) for value in find_library_values(error)):
        return None
    lines = traceback.extract_tb(error.__traceback__) if rule.line else []
    if rule.line and not any(re.search(rule.line, frame.line or "") for frame in lines):
        return None
    values = match.groupdict()
    if "path" in values:
        values["file"] = PurePath(values["path"].replace("\\", "/")).name
    if rule.definition:
        definition = _find_definition(error)
        name = getattr(definition, "name", "")  # None if a function makes its keys
        if not isinstance(definition, rule.definition) or name is None:
            return None
        values["set"] = name
    return {name: shorten_name(value) for name, value in values.items()}


def _find_definition(error: BaseException) -> dg.PartitionsDefinition | None:
    """Return the partitions definition for which the error was raised, which its message does not name."""
    frames = (frame for frame, _ in traceback.walk_tb(error.__traceback__))
    values = [value for frame in frames for value in frame.f_locals.values()]
    return next((value for value in reversed(values) if isinstance(value, dg.PartitionsDefinition)), None)
