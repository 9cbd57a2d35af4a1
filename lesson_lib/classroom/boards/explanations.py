"""What the errors that a learner meets mean, and what to do about each: a table of rules."""

import re
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePath

import dagster as dg

from lesson_lib.classroom.boards.wording import LONGEST_NAME, shortened

_LOOK = "notebook 01, What lies in the folder?"
_CALENDAR = "notebook 01, Which files does the calendar name?"
_DEFINE = "notebook 01, How do you define a partition without a calendar?"
_ASSET = "notebook 01, What does a partitioned asset look like?"
_REGISTER = "notebook 01, How does a key come into being?"
_TABLE = "notebook 01, How does the file get into a table?"
_INSTANCE = "notebook 01, Where do keys live?"
_AGAIN = "notebook 02, What happens when a file is loaded again?"
_DELETE = "notebook 02, Would deleting first help?"
_WHOSE = "notebook 02, Whose rows are these?"
_APOSTROPHE = "notebook 02, What does an apostrophe do?"
_BROKEN = "notebook 02, What does a broken file leave behind?"
_ORDER = "notebook 02, What if the columns come in another order?"
_CHECK = "notebook 02, Can a check stop a load?"
_RECORDS = "notebook 02, Which record do you believe?"
_OURS = "notebook 02, Does the library's version hold?"
_DAILY = "notebook 03, What starts the daily job?"
_DYNAMIC = "notebook 03, Can the customers have a schedule, too?"
_SENSOR = "notebook 03, What does a sensor ask for?"
_DAEMON = "notebook 03, What does the daemon do with it?"
_CURSOR = "notebook 03, What does a cursor have to remember?"
_RUN_KEY = "notebook 03, What should a run key name?"
_NAMES = "notebook 03, Which key does a file stand for?"
_GONE = "notebook 03, What if a file goes away?"

LIBRARIES = {"dagster", "dagster_shared", "dagster_duckdb", "duckdb", "_duckdb", "lesson_lib"}
# Dagster lets what SQLAlchemy says of the keys pass as it is. By itself, SQLAlchemy is none of the course's.
# Nor are Python's own errors: the pattern, or what else the rule asks for, must show that Dagster has a part.
_RAISING = {*LIBRARIES, "sqlalchemy", "builtins", "json"}
_MOST_READ = 20_000  # characters of a message; that of 300,000 keys has millions


def _in_a_sensor(_error: BaseException, value: object) -> bool:
    return isinstance(value, dg.SensorEvaluationContext)


def _in_a_tick(_error: BaseException, value: object) -> bool:
    return isinstance(value, dg.SensorEvaluationContext | dg.ScheduleEvaluationContext)


def _of_a_request(_error: BaseException, value: object) -> bool:
    return isinstance(value, dg.AddDynamicPartitionsRequest)


def _in_its_cursor(error: BaseException, value: object) -> bool:
    """Tell whether it is the sensor's cursor that could not be read, as far as the error knows its text."""
    return isinstance(value, dg.SensorEvaluationContext) and value.cursor == getattr(error, "doc", None)


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


