"""What the errors that a learner meets mean, and what to do about each: a table of rules."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

import dagster as dg

from lesson_lib.classroom.boards.wording import LONGEST_NAME, shortened

_LOOK = "notebook 01, What lies in the folder?"
_CALENDAR = "notebook 01, Which files does the calendar name?"
_ASSET = "notebook 01, What does a partitioned asset look like?"
_REGISTER = "notebook 01, How does a key come into being?"
_TABLE = "notebook 01, How does the file get into a table?"
_INSTANCE = "notebook 01, Where do keys live?"
_PRACTICE = "notebook 01, How does this play out in practice?"
_AGAIN = "notebook 02, What happens when a file is loaded again?"
_DELETE = "notebook 02, Would deleting first help?"
_APOSTROPHE = "notebook 02, What does an apostrophe do?"
_BROKEN = "notebook 02, What does a broken file leave behind?"
_ORDER = "notebook 02, What if the columns come in another order?"
_CHECK = "notebook 02, Can a check stop a load?"
_OURS = "notebook 02, Does the library's version hold?"

_LIBRARIES = {"dagster", "dagster_shared", "duckdb", "_duckdb", "sqlalchemy", "lesson_lib"}
_MOST_READ = 20_000  # characters of a message; that of 300,000 keys has millions


@dataclass(frozen=True)
class Explanation:
    """What lies behind an error, where its message does not say it already.

    Attributes:
        cause: why it happened, or empty where the message is plain.
        next_move: what to do now, or empty where the message says it.
        section: where the course explains it, such as `notebook 01, Where do keys live?`, or empty.
    """

    cause: str = ""
    next_move: str = ""
    section: str = ""


@dataclass(frozen=True)
class Rule:
    """Which errors an explanation is for.

    Attributes:
        kind: the name of the class, or of a class that it inherits from. Not the class itself: several are
            not exported, and a name that a release moves must not break a display.
        pattern: what the message must hold. Its named groups can stand in the texts, as `{name}`; so can
            `{file}`, the last part of a group `path`, and `{set}`, the name of the dynamic definition.
        explained: the explanation, with such names in it.
        dynamic: only where the error came up in a dynamic partitions definition.
    """

    kind: str
    pattern: str
    explained: Explanation
    dynamic: bool = False


# The first that fits is taken, so special cases stand before general ones.
RULES = (
    Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        Explanation(
            "The set {set!r} of this instance does not hold {key!r}. Neither a file nor the definition makes "
            "a key: somebody has to register it.",
            "Compare the spelling with instance.get_dynamic_partitions({set!r}). If the key is new: "
            "instance.add_dynamic_partitions({set!r}, [{key!r}]), and run the cell again.",
            _REGISTER,
        ),
        dynamic=True,
    ),
    Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        Explanation(
            "{key!r} is not among the keys that this definition works out by itself.",
            "Choose one that its get_partition_keys() lists. "
            "Names that no calendar knows need a dg.DynamicPartitionsDefinition.",
            _CALENDAR,
        ),
    ),
    Rule(
        "DagsterInvalidInvocationError",
        r"Nonexistent partition keys:\s*\[(?P<keys>.*)\]",
        Explanation(
            "A range runs from one registered key to another, and {keys} is not registered in this instance.",
            "Choose both ends from instance.get_dynamic_partitions(...), or register the key first.",
            _REGISTER,
        ),
    ),
    Rule(
        "CheckError",
        r"instance is not available",
        Explanation(
            "Dynamic keys are kept in an instance, and this call does not know which one.",
            "Pass it: dg.materialize(..., instance=instance), or "
            "get_partition_keys(dynamic_partitions_store=instance).",
            _INSTANCE,
        ),
    ),
    Rule(
        "DagsterInvariantViolationError",
        r"partition_key for a partitioned run with a range",
        Explanation(
            "This run is for a range of keys, so there is no single key to read.",
            "Let the asset loop over context.partition_keys, which holds all of them (or the one), "
            "or pass partition_key=... to materialize a single one.",
        ),
    ),
    Rule(
        "DagsterInvariantViolationError",
        r"partition_key for a non-partitioned run",
        Explanation(
            "The asset reads context.partition_key, and this run has no key.",
            "Pass one: dg.materialize(..., partition_key='acme', instance=instance). "
            "The asset needs a partitions_def for that, too.",
            _ASSET,
        ),
    ),
    Rule(
        "CheckError",
        r"partition_key for a non-partitioned run",
        Explanation(
            "The function reads context.partition_key, and this context was built without one.",
            "Build it with a key: dg.build_asset_context(partition_key='acme').",
            _ASSET,
        ),
    ),
    Rule(
        "CheckError",
        r"persisting an output associated with multiple partitions",
        Explanation(
            "The asset returns one value for several keys, and Dagster keeps returned values key by key.",
            "Store the rows inside the asset and annotate it -> None, "
            "or pass partition_key=... to materialize one key at a time.",
        ),
    ),
    Rule(
        "CheckError",
        r"no PartitionsDefinition shared",
        Explanation(
            "The call names a partition key, but the assets in it are not partitioned.",
            "Give them a definition, @dg.asset(partitions_def=...), or leave partition_key out.",
            _ASSET,
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"must have the same partitions definitions",
        Explanation(
            "A run has one key, and these assets take theirs from different definitions.",
            "Materialize them in separate calls, each with a key of its own definition.",
            _CALENDAR,
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"partitioned schedule from an asset job",
        Explanation(
            "A schedule follows a calendar, and dynamic keys have none.",
            "Use a sensor, which looks for new files and requests a run for each.",
            _PRACTICE,
        ),
    ),
    Rule(
        "IntegrityError",
        r"dynamic_partitions.*\('(?P<set>[^']*)', (?P<key>'[^']*'|\"[^\"]*\")\), "
        r"(?:.*, )?\('(?P=set)', (?P=key)\)",
        Explanation(
            "The list holds {key} twice. A call adds all of its keys or none, so none of them was added.",
            "Keep each once, in order: instance.add_dynamic_partitions({set!r}, list(dict.fromkeys(keys))).",
            _REGISTER,
        ),
    ),
    Rule(
        "IntegrityError",
        r"UNIQUE constraint failed: dynamic_partitions",
        Explanation(
            "The list holds a key twice. A call adds all of its keys or none, so none of them was added.",
            "Keep each once, in order: list(dict.fromkeys(keys)).",
            _REGISTER,
        ),
    ),
    Rule(
        "OperationalError",
        r"too many SQL variables",
        Explanation(
            "The list is too long for one call: SQLite, which keeps the keys, takes only so many values at a "
            "time. No key was added.",
            "Add the keys in portions of 10,000, as register_keys of lesson_lib.pipeline does.",
        ),
    ),
    Rule(
        "ArgumentError",
        r"object expected, got (?P<key>'[^']*'|\"[^\"]*\")\.",
        Explanation(
            "Keys are added as a list, and this call passes a single string.",
            "Put it into a list: [{key}].",
            _REGISTER,
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"resource with key '(?P<resource>[^']*)' required by op '(?P<asset>[^']*)'",
        Explanation(
            "A parameter of {asset} asks for {resource}, and nobody said which one this run should use.",
            "Pass it: dg.materialize(..., resources={{{resource!r}: ...}}).",
            _TABLE,
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"Input asset \"\[\"(?P<asset>.*?)\"\]\" is not produced",
        Explanation(
            "A parameter is called {asset}, so Dagster looks for an asset of that name; this call has none.",
            "Add {asset} to the list: dg.materialize([{asset}, ...]). "
            "If the parameter means another asset, spell it like that one.",
            _TABLE,
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"Duplicate asset key: AssetKey\(\[(?P<asset>.*)\]\)",
        Explanation(
            "Two functions of this call make {asset}. One may be what an earlier run of its cell has left "
            "in the list.",
            "Run the cell that builds the list again, or give one of the two another name.",
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"Cannot annotate `context` parameter with type (?:dg\.)?\w+Context\.",
        Explanation(
            "The line `from __future__ import annotations` is in force. It turns annotations into text, "
            "and Dagster looks for the class itself.",
            "Remove that line where assets are defined. In a notebook it also stays in force for later "
            "cells, until you restart the kernel.",
        ),
    ),
    Rule(
        "DagsterInvalidDefinitionError",
        r"Cannot annotate `context` parameter",
        Explanation(
            "Dagster passes its own context to a parameter of that name.",
            "Write context: dg.AssetExecutionContext, or call the parameter something else.",
            _ASSET,
        ),
    ),
    Rule(
        "DagsterInvalidInvocationError",
        r"Decorated function '(?P<asset>.*)' has context argument",
        Explanation(
            "Called like a function, an asset has no run: no context, no key, and nothing is recorded.",
            "Materialize it: dg.materialize([{asset}], partition_key=..., instance=instance).",
            _ASSET,
        ),
    ),
    Rule(
        "DagsterInvalidInvocationError",
        r"No value provided for required input \"(?P<asset>.*)\"",
        Explanation(
            "Called like a function, an asset has no run, so nobody fetches the value of {asset} for it.",
            "Materialize both: dg.materialize([{asset}, ...], instance=instance).",
            _TABLE,
        ),
    ),
    Rule(
        "CheckError",
        r"Param \"assets\" is not a Sequence",
        Explanation(
            "dg.materialize takes a list of assets, also for a single one.",
            "Put square brackets around it: dg.materialize([...]).",
            _ASSET,
        ),
    ),
    Rule(
        "CheckError",
        r"Member of sequence mismatches type\. Expected .*AssetsDefinition.* Got ",
        Explanation(
            "Something in the list is not an asset.",
            "Is the line @dg.asset missing above a function? Add it, and run that cell again.",
            _ASSET,
        ),
    ),
    Rule(
        "DagsterExecutionLoadInputError",
        r"loading input \"(?P<asset>[^\"]*)\".*\n\[Errno 2\].*[\\/](?P=asset)[\\/]+(?P<key>[^\\/]*)['\"]\s*$",
        Explanation(
            "Dagster keeps what {asset} returned for each key, and for {key!r} there is nothing yet.",
            "Materialize {asset} for {key!r} first, with the same instance, or both in one call.",
            _TABLE,
        ),
    ),
    Rule(
        "DagsterExecutionLoadInputError",
        r"loading input \"(?P<asset>[^\"]*)\".*\n(?:\[Errno 2\]|\('__EPHEMERAL_RUN_ID')",
        Explanation(
            "This asset starts from what {asset} returned, and that is not stored here yet.",
            "Materialize {asset} first, with the same instance and key, or both in one call.",
            _TABLE,
        ),
    ),
    Rule(
        "DagsterTypeCheckDidNotPass",
        r"step output .* expected type \"(?P<type>[^\"]*)\"",
        Explanation(
            "The annotation after -> promises one type, and the function returned another.",
            "Return what the annotation says, or correct the annotation.",
        ),
    ),
    Rule(
        "DagsterAssetCheckFailedError",
        r"\n(?P<asset>[^\n]*): (?P<check>[^\n]*)",
        Explanation(
            "The check {check} stops what comes after {asset}; {asset} itself is recorded as materialized.",
            "Correct the data and materialize again; raise_on_error=False returns the result, "
            "with what the check found.",
            _CHECK,
        ),
    ),
    Rule(
        "IOException",
        r"lock on file \"(?P<path>[^\"]*)\".*\(PID (?P<pid>\d+)\)",
        Explanation(
            "Process {pid} has {file} open, and DuckDB lets one process at a time open a file to write. "
            "Until it is closed, nobody else can even read.",
            "Is it another notebook? Restart its kernel, or close the connection there; "
            "then run this cell again.",
        ),
    ),
    Rule(
        "IOException",
        r"Conflicting lock|Could not set lock|used by another process|already open in",
        Explanation(
            "Another process has this database open, and DuckDB lets one at a time open a file to write.",
            "Is it another notebook? Restart its kernel, or close the connection there; "
            "then run this cell again.",
        ),
    ),
    Rule(
        "ConnectionException",
        r"different configuration",
        Explanation(
            "An earlier connection of this notebook is still open, with other settings. After a failed run "
            "it may be that of DuckDBResource, which does not close then.",
            "Close it with con.close(), or restart the kernel. "
            "Warehouse of lesson_lib.pipeline always closes.",
        ),
    ),
    Rule(
        "ConnectionException",
        r"already (?:been )?closed",
        Explanation(
            "The connection ends with its `with` block, or with con.close().",
            "Ask inside the block, or connect again.",
        ),
    ),
    Rule(
        "IOException",
        r"No files found that match the pattern \"(?P<path>[^\"]*)\"",
        Explanation(
            "{file} is not in the folder. To register a key makes no file, and a run checks only what your "
            "code checks.",
            "Compare the name with the files in the folder, then put the file there and run again. "
            "A * or ? in a name counts as a wildcard.",
            _LOOK,
        ),
    ),
    Rule(
        "IOException",
        r"Cannot open file \"(?P<path>[^\"]*)\": No such file or directory",
        Explanation(
            "DuckDB makes the file {file}, but not the folder around it.",
            "Make the folder first: Path(...).mkdir(parents=True, exist_ok=True).",
        ),
    ),
    Rule(
        "IOException",
        r"file \"(?P<path>[^\"]*)\" exists, but it is not a valid DuckDB database",
        Explanation(
            "Something other than DuckDB wrote {file}.",
            "Give the database another path, or move that file away.",
        ),
    ),
    Rule(
        "ConversionException",
        r"CSV Error on Line: (?P<line>\d+)\n.*converting column \"(?P<column>[^\"]*)\".*"
        r"\n  file = (?P<path>[^\n]*)",
        Explanation(
            "One value in the column {column} of {file} is of another type than the table wants, and DuckDB "
            "takes all rows of a file or none.",
            "Correct line {line} of {file}, and materialize its key again.",
            _BROKEN,
        ),
    ),
    Rule(
        "InvalidInputException",
        r"CSV Error on Line: (?P<line>\d+)\n.*\nExpected Number of Columns: (?P<columns>\d+) "
        r"Found: (?P<found>\d+).*\n  file = (?P<path>[^\n]*)",
        Explanation(
            "A line of {file} has not as many fields as the header ({found} for {columns}), and DuckDB takes "
            "all rows of a file or none.",
            "Correct line {line} of {file}, and materialize its key again.",
            _BROKEN,
        ),
    ),
    Rule(
        "InvalidInputException",
        r"Values were not provided|Parameter argument/count mismatch",
        Explanation(
            "Each ? in the SQL takes one value of the list, in order; here their numbers differ.",
            "Pass as many values as there are question marks: con.execute('... = ?', [key]).",
            _APOSTROPHE,
        ),
    ),
    Rule(
        "ConversionException",
        r"invalid date field format: \"(?P<value>[^\"]*)\"",
        Explanation(
            "The SQL takes {value!r} for a date. A partition key names the file; it is no value in the data.",
            "Keep the key in a column of its own, partition_key, and compare with that.",
            _DELETE,
        ),
    ),
    Rule(
        "ConversionException",
        r"",
        Explanation(
            "A value cannot become the type that the column, or the cast, asks for.",
            "Correct the value or the type. Where null will do instead, try_cast gives null.",
        ),
    ),
    Rule(
        "CatalogException",
        r"Table with name (?P<table>.+?) does not exist",
        Explanation(
            "Nothing has made the table {table!r} in this database yet, or this is another database: "
            "without a path, DuckDB opens a new, empty one in memory.",
            "Materialize the asset that makes it, and check the path. con.sql('show tables') lists "
            "what is there.",
            _TABLE,
        ),
    ),
    Rule(
        "CatalogException",
        r"Table with name \"?(?P<table>.+?)\"? already exists",
        Explanation(
            "An earlier run has made the table {table!r}, and the database keeps it.",
            "Write create table if not exists, or create or replace table to start with an empty one.",
            _TABLE,
        ),
    ),
    Rule(
        "BinderException",
        r"(?:Referenced column|column with name) \"(?P<column>[^\"]*)\"",
        Explanation(
            "No column here is called {column!r}. In SQL, double quotes (or none) mean a name, and single "
            "quotes mean text.",
            "Compare the spelling with con.sql('describe ...'). If it is a value, bind it: "
            "con.execute('... = ?', [value]).",
            _APOSTROPHE,
        ),
    ),
    Rule(
        "BinderException",
        r"table \"(?P<table>[^\"]*)\" has (?P<columns>\d+) columns but (?P<values>\d+) values",
        Explanation(
            "Without names, insert fills all columns of {table} by their position.",
            "Write insert into {table} by name select ..., "
            "and check that the table was made with the columns you expect.",
            _ORDER,
        ),
    ),
    Rule(
        "BinderException",
        r"",
        Explanation(
            "The SQL reads well, but its parts do not fit the tables, or each other.",
            "Look at the place marked with ^, and try what DuckDB proposes.",
        ),
    ),
    Rule(
        "ParserException",
        r"unterminated",
        Explanation(
            "A quote inside a value has ended the text too early: the value was pasted into the SQL.",
            "Bind it, so that nothing in it is read as SQL: con.execute('... = ?', [key]).",
            _APOSTROPHE,
        ),
    ),
    Rule(
        "ParserException",
        r"",
        Explanation(
            "DuckDB could not read this as SQL. The slip is at the place marked with ^, or just before it.",
            "Correct the spelling there. If a value was pasted into the SQL, bind it: "
            "con.execute('... = ?', [key]).",
            _APOSTROPHE,
        ),
    ),
    Rule(
        "ConstraintException",
        r"NOT NULL constraint failed: \"?(?P<table>[^\".]+)\"?\.\"?(?P<column>[^\"\n]+)",
        Explanation(
            "A row came without a value for {column}, and the table {table} was made to refuse that. "
            "Nothing of the statement was stored.",
            "Correct the row at its source, and materialize again.",
        ),
    ),
    Rule(
        "ConstraintException",
        r"[Dd]uplicate key \"(?P<key>[^\"]*)\"",
        Explanation(
            "The table takes a row with {key} once, and this is a second one. "
            "Nothing of the statement was stored.",
            "Replace the partition's rows, rather than adding to them.",
            _AGAIN,
        ),
    ),
    # Ours say themselves why, and what to do.
    Rule("UnreadableFile", r"", Explanation(section=_BROKEN)),
    Rule("InvalidKey", r"", Explanation(section=_OURS)),
    Rule("Refused", r"", Explanation()),
)


def explained(error: BaseException) -> Explanation | None:
    """Return what is to be said about an error, or about the first in its chain that a rule knows."""
    for link in chain(error):
        text = f"{link}\n{link.__cause__ or ''}"[:_MOST_READ]
        for rule in RULES:
            found = re.search(rule.pattern, text, re.DOTALL) if _is_a(link, rule.kind) else None
            if found and (values := _values(rule, link, found)) is not None:
                told = rule.explained
                return replace(
                    told, cause=told.cause.format(**values), next_move=told.next_move.format(**values)
                )
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
        kind.__name__ == name and kind.__module__.partition(".")[0] in _LIBRARIES
        for kind in type(error).__mro__
    )


def _values(rule: Rule, error: BaseException, found: re.Match[str]) -> dict[str, str] | None:
    """Return what the rule's texts may name; None if the rule is not for this error after all."""
    values = {name: shortened(value, LONGEST_NAME) for name, value in found.groupdict().items()}
    if "path" in values:
        values["file"] = shortened(PurePath(found["path"].replace("\\", "/")).name, LONGEST_NAME)
    if rule.dynamic:
        definition = _definition(error)
        if not isinstance(definition, dg.DynamicPartitionsDefinition):
            return None
        values["set"] = definition.name or ""
    return values


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
