"""Find the rule that explains an error, and complete its texts."""

import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

import dagster as dg

from lesson_lib.classroom.display.error_rules import RULES, Rule
from lesson_lib.classroom.display.safe_text import Bounded, shorten_name

LIBRARIES = {"dagster", "dagster_shared", "dagster_duckdb", "duckdb", "_duckdb", "lesson_lib"}
# Dagster lets SQLAlchemy's errors about keys pass. SQLAlchemy by itself is no part of the course, and neither
# are Python's own errors: the pattern, or another requirement of the rule, shows that Dagster is involved.
_RAISING = {*LIBRARIES, "sqlalchemy", "builtins", "json"}
_MAX_MESSAGE_LENGTH = 20_000  # characters that are searched; the message about 300,000 keys has millions


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
    definition = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        for value in frame.f_locals.values():
            if isinstance(value, dg.PartitionsDefinition):
                definition = value
    return definition