# The first that fits is taken, so special cases stand before general ones.
RULES = {
    "unknown key at a tick": Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        "With what the sensor asks for, the set {set!r} would not hold {key!r}: a run request brings no key "
        "with it.",
        "Compare its spelling with the keys asked for. If it is new, ask for it in the same dg.SensorResult: "
        "dynamic_partitions_requests=[s3_partitions_def.build_add_request([{key!r}])].",
        _SENSOR,
        dg.DynamicPartitionsDefinition,
        held=_in_a_sensor,
    ),
    "unknown key": Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        "The set {set!r} of this instance does not hold {key!r}. Neither a file nor the definition makes "
        "a key: somebody has to register it.",
        "Compare the spelling with instance.get_dynamic_partitions({set!r}). If the key is new: "
        "instance.add_dynamic_partitions({set!r}, [{key!r}]), and run the cell again.",
        _REGISTER,
        dg.DynamicPartitionsDefinition,
    ),
    "unknown key of several dimensions": Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        "{key!r} is not among the keys of this definition. Each of them joins one key of every dimension, "
        "and a dynamic dimension has only the keys that are registered.",
        "Choose one that its get_partition_keys(dynamic_partitions_store=instance) lists.",
        definition=dg.MultiPartitionsDefinition,
    ),
    "unknown key of a calendar": Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        "{key!r} is not among the keys of this definition, and no other can be materialized.",
        "Choose one that its get_partition_keys() lists. "
        "Names that no calendar knows need a dg.DynamicPartitionsDefinition.",
        _CALENDAR,
    ),
    "unknown end of a range": Rule(
        "DagsterInvalidInvocationError",
        r"Nonexistent partition keys:\s*\[(?P<keys>.*)\]",
        "Both ends of a range must be keys that are there, which is not so for {keys}.",
        "With dynamic keys, choose both from instance.get_dynamic_partitions(...), or register the key "
        "first.",
        _REGISTER,
    ),
    "no instance at a tick": Rule(
        "CheckError",
        r"instance is not available",
        "Dagster checks the key of a run request against the instance, and does not find it: one in memory, "
        "passed to the context, is not enough.",
        "Try a sensor with simulate(sensor, assets, instance).tick(); or call inside "
        "`with dg.partition_loading_context(dynamic_partitions_store=instance):`.",
        _DAEMON,
        held=_in_a_tick,
    ),
    "no instance": Rule(
        "CheckError",
        r"instance is not available",
        "Dynamic keys are kept in an instance, and this call does not know which one.",
        "Pass it: dg.materialize(..., instance=instance), or "
        "get_partition_keys(dynamic_partitions_store=instance).",
        _INSTANCE,
    ),
    "a name in the place of a function": Rule(
        "CheckError",
        r"Param \"partition_fn\" is not callable\. Got (?P<name>'[^']*'|\"[^\"]*\") ",
        "The first parameter of dg.DynamicPartitionsDefinition is a function, partition_fn, "
        "and not the name of the set.",
        "Write dg.DynamicPartitionsDefinition(name={name}).",
        _DEFINE,
    ),
    "a definition in the place of its name": Rule(
        "ProgrammingError",
        r"type 'DynamicPartitionsDefinition' is not supported.* name=(?P<name>'[^']*'|\"[^\"]*\")\)",
        "The instance knows a set by its name, and this call passes the definition.",
        "Pass the name instead: {name}.",
        _REGISTER,
    ),
    "several keys deleted in one call": Rule(
        "ProgrammingError",
        r"type '(?P<type>list|tuple|set)' is not supported\n\[SQL: DELETE FROM dynamic_partitions ",
        "A call deletes one key, a string, and this one passes a {type}.",
        "Delete one after the other: for key in keys: instance.delete_dynamic_partition(..., key).",
        _RECORDS,
    ),
    "a key that is no string": Rule(
        "CheckError",
        r"Param \"partition_key\" is not a str\. Got .* which is type <class '(?P<type>[^']*)'>",
        "A partition key is one string, and this call passes a value of type {type}.",
        "Write it as text, such as partition_key='acme'. Each of several keys takes a run of its own.",
        _ASSET,
    ),
    "one key in a run of a range": Rule(
        "DagsterInvariantViolationError",
        r"partition_key for a partitioned run with a range",
        "This run is for a range of keys, so there is no single key to read.",
        "Let the asset loop over context.partition_keys, which holds all of them (or the one), "
        "or pass partition_key=... to materialize a single one.",
    ),
    "no key in the run": Rule(
        "DagsterInvariantViolationError",
        r"partition_key for a non-partitioned run",
        "The asset reads context.partition_key, and this run has no key.",
        "Pass one: dg.materialize(..., partition_key='acme', instance=instance). "
        "The asset needs a partitions_def for that, too.",
        _ASSET,
    ),
    "no key in a context": Rule(
        "CheckError",
        r"partition_key for a non-partitioned run",
        "The function reads context.partition_key, and this context was built without one.",
        "Build it with a key: dg.build_asset_context(partition_key='acme').",
        _ASSET,
    ),
    "a value for a range": Rule(
        "CheckError",
        r"persisting an output associated with multiple partitions",
        "The asset returns one value for several keys, and what keeps returned values here takes one a key.",
        "Store the rows inside the asset and annotate it -> None, "
        "or pass partition_key=... to materialize one key at a time.",
    ),
    "a key for assets without partitions": Rule(
        "CheckError",
        r"no PartitionsDefinition shared",
        "The call names a partition key, but the assets in it are not partitioned.",
        "Give them a definition, @dg.asset(partitions_def=...), or leave partition_key out.",
        _ASSET,
    ),
    "two definitions": Rule(
        "DagsterInvalidDefinitionError",
        r"must have the same partitions definitions",
        "A run has one key, and these assets take theirs from different definitions.",
        "Materialize them in separate calls, each with a key of its own definition.",
        _CALENDAR,
    ),
    "a schedule without a calendar": Rule(
        "DagsterInvalidDefinitionError",
        r"partitioned schedule from an asset job",
        "Such a schedule takes its keys from the definition, and a dynamic one names none.",
        "Use a sensor, which looks for new files and requests a run for each.",
        _DYNAMIC,
    ),
    "no job to follow": Rule(
        "AttributeError",
        r"object has no attribute 'partitions_def'",
        "build_schedule_from_partitioned_job takes a job, which is neither a list of assets nor a name.",
        "Define one: dg.define_asset_job('daily_job', selection=[...]), and pass that.",
        _DAILY,
        line=r"build_schedule_from_partitioned_job\(",
    ),
    "a schedule that is not resolved": Rule(
        "Exception",
        r"\A'Unresolved\w*ScheduleDefinition' object",
        "The schedule does not know its calendar yet: its job names assets, and only the definitions know "
        "which ones these are.",
        "Ask the definitions for it: dg.Definitions(assets=..., jobs=..., schedules=[...])"
        ".resolve_schedule_def(name).",
        _DAILY,
    ),
    "a job that is not resolved": Rule(
        "Exception",
        r"\A'UnresolvedAssetJobDefinition' object",
        "The job does not know its assets yet: it names them, and only the definitions know which ones these "
        "are.",
        "Ask the definitions for it: dg.Definitions(assets=..., jobs=[...]).resolve_job_def(name).",
        _DAILY,
    ),
    "no such name": Rule(
        "DagsterInvariantViolationError",
        r"Could not find (?P<kind>job|schedule|sensor) '(?P<name>.*?)'\. Found: (?P<found>.+)\.",
        "The definitions have no {kind} called {name!r}. What they have: {found}.",
        "Choose one of these, or pass yours to dg.Definitions({kind}s=[...]). Where nothing else is said, a "
        "schedule is named after its job, with _schedule behind it.",
        _DAILY,
    ),
    "none of the kind": Rule(
        "DagsterInvariantViolationError",
        r"Could not find (?P<kind>job|schedule|sensor) '.*?'\. Found: \.",
        "The definitions have no {kind} at all.",
        "Pass it to them: dg.Definitions({kind}s=[...]).",
        _DAILY,
    ),
    "a schedule without its context": Rule(
        "Exception",
        r"Schedule evaluation function expected context|ScheduleDefinition\.evaluate_tick\(\) missing|"
        r" is not a ScheduleEvaluationContext\.",
        "A schedule is evaluated with a context, which says when.",
        "Write schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=...)).",
        _DAILY,
    ),
    "no time in a context": Rule(
        "CheckError",
        r"no scheduled_execution_time was set",
        "The schedule asks for the time of its tick, and this context was built without one.",
        "Say when: dg.build_schedule_context(scheduled_execution_time=dt.datetime(2018, 1, 24, 6, "
        "tzinfo=dt.UTC)).",
        _DAILY,
    ),
    "a time that is none": Rule(
        "CheckError",
        r"Param \"scheduled_execution_time\" is not a datetime\. "
        r"Got .* type <class '(?:datetime\.)?(?P<type>\w+)'>",
        "A schedule is evaluated for a moment, a datetime, and this call passes a value of type {type}.",
        "Write dt.datetime(2018, 1, 24, 6, tzinfo=dt.UTC).",
        _DAILY,
    ),
    "no assets for a job": Rule(
        "DagsterInvalidDefinitionError",
        r"Failed to resolve asset job .*\nAssetKey\(s\) \[(?P<assets>.*?)\] were selected",
        "A job selects {assets}, and the definitions have no such asset.",
        "Pass the assets to the same dg.Definitions, or to simulate. If it is the name of a job, write the "
        "job itself, without quotes.",
        _DAILY,
    ),
    "no job of that name": Rule(
        "DagsterInvalidDefinitionError",
        r"SensorDefinition \"(?P<sensor>.*?)\" targets job \"(?P<job>.*?)\" which was not found",
        "The sensor {sensor} starts a job {job!r}, which the definitions do not have.",
        "Let it name the job itself, @dg.sensor(target=job), or pass that with jobs=[...].",
        _SENSOR,
    ),
    "a sensor without its context": Rule(
        "Exception",
        r"Sensor evaluation function expected context|SensorDefinition\.evaluate_tick\(\) missing|"
        r" is not a SensorEvaluationContext\.",
        "A sensor is called with a context, which brings the instance and the cursor.",
        "Build one: my_sensor(dg.build_sensor_context(instance=instance)).",
        _SENSOR,
    ),
    "a context without an instance": Rule(
        "DagsterInvariantViolationError",
        r"initialize dagster instance, but no instance reference",
        "Somebody asks the context for its instance, and it was built without one.",
        "Build it with one: dg.build_sensor_context(instance=instance). For a schedule it is "
        "dg.build_schedule_context(instance=instance).",
        _SENSOR,
    ),
    "a context without definitions": Rule(
        "DagsterInvariantViolationError",
        r"Must provide repository def to build_sensor_context",
        "Evaluated as the daemon does it, a run request with a key is checked against the job, which this "
        "context does not know.",
        "Let simulate(sensor, assets, instance).tick() evaluate it. To see only what it asks for, call it: "
        "my_sensor(dg.build_sensor_context(instance=instance)).",
        _DAEMON,
    ),
    "no resource for a sensor": Rule(
        "DagsterInvalidDefinitionError",
        r"[Rr]esource with key '(?P<resource>[^']*)' required by sensor '(?P<sensor>[^']*)'",
        "{sensor} asks for the resource {resource}, and nobody said which one to use.",
        "Pass it where the sensor is simulated, or its context is built: resources={{{resource!r}: ...}}.",
        _SENSOR,
    ),
    "no target": Rule(
        "Exception",
        r"\AError in sensor (?P<sensor>.*?): .* for a sensor lacking a specified target",
        "{sensor} asks for a run, and nobody said of what.",
        "Write it above the function: @dg.sensor(target=[...]), with a list of assets, or with a job.",
        _SENSOR,
    ),
    "none of several jobs": Rule(
        "Exception",
        r"\AError in sensor (?P<sensor>.*?): .* did not specify job_name .* one of: \[(?P<jobs>.*)\]",
        "{sensor} has several jobs, and this run request does not say which one to run.",
        "Say it: dg.RunRequest(job_name=..., partition_key=...), with one of {jobs}.",
        _SENSOR,
    ),
    "another job": Rule(
        "Exception",
        r"\AError in sensor (?P<sensor>.*?): .* with job_name (?P<job>.*)\. "
        r"Expected one of: \[(?P<jobs>.*)\]",
        "A run request names the job {job!r}, and {sensor} has only {jobs}.",
        "Leave job_name out if the sensor has a single target. Otherwise write one of these names, or add "
        "the job: @dg.sensor(jobs=[...]).",
        _SENSOR,
    ),
    "nothing that a sensor may return": Rule(
        "Exception",
        r"\AError in sensor .*? unexpectedly returned output|"
        r"\AObject .* is not one of \['DagsterRunReaction', |"
        r"\AMember of list mismatches type\. Expected \(<class '[\w.]*\.SkipReason'>",
        "A sensor may return a dg.SensorResult, a run request or a list of them, a dg.SkipReason, or "
        "nothing. This one returned something else; a tuple is no list, either.",
        "Return dg.SensorResult(...): it holds the requests for keys, those for runs, and the cursor.",
        _SENSOR,
    ),
    "no list of run requests": Rule(
        "CheckError",
        r"Param \"run_requests\" is not a Sequence|"
        r"\AMember of sequence mismatches type\. Expected <class '[\w.]*\.RunRequest'>",
        "run_requests takes a list of run requests, also for a single one, and nothing else may be in it.",
        "Write run_requests=[dg.RunRequest(partition_key=key) for key in keys].",
        _SENSOR,
    ),
    "no list of requests for keys": Rule(
        "CheckError",
        r"\AMember of sequence mismatches type\. Expected \(<class '[\w.]*\.AddDynamicPartitionsRequest'>",
        "dynamic_partitions_requests takes a list of requests, also for a single one. A key is no request.",
        "Write dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)].",
        _SENSOR,
    ),
    "no list of keys in a request": Rule(
        "CheckError",
        r"Param \"partition_keys\" is not a (?:Sequence|list)\.",
        "A request takes a list of keys, also for a single one.",
        "Put square brackets around one key, [key], and list(...) around several.",
        _SENSOR,
    ),
    "a key in a request that is no string": Rule(
        "CheckError",
        r"Expected <class 'str'>\. Got .* of type <class '(?P<type>[^']*)'>",
        "A partition key is a string, and this request holds a value of type {type}.",
        "Make text of each: build_add_request([str(key) for key in keys]). Of a path, it is path.stem.",
        _NAMES,
        line=r"build_(?:add|delete)_request\(",
    ),
    "a result among others": Rule(
        "CheckError",
        r"When a SensorResult is returned from a sensor, it must be the only",
        "A SensorResult is the whole answer of a tick, and here it comes with something else.",
        "Put all run requests into it: dg.SensorResult(run_requests=[...], cursor=...).",
        _SENSOR,
    ),
    "a reason to skip that is raised": Rule(
        "TypeError",
        r"\Aexceptions must derive from BaseException",
        "A SkipReason is an answer, and no exception.",
        "Return it: return dg.SkipReason(...).",
        _SENSOR,
        line=r"\braise\b.*\bSkipReason\b",
    ),
    "runs and a reason to skip": Rule(
        "CheckError",
        r"Expected a single (?:SkipReason or one or more RunR|skip reason or one or more run r)equests",
        "A tick that asks for runs is not skipped, so it has no reason to skip.",
        "Give one only where nothing is asked for: skip_reason=None if requests else 'nothing new'. Anything "
        "else to tell goes to context.log.info(...).",
        _SENSOR,
    ),
    "two cursors": Rule(
        "DagsterInvariantViolationError",
        r"SensorResult\.cursor cannot be set if context\.update_cursor\(\) was called",
        "The sensor sets its cursor twice: with context.update_cursor(...), and in its SensorResult.",
        "Keep the one in the SensorResult, beside what is asked for.",
        _CURSOR,
    ),
    "a cursor that is no string": Rule(
        "CheckError",
        r"\AParam \"cursor\" is not a str\.",
        "A cursor is a string, and this is something else.",
        "Write cursor=json.dumps(...), and read it with json.loads. JSON knows lists and dicts, "
        "but neither sets nor paths.",
        _CURSOR,
    ),
    "a cursor that is no JSON": Rule(
        "JSONDecodeError",
        r"",
        "The sensor reads its cursor as JSON, and what it was given is none. An earlier tick may have "
        "written it with str(...), or somebody in the UI.",
        "Write cursor=json.dumps(...). To begin again without a cursor, reset it in the UI, or start a new "
        "simulation; every file then counts as new.",
        _CURSOR,
        held=_in_its_cursor,
    ),
    "no cursor yet": Rule(
        "TypeError",
        r"\Athe JSON object must be str, bytes or bytearray, not NoneType",
        "At its first tick a sensor is given no cursor, but None, which is no JSON.",
        "Say what to begin with: json.loads(context.cursor or '[]'), or with '{{}}' for a dict.",
        _CURSOR,
        held=_in_its_cursor,
        line=r"\bcursor\b",
    ),
    "a run key that is no string": Rule(
        "CheckError",
        r"\AParam \"run_key\" is not a str\.",
        "A run key is a string, and this is something else.",
        "Make text of it, with the key and its version: run_key=f'{{key}} {{version}}'.",
        _RUN_KEY,
    ),
    "a key in two requests": Rule(
        "DagsterInvariantViolationError",
        r"Cannot request to add duplicate dynamic partition keys",
        "Two requests of this tick hold the same key, and the tick fails with all that it asks for.",
        "If two names became one key, give each a key of its own. Otherwise put them into one request, "
        "each once: list(dict.fromkeys(keys)).",
        _NAMES,
    ),
    "a key to add and to delete": Rule(
        "DagsterInvariantViolationError",
        r"cannot contain both add and delete requests",
        "One tick asks to add a key and to delete it, and Dagster does not choose.",
        "Decide for one of them. The other can be asked for at a later tick.",
        _GONE,
    ),
    "a key twice at a tick": Rule(
        "IntegrityError",
        r"dynamic_partitions.*\('(?P<set>[^']*)', (?P<key>'[^']*'|\"[^\"]*\")\), "
        r"(?:.*, )?\('(?P=set)', (?P=key)\)",
        "The request holds {key} twice. It adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise ask once for each: "
        "build_add_request(list(dict.fromkeys(keys))).",
        _NAMES,
        held=_of_a_request,
    ),
    "some key twice at a tick": Rule(
        "IntegrityError",
        r"UNIQUE constraint failed: dynamic_partitions",
        "The request holds a key twice. It adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise ask once for each: "
        "build_add_request(list(dict.fromkeys(keys))).",
        _NAMES,
        held=_of_a_request,
    ),
    "a key twice": Rule(
        "IntegrityError",
        r"dynamic_partitions.*\('(?P<set>[^']*)', (?P<key>'[^']*'|\"[^\"]*\")\), "
        r"(?:.*, )?\('(?P=set)', (?P=key)\)",
        "The list holds {key} twice. A call adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise keep each once, in order: "
        "instance.add_dynamic_partitions({set!r}, list(dict.fromkeys(keys))).",
        _REGISTER,
    ),
    "some key twice": Rule(
        "IntegrityError",
        r"UNIQUE constraint failed: dynamic_partitions",
        "The list holds a key twice. A call adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise keep each once, in order: "
        "list(dict.fromkeys(keys)).",
        _REGISTER,
    ),
    "too many keys": Rule(
        "OperationalError",
        r"too many SQL variables\n\[SQL: SELECT dynamic_partitions\.",
        "The list is too long for one call: SQLite, which keeps the keys, takes only so many values at a "
        "time. No key was added.",
        "Add the keys in portions of 10,000, as register_keys of lesson_lib.pipeline does.",
    ),
    "a string for a list of keys": Rule(
        "ArgumentError",
        r"object expected, got (?P<key>'[^']*'|\"[^\"]*\")\.",
        "Keys are added as a list, and this call passes a single string.",
        "Put it into a list, [{key}], after the name of the set.",
        _REGISTER,
    ),
    "no resource": Rule(
        "DagsterInvalidDefinitionError",
        r"resource with key '(?P<resource>[^']*)' required by op '(?P<asset>[^']*)'",
        "{asset} asks for the resource {resource}, and nobody said which one to use.",
        "Pass it together with the assets, to dg.materialize, dg.Definitions or simulate: "
        "resources={{{resource!r}: ...}}.",
        _TABLE,
    ),
    "no upstream asset": Rule(
        "DagsterInvalidDefinitionError",
        r"Input asset \"\[\"(?P<asset>.*?)\"\]\" is not produced",
        "Dagster takes the name of a parameter for that of an asset. It looks for {asset}, and this call has "
        "none.",
        "Add {asset} to the list: dg.materialize([{asset}, ...]). "
        "If the parameter means another asset, spell it like that one.",
        _TABLE,
    ),
    "two assets of a name": Rule(
        "DagsterInvalidDefinitionError",
        r"Duplicate asset key: AssetKey\(\[(?P<asset>.*)\]\)",
        "Two assets of this call are called {asset}. One may be what an earlier run of its cell has left "
        "in the list.",
        "Run the cell that builds the list again, or give one of the two another name.",
    ),
    "an annotation that is text": Rule(
        "DagsterInvalidDefinitionError",
        r"Cannot annotate `context` parameter with type (?:dg\.)?\w+Context\.",
        "Dagster looks for the class itself and finds its name as text: the annotation stands in quotes, or "
        "the line `from __future__ import annotations` is in force.",
        "Remove the quotes, or that line. In a notebook it also stays in force for later cells, "
        "until you restart the kernel.",
    ),
    "an annotation of another class": Rule(
        "DagsterInvalidDefinitionError",
        r"Cannot annotate `context` parameter",
        "Dagster passes its own context to a parameter of that name.",
        "Write context: dg.AssetExecutionContext, or call the parameter something else.",
        _ASSET,
    ),
    "an asset called": Rule(
        "DagsterInvalidInvocationError",
        r"Decorated function '(?P<asset>.*)' has context argument",
        "Called like a function, an asset has no run: no context, no key, and nothing is recorded.",
        "Materialize it: dg.materialize([{asset}], partition_key=..., instance=instance). "
        "An exercise takes the asset itself, without brackets: check(..., {asset}).",
        _ASSET,
    ),
    "an asset called without its input": Rule(
        "DagsterInvalidInvocationError",
        r"No value provided for required input \"(?P<asset>.*)\"",
        "Called like a function, an asset has no run, so nobody fetches the value of {asset} for it.",
        "Materialize both: dg.materialize([{asset}, ...], instance=instance).",
        _TABLE,
    ),
    "no list of assets": Rule(
        "CheckError",
        r"Param \"assets\" is not a Sequence.* type <class '[\w.]*\.AssetsDefinition'>",
        "dg.materialize takes a list of assets, also for a single one.",
        "Put square brackets around it: dg.materialize([...]).",
        _ASSET,
    ),
    "no asset": Rule(
        "CheckError",
        r"Member of sequence mismatches type\. Expected .*AssetsDefinition.* Got ",
        "Something in the list is not an asset.",
        "Is the line @dg.asset missing above a function? Add it, and run that cell again.",
        _ASSET,
    ),
    "no upstream value for a key": Rule(
        "DagsterExecutionLoadInputError",
        r"loading input \"(?P<asset>[^\"]*)\".*\n\[Errno 2\].*[\\/](?P=asset)[\\/]+(?P<key>[^\\/]*)['\"]\s*$",
        "Dagster keeps what {asset} returned for each key, and for {key!r} there is nothing yet.",
        "Materialize {asset} for {key!r} first, with the same instance, or both in one call.",
        _TABLE,
    ),
    "no upstream value": Rule(
        "DagsterExecutionLoadInputError",
        r"loading input \"(?P<asset>[^\"]*)\".*\n(?:\[Errno 2\]|\('__EPHEMERAL_RUN_ID')",
        "This asset starts from what {asset} returned, and that is not stored here yet.",
        "Materialize {asset} first, with the same instance and key, or both in one call.",
        _TABLE,
    ),
    "a folder that is text": Rule(
        "DagsterExecutionStepExecutionError",
        r"unsupported operand type\(s\) for /: 'str' and 'str'",
        "Both sides of the / are text, and only a Path puts a name behind a folder in this way. A path that "
        "a resource holds, such as source.path, is text.",
        "Make a Path of the folder first: Path(source.path) / name.",
    ),
    "another type than promised": Rule(
        "DagsterTypeCheckDidNotPass",
        r"step output .* expected type ",
        "The asset promises one type, mostly by the annotation after ->, and it returned another.",
        "Return what the annotation says, or correct the annotation.",
    ),
    "a blocking check": Rule(
        "DagsterAssetCheckFailedError",
        r"\n(?P<asset>[^\n]*): (?P<check>[^\n]*)",
        "The check {check} is blocking: what comes after {asset} does not run. What is recorded of {asset} "
        "itself stays.",
        "Correct the data and materialize again; raise_on_error=False returns the result, "
        "with what the check found.",
        _CHECK,
    ),
    "a database that a process holds": Rule(
        "IOException",
        r"lock on file \"(?P<path>[^\"]*)\".*\(PID (?P<pid>\d+)\)",
        "Process {pid} has {file} open. Who may write needs a DuckDB file for itself: no other process can "
        "open it then, not even to read.",
        "Is it another notebook? Restart its kernel, or close the connection there; "
        "then run this cell again.",
    ),
    "a database that is held": Rule(
        "IOException",
        r"Conflicting lock|Could not set lock|used by another process|already open in",
        "Another process has this file open. Who may write needs a DuckDB file for itself: no other process "
        "can open it then, not even to read.",
        "Is it another notebook? Restart its kernel, or close the connection there; "
        "then run this cell again.",
    ),
    "other settings": Rule(
        "ConnectionException",
        r"different configuration",
        "An earlier connection of this notebook is still open, with other settings. After a failed run "
        "it may be that of DuckDBResource, which does not close then.",
        "Close it with con.close(), or restart the kernel. Warehouse of lesson_lib.pipeline always closes.",
    ),
    "a closed connection": Rule(
        "ConnectionException",
        r"already (?:been )?closed",
        "A connection ends with its `with` block, or with con.close().",
        "Ask inside the block, or connect again.",
    ),
    "no file": Rule(
        "IOException",
        r"No files found that match the pattern \"(?P<path>[^\"]*)\"",
        "{file} is not in the folder. Registering a key makes no file, and a run checks only what your "
        "code checks.",
        "Compare the name with the files in the folder, then put the file there and run again. "
        "A * or ? in a name counts as a wildcard.",
        _LOOK,
    ),
    "no folder": Rule(
        "IOException",
        r"Cannot open file \"(?P<path>[^\"]*)\": No such file or directory",
        "DuckDB makes the file {file}, but not the folder around it.",
        "Make the folder first: Path(...).mkdir(parents=True, exist_ok=True).",
    ),
    "no database": Rule(
        "IOException",
        r"file \"(?P<path>[^\"]*)\" exists, but it is not a valid DuckDB database",
        "{file} was not written by DuckDB, or it is damaged.",
        "Give the database another path, or move that file away.",
    ),
    "a broken value in a line": Rule(
        "ConversionException",
        r"CSV Error on Line: (?P<line>\d+)\n.*converting column \"(?P<column>[^\"]*)\".*"
        r"\n  file = (?P<path>[^\n]*)",
        "A value in the column {column} of {file} is of another type than the table wants. "
        "DuckDB takes all rows of a file or none.",
        "Correct line {line} of {file}, and materialize its key again.",
        _BROKEN,
    ),
    "a ragged row": Rule(
        "InvalidInputException",
        r"CSV Error on Line: (?P<line>\d+)\n.*\nExpected Number of Columns: (?P<columns>\d+) "
        r"Found: (?P<found>\d+).*\n  file = (?P<path>[^\n]*)",
        "Line {line} of {file} does not have {columns} fields, but {found}. DuckDB takes all rows of a file "
        "or none.",
        "Correct that line, and materialize its key again.",
        _BROKEN,
    ),
    "a file of other columns": Rule(
        "InvalidInputException",
        r"sniffing file \"(?P<path>[^\"]*)\".* they contain: (?P<columns>\d+) columns\. "
        r"It does not match the number of columns found by the sniffer: (?P<found>\d+)\.",
        "The table has {columns} columns, and {file} has {found}. Unless it names columns, COPY fills all of "
        "them from the file.",
        "For a column that no file has, such as partition_key, insert from a query: "
        "insert into ... select *, ? from read_csv(?).",
        _WHOSE,
    ),
    "another encoding": Rule(
        "InvalidInputException",
        r"file is not utf-8 encoded.*\n  file = (?P<path>[^\n]*)",
        "{file} is not UTF-8 text. It may be in another encoding, or compressed.",
        "Save it as UTF-8, or unpack it, and materialize its key again.",
        _BROKEN,
    ),
    "too few or too many values": Rule(
        "InvalidInputException",
        r"Values were not provided|Parameter argument/count mismatch",
        "Each ? in the SQL takes one value of the list, in order; here their numbers differ.",
        "Pass as many values as there are question marks: con.execute('... = ?', [key]).",
        _APOSTROPHE,
    ),
    "no place for a value": Rule(
        "BinderException",
        r"Parameter/argument count mismatch",
        "Values are passed, and the SQL has no ? to take them. Inside quotes, '?' is text.",
        "Write the ? without quotes around it: con.execute('... = ?', [key]).",
        _APOSTROPHE,
    ),
    "a value without a list": Rule(
        "InvalidInputException",
        r"only be passed as a list or a dictionary",
        "The values for the question marks come as a list, even if there is one only.",
        "Put square brackets around it: con.execute('... = ?', [key]).",
        _APOSTROPHE,
    ),
    "a key for a date": Rule(
        "ConversionException",
        r"invalid date field format: \"(?P<value>[^\"]*)\".*\nLINE \d+: [^\n]*[=<>]",
        "The SQL takes {value!r} for a date. If it is a partition key: that names a file, and is no value in "
        "the data.",
        "Keep the key in a column of its own, partition_key, and compare with that.",
        _DELETE,
    ),
    # With the line of the SQL, the value stands in the SQL, and DuckDB's ^ points at it.
    "a broken value": Rule(
        "ConversionException",
        r"\A(?!.*\nLINE \d)[^\n]*(?:Could not convert string|invalid \w+ field format:) "
        r"(?P<value>'.*'|\".*\")(?: to |, expected)",
        "The value {value} is not of the type that a column, or a cast, asks for. "
        "DuckDB takes all rows of a file or none.",
        "Look for it in the file, correct it there, and materialize its key again.",
        _BROKEN,
    ),
    "no table": Rule(
        "CatalogException",
        r"Table with name (?P<table>.+?) does not exist",
        "The database has no table {table!r}. It may be spelt in another way, or not be made yet, or this is "
        "another database: without a path, DuckDB opens a new, empty one in memory.",
        "Compare the spelling with con.sql('show tables'). "
        "If it is not there, materialize the asset that makes it, and check the path.",
        _TABLE,
    ),
    "a table twice": Rule(
        "CatalogException",
        r"Table with name \"?(?P<table>.+?)\"? already exists",
        "The table {table!r} was made before, and the database keeps it.",
        "Write create table if not exists, or create or replace table to start with an empty one.",
        _TABLE,
    ),
    "no column": Rule(
        "BinderException",
        r"Referenced column \"(?P<column>[^\"]*)\"",
        "No column here is called {column!r}. In SQL, double quotes (or none) mean a name, and single "
        "quotes mean text.",
        "Compare the spelling with con.sql('describe ...'). If it is a value, bind it: "
        "con.execute('... = ?', [value]).",
        _APOSTROPHE,
    ),
    "lines that cannot be split": Rule(
        "BinderException",
        r"column with name \"(?P<column>[^\"]*[,;|\t][^\"]*)\"",
        "{column!r} looks like the whole first line of a file. DuckDB takes it for one name if it cannot "
        "split all lines alike.",
        "Look for a line with more or fewer fields than the first one, correct it, "
        "and materialize its key again.",
        _BROKEN,
    ),
    "no column to insert into": Rule(
        "BinderException",
        r"Table \"(?P<table>[^\"]*)\" does not have a column with name \"(?P<column>[^\"]*)\"",
        "The file, or the SQL, has a column {column!r} that the table {table} has not. "
        "(Without a header, DuckDB calls a file's columns column0, column1, ...)",
        "Compare the first line of the file, or the names in the SQL, with con.sql('describe {table}'). "
        "A value needs a name, too: ? as partition_key.",
        _ORDER,
    ),
    "too many columns": Rule(
        "BinderException",
        r"table \"(?P<table>[^\"]*)\" has \d+ columns but \d+ values",
        "Without names, insert fills all columns of {table} by their position.",
        "Write insert into {table} by name select ..., and give each value its column's name: "
        "? as partition_key. Check that the table was made with the columns you expect.",
        _ORDER,
    ),
    "a quote that is open": Rule(
        "ParserException",
        r"unterminated (?:string|quoted)",
        "Probably a value with a quote in it was pasted into the SQL, or a closing quote is missing.",
        "Close the quote. A value is better bound, so that nothing in it is read as SQL: "
        "con.execute('... = ?', [key]).",
        _APOSTROPHE,
    ),
    "a missing value": Rule(
        "ConstraintException",
        r"NOT NULL constraint failed: \"?(?P<table>[^\".]+)\"?\.\"?(?P<column>[^\"\n]+)",
        "A row came without a value for {column}, and the table {table} was made to refuse that. "
        "Nothing of the statement was stored.",
        "Correct the row at its source, and materialize again.",
    ),
    "a row twice": Rule(
        "ConstraintException",
        r"[Dd]uplicate key \"(?P<key>[^\"]*)\"",
        "This would be a second row with {key}, and the table takes only one. "
        "Nothing of the statement was stored.",
        "Replace the partition's rows, rather than adding to them.",
        _AGAIN,
    ),
    # Ours say themselves why, and what to do.
    "a file that is refused": Rule("UnreadableFile", r"", "", "", _BROKEN),
    "a refusal": Rule("Refused", r"", "", "", _OURS),
}


def explained(error: BaseException) -> Rule | None:
    """Return the rule for an error, or for the first in its chain that has one, with its texts filled in."""
    for link in chain(error):
        text = f"{link}\n{link.__cause__ or ''}"[:_MOST_READ]
        for rule in RULES.values():
            found = re.search(rule.pattern, text, re.DOTALL) if _is_a(link, rule.kind) else None
            if found and (values := _values(rule, link, found)) is not None:
                cause, next_move = rule.cause.format(**values), rule.next_move.format(**values)
                return replace(rule, cause=cause, next_move=next_move)
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
    if rule.held and not any(rule.held(error, value) for value in _held_by_libraries(error)):
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
        values["set"] = name
    return values


def _held_by_libraries(error: BaseException) -> Iterator[object]:
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
