"""Errors of schedules, sensors and ticks."""

import dagster as dg

from lesson_lib.classroom.display.error_rules.rule import Rule
from lesson_lib.classroom.display.error_rules.sections import (
    CURSOR,
    DAEMON,
    DAILY,
    DYNAMIC,
    GONE,
    NAMES,
    RUN_KEY,
    SENSOR,
)


def _in_a_sensor(_error: BaseException, value: object) -> bool:
    return isinstance(value, dg.SensorEvaluationContext)


def _in_a_tick(_error: BaseException, value: object) -> bool:
    return isinstance(value, dg.SensorEvaluationContext | dg.ScheduleEvaluationContext)


def _of_a_request(_error: BaseException, value: object) -> bool:
    return isinstance(value, dg.AddDynamicPartitionsRequest)


def _in_its_cursor(error: BaseException, value: object) -> bool:
    """Tell whether it is the sensor's cursor that could not be read, as far as the error knows its text."""
    return isinstance(value, dg.SensorEvaluationContext) and value.cursor == getattr(error, "doc", None)


# The first that fits is taken, so special cases stand before general ones.
TRIGGERS = {
    "unknown key at a tick": Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        "With what the sensor asks for, the set {set!r} would not hold {key!r}: a run request brings no key "
        "with it.",
        "Compare its spelling with the keys asked for. If it is new, ask for it in the same dg.SensorResult: "
        "dynamic_partitions_requests=[s3_partitions_def.build_add_request([{key!r}])].",
        SENSOR,
        dg.DynamicPartitionsDefinition,
        held=_in_a_sensor,
    ),
    "no instance at a tick": Rule(
        "CheckError",
        r"instance is not available",
        "Dagster checks the key of a run request against the instance, and does not find it: one in memory, "
        "passed to the context, is not enough.",
        "Try a sensor with simulate(sensor, assets, instance).tick(); or call inside "
        "`with dg.partition_loading_context(dynamic_partitions_store=instance):`.",
        DAEMON,
        held=_in_a_tick,
    ),
    "a schedule without a calendar": Rule(
        "DagsterInvalidDefinitionError",
        r"partitioned schedule from an asset job",
        "Such a schedule takes its keys from the definition, and a dynamic one names none.",
        "Use a sensor, which looks for new files and requests a run for each.",
        DYNAMIC,
    ),
    "no job to follow": Rule(
        "AttributeError",
        r"object has no attribute 'partitions_def'",
        "build_schedule_from_partitioned_job takes a job, which is neither a list of assets nor a name.",
        "Define one: dg.define_asset_job('daily_job', selection=[...]), and pass that.",
        DAILY,
        line=r"build_schedule_from_partitioned_job\(",
    ),
    "a schedule that is not resolved": Rule(
        "Exception",
        r"\A'Unresolved\w*ScheduleDefinition' object",
        "The schedule does not know its calendar yet: its job names assets, and only the definitions know "
        "which ones these are.",
        "Ask the definitions for it: dg.Definitions(assets=..., jobs=..., schedules=[...])"
        ".resolve_schedule_def(name).",
        DAILY,
    ),
    "a job that is not resolved": Rule(
        "Exception",
        r"\A'UnresolvedAssetJobDefinition' object",
        "The job does not know its assets yet: it names them, and only the definitions know which ones these "
        "are.",
        "Ask the definitions for it: dg.Definitions(assets=..., jobs=[...]).resolve_job_def(name).",
        DAILY,
    ),
    "no such name": Rule(
        "DagsterInvariantViolationError",
        r"Could not find (?P<kind>job|schedule|sensor) '(?P<name>.*?)'\. Found: (?P<found>.+)\.",
        "The definitions have no {kind} called {name!r}. What they have: {found}.",
        "Choose one of these, or pass yours to dg.Definitions({kind}s=[...]). Where nothing else is said, a "
        "schedule is named after its job, with _schedule behind it.",
        DAILY,
    ),
    "none of the kind": Rule(
        "DagsterInvariantViolationError",
        r"Could not find (?P<kind>job|schedule|sensor) '.*?'\. Found: \.",
        "The definitions have no {kind} at all.",
        "Pass it to them: dg.Definitions({kind}s=[...]).",
        DAILY,
    ),
    "a schedule without its context": Rule(
        "Exception",
        r"Schedule evaluation function expected context|ScheduleDefinition\.evaluate_tick\(\) missing|"
        r" is not a ScheduleEvaluationContext\.",
        "A schedule is evaluated with a context, which says when.",
        "Write schedule.evaluate_tick(dg.build_schedule_context(scheduled_execution_time=...)).",
        DAILY,
    ),
    "no time in a context": Rule(
        "CheckError",
        r"no scheduled_execution_time was set",
        "The schedule asks for the time of its tick, and this context was built without one.",
        "Say when: dg.build_schedule_context(scheduled_execution_time=dt.datetime(2018, 1, 24, 6, "
        "tzinfo=dt.UTC)).",
        DAILY,
    ),
    "a time that is none": Rule(
        "CheckError",
        r"Param \"scheduled_execution_time\" is not a datetime\. "
        r"Got .* type <class '(?:datetime\.)?(?P<type>\w+)'>",
        "A schedule is evaluated for a moment, a datetime, and this call passes a value of type {type}.",
        "Write dt.datetime(2018, 1, 24, 6, tzinfo=dt.UTC).",
        DAILY,
    ),
    "no assets for a job": Rule(
        "DagsterInvalidDefinitionError",
        r"Failed to resolve asset job .*\nAssetKey\(s\) \[(?P<assets>.*?)\] were selected",
        "A job selects {assets}, and the definitions have no such asset.",
        "Pass the assets to the same dg.Definitions, or to simulate. If it is the name of a job, write the "
        "job itself, without quotes.",
        DAILY,
    ),
    "no job of that name": Rule(
        "DagsterInvalidDefinitionError",
        r"SensorDefinition \"(?P<sensor>.*?)\" targets job \"(?P<job>.*?)\" which was not found",
        "The sensor {sensor} starts a job {job!r}, which the definitions do not have.",
        "Let it name the job itself, @dg.sensor(target=job), or pass that with jobs=[...].",
        SENSOR,
    ),
    "a sensor without its context": Rule(
        "Exception",
        r"Sensor evaluation function expected context|SensorDefinition\.evaluate_tick\(\) missing|"
        r" is not a SensorEvaluationContext\.",
        "A sensor is called with a context, which brings the instance and the cursor.",
        "Build one: my_sensor(dg.build_sensor_context(instance=instance)).",
        SENSOR,
    ),
    "a context without an instance": Rule(
        "DagsterInvariantViolationError",
        r"initialize dagster instance, but no instance reference",
        "Somebody asks the context for its instance, and it was built without one.",
        "Build it with one: dg.build_sensor_context(instance=instance). For a schedule it is "
        "dg.build_schedule_context(instance=instance).",
        SENSOR,
    ),
    "a context without definitions": Rule(
        "DagsterInvariantViolationError",
        r"Must provide repository def to build_sensor_context",
        "Evaluated as the daemon does it, a run request with a key is checked against the job, which this "
        "context does not know.",
        "Let simulate(sensor, assets, instance).tick() evaluate it. To see only what it asks for, call it: "
        "my_sensor(dg.build_sensor_context(instance=instance)).",
        DAEMON,
    ),
    "no resource for a sensor": Rule(
        "DagsterInvalidDefinitionError",
        r"[Rr]esource with key '(?P<resource>[^']*)' required by sensor '(?P<sensor>[^']*)'",
        "{sensor} asks for the resource {resource}, and nobody said which one to use.",
        "Pass it where the sensor is simulated, or its context is built: resources={{{resource!r}: ...}}.",
        SENSOR,
    ),
    "no target": Rule(
        "Exception",
        r"\AError in sensor (?P<sensor>.*?): .* for a sensor lacking a specified target",
        "{sensor} asks for a run, and nobody said of what.",
        "Write it above the function: @dg.sensor(target=[...]), with a list of assets, or with a job.",
        SENSOR,
    ),
    "none of several jobs": Rule(
        "Exception",
        r"\AError in sensor (?P<sensor>.*?): .* did not specify job_name .* one of: \[(?P<jobs>.*)\]",
        "{sensor} has several jobs, and this run request does not say which one to run.",
        "Say it: dg.RunRequest(job_name=..., partition_key=...), with one of {jobs}.",
        SENSOR,
    ),
    "another job": Rule(
        "Exception",
        r"\AError in sensor (?P<sensor>.*?): .* with job_name (?P<job>.*)\. "
        r"Expected one of: \[(?P<jobs>.*)\]",
        "A run request names the job {job!r}, and {sensor} has only {jobs}.",
        "Leave job_name out if the sensor has a single target. Otherwise write one of these names, or add "
        "the job: @dg.sensor(jobs=[...]).",
        SENSOR,
    ),
    "nothing that a sensor may return": Rule(
        "Exception",
        r"\AError in sensor .*? unexpectedly returned output|"
        r"\AObject .* is not one of \['DagsterRunReaction', |"
        r"\AMember of list mismatches type\. Expected \(<class '[\w.]*\.SkipReason'>",
        "A sensor may return a dg.SensorResult, a run request or a list of them, a dg.SkipReason, or "
        "nothing. This one returned something else; a tuple is no list, either.",
        "Return dg.SensorResult(...): it holds the requests for keys, those for runs, and the cursor.",
        SENSOR,
    ),
    "no list of run requests": Rule(
        "CheckError",
        r"Param \"run_requests\" is not a Sequence|"
        r"\AMember of sequence mismatches type\. Expected <class '[\w.]*\.RunRequest'>",
        "run_requests takes a list of run requests, also for a single one, and nothing else may be in it.",
        "Write run_requests=[dg.RunRequest(partition_key=key) for key in keys].",
        SENSOR,
    ),
    "no list of requests for keys": Rule(
        "CheckError",
        r"\AMember of sequence mismatches type\. Expected \(<class '[\w.]*\.AddDynamicPartitionsRequest'>",
        "dynamic_partitions_requests takes a list of requests, also for a single one. A key is no request.",
        "Write dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)].",
        SENSOR,
    ),
    "no list of keys in a request": Rule(
        "CheckError",
        r"Param \"partition_keys\" is not a (?:Sequence|list)\.",
        "A request takes a list of keys, also for a single one.",
        "Put square brackets around one key, [key], and list(...) around several.",
        SENSOR,
    ),
    "a key in a request that is no string": Rule(
        "CheckError",
        r"Expected <class 'str'>\. Got .* of type <class '(?P<type>[^']*)'>",
        "A partition key is a string, and this request holds a value of type {type}.",
        "Make text of each: build_add_request([str(key) for key in keys]). Of a path, it is path.stem.",
        NAMES,
        line=r"build_(?:add|delete)_request\(",
    ),
    "a result among others": Rule(
        "CheckError",
        r"When a SensorResult is returned from a sensor, it must be the only",
        "A SensorResult is the whole answer of a tick, and here it comes with something else.",
        "Put all run requests into it: dg.SensorResult(run_requests=[...], cursor=...).",
        SENSOR,
    ),
    "a reason to skip that is raised": Rule(
        "TypeError",
        r"\Aexceptions must derive from BaseException",
        "A SkipReason is an answer, and no exception.",
        "Return it: return dg.SkipReason(...).",
        SENSOR,
        line=r"\braise\b.*\bSkipReason\b",
    ),
    "runs and a reason to skip": Rule(
        "CheckError",
        r"Expected a single (?:SkipReason or one or more RunR|skip reason or one or more run r)equests",
        "A tick that asks for runs is not skipped, so it has no reason to skip.",
        "Give one only where nothing is asked for: skip_reason=None if requests else 'nothing new'. Anything "
        "else to tell goes to context.log.info(...).",
        SENSOR,
    ),
    "two cursors": Rule(
        "DagsterInvariantViolationError",
        r"SensorResult\.cursor cannot be set if context\.update_cursor\(\) was called",
        "The sensor sets its cursor twice: with context.update_cursor(...), and in its SensorResult.",
        "Keep the one in the SensorResult, beside what is asked for.",
        CURSOR,
    ),
    "a cursor that is no string": Rule(
        "CheckError",
        r"\AParam \"cursor\" is not a str\.",
        "A cursor is a string, and this is something else.",
        "Write cursor=json.dumps(...), and read it with json.loads. JSON knows lists and dicts, "
        "but neither sets nor paths.",
        CURSOR,
    ),
    "a cursor that is no JSON": Rule(
        "JSONDecodeError",
        r"",
        "The sensor reads its cursor as JSON, and what it was given is none. An earlier tick may have "
        "written it with str(...), or somebody in the UI.",
        "Write cursor=json.dumps(...). To begin again without a cursor, reset it in the UI, or start a new "
        "simulation; every file then counts as new.",
        CURSOR,
        held=_in_its_cursor,
    ),
    "no cursor yet": Rule(
        "TypeError",
        r"\Athe JSON object must be str, bytes or bytearray, not NoneType",
        "At its first tick a sensor is given no cursor, but None, which is no JSON.",
        "Say what to begin with: json.loads(context.cursor or '[]'), or with '{{}}' for a dict.",
        CURSOR,
        held=_in_its_cursor,
        line=r"\bcursor\b",
    ),
    "a run key that is no string": Rule(
        "CheckError",
        r"\AParam \"run_key\" is not a str\.",
        "A run key is a string, and this is something else.",
        "Make text of it, with the key and its version: run_key=f'{{key}} {{version}}'.",
        RUN_KEY,
    ),
    "a key in two requests": Rule(
        "DagsterInvariantViolationError",
        r"Cannot request to add duplicate dynamic partition keys",
        "Two requests of this tick hold the same key, and the tick fails with all that it asks for.",
        "If two names became one key, give each a key of its own. Otherwise put them into one request, "
        "each once: list(dict.fromkeys(keys)).",
        NAMES,
    ),
    "a key to add and to delete": Rule(
        "DagsterInvariantViolationError",
        r"cannot contain both add and delete requests",
        "One tick asks to add a key and to delete it, and Dagster does not choose.",
        "Decide for one of them. The other can be asked for at a later tick.",
        GONE,
    ),
    "a key twice at a tick": Rule(
        "IntegrityError",
        r"dynamic_partitions.*\('(?P<set>[^']*)', (?P<key>'[^']*'|\"[^\"]*\")\), "
        r"(?:.*, )?\('(?P=set)', (?P=key)\)",
        "The request holds {key} twice. It adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise ask once for each: "
        "build_add_request(list(dict.fromkeys(keys))).",
        NAMES,
        held=_of_a_request,
    ),
    "some key twice at a tick": Rule(
        "IntegrityError",
        r"UNIQUE constraint failed: dynamic_partitions",
        "The request holds a key twice. It adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise ask once for each: "
        "build_add_request(list(dict.fromkeys(keys))).",
        NAMES,
        held=_of_a_request,
    ),
}
