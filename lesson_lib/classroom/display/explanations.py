"""Which rule is for an error, with its texts filled in."""

import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath

import dagster as dg

from lesson_lib.classroom.display.error_rules import RULES, Rule
from lesson_lib.classroom.display.safe_text import LONGEST_NAME, Bounded, shortened

LIBRARIES = {"dagster", "dagster_shared", "dagster_duckdb", "duckdb", "_duckdb", "lesson_lib"}
# Dagster lets what SQLAlchemy says of the keys pass as it is. By itself, SQLAlchemy is none of the course's.
# Nor are Python's own errors: the pattern, or what else the rule asks for, must show that Dagster has a part.
_RAISING = {*LIBRARIES, "sqlalchemy", "builtins", "json"}
_MOST_READ = 20_000  # characters of a message; that of 300,000 keys has millions


def explained(error: BaseException) -> Rule | None:
    """Return the rule for an error, or for the first in its chain that has one, with its texts filled in."""
    for link in chain(error):
        text = f"{link}\n{link.__cause__ or ''}"[:_MOST_READ]
        for rule in RULES.values():
            found = re.search(rule.message, text, re.DOTALL) if _is_a(link, rule.error) else None
            if found and (values := _values(rule, link, found)) is not None:
                cause, next_move = (text.format(**values) for text in (rule.cause, rule.next_move))
                return replace(rule, cause=Bounded(cause), next_move=Bounded(next_move))
    return None


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error, then what it came from, as Python's own traceback would show it."""
    seen = set()
    link: BaseException | None = error
    # Dagster raises a step's error again while it handles the wrapped one: the two point at each other.
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)


def _is_a(error: BaseException, name: str) -> bool:
    return any(
        kind.__name__ == name and kind.__module__.partition(".")[0] in _RAISING
        for kind in type(error).__mro__
    )


def _values(rule: Rule, error: BaseException, found: re.Match[str]) -> dict[str, str] | None:
    """Return what the rule's texts may name; None if the rule is not for this error after all."""
    if rule.condition and not any(rule.condition(error, value) for value in held_by_libraries(error)):
        return None
    lines = traceback.extract_tb(error.__traceback__) if rule.line else []
    if rule.line and not any(re.search(rule.line, frame.line or "") for frame in lines):
        return None
    values = {name: shortened(value, LONGEST_NAME) for name, value in found.groupdict().items()}
    if "path" in values:
        values["file"] = shortened(PurePath(found["path"].replace("\\", "/")).name, LONGEST_NAME)
    if rule.definition:
        definition = _definition(error)
        name = getattr(definition, "name", "")  # None where a function makes its keys
        if not isinstance(definition, rule.definition) or name is None:
            return None
        values["set"] = shortened(name, LONGEST_NAME)
    return values


def held_by_libraries(error: BaseException) -> Iterator[object]:
    """Yield what the libraries' functions had at hand; what a learner's own had may be anything."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if str(frame.f_globals.get("__name__")).partition(".")[0] in LIBRARIES:
            yield from frame.f_locals.values()


def _definition(error: BaseException) -> dg.PartitionsDefinition | None:
    """Return the partitions definition in which the error came up, which its message does not name."""
    definition = None
    step = error.__traceback__
    while step:
        for value in step.tb_frame.f_locals.values():
            if isinstance(value, dg.PartitionsDefinition):
                definition = value
        step = step.tb_next
    return definition
