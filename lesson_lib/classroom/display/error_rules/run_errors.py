"""Errors of definitions, keys and runs."""

import dagster as dg

from lesson_lib.classroom.display.error_rules.rule import Rule
from lesson_lib.classroom.display.error_rules.sections import (
    ASSET,
    CALENDAR,
    CHECK,
    DEFINE,
    INSTANCE,
    RANGE,
    RECORDS,
    REGISTER,
    TABLE,
)

# The first that fits is taken, so special cases stand before general ones.
RUNS = {
    "unknown key": Rule(
        "DagsterUnknownPartitionError",
        r"key `(?P<key>.*)`",
        "The set {set!r} of this instance does not hold {key!r}. Neither a file nor the definition makes "
        "a key: somebody has to register it.",
        "Compare the spelling with instance.get_dynamic_partitions({set!r}). If the key is new: "
        "instance.add_dynamic_partitions({set!r}, [{key!r}]), and run the cell again.",
        REGISTER,
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
        CALENDAR,
    ),
    "unknown end of a range": Rule(
        "DagsterInvalidInvocationError",
        r"Nonexistent partition keys:\s*\[(?P<keys>.*)\]",
        "Both ends of a range must be keys that are there, which is not so for {keys}.",
        "With dynamic keys, choose both from instance.get_dynamic_partitions(...), or register the key "
        "first.",
        RANGE,
    ),
    "no instance": Rule(
        "CheckError",
        r"instance is not available",
        "Dynamic keys are kept in an instance, and this call does not know which one.",
        "Pass it: dg.materialize(..., instance=instance), or "
        "get_partition_keys(dynamic_partitions_store=instance).",
        INSTANCE,
    ),
    "a name in the place of a function": Rule(
        "CheckError",
        r"Param \"partition_fn\" is not callable\. Got (?P<name>'[^']*'|\"[^\"]*\") ",
        "The first parameter of dg.DynamicPartitionsDefinition is a function, partition_fn, "
        "and not the name of the set.",
        "Write dg.DynamicPartitionsDefinition(name={name}).",
        DEFINE,
    ),
    "a definition in the place of its name": Rule(
        "ProgrammingError",
        r"type 'DynamicPartitionsDefinition' is not supported.* name=(?P<name>'[^']*'|\"[^\"]*\")\)",
        "The instance knows a set by its name, and this call passes the definition.",
        "Pass the name instead: {name}.",
        REGISTER,
    ),
    "several keys deleted in one call": Rule(
        "ProgrammingError",
        r"type '(?P<type>list|tuple|set)' is not supported\n\[SQL: DELETE FROM dynamic_partitions ",
        "A call deletes one key, a string, and this one passes a {type}.",
        "Delete one after the other: for key in keys: instance.delete_dynamic_partition(..., key).",
        RECORDS,
    ),
    "a key that is no string": Rule(
        "CheckError",
        r"Param \"partition_key\" is not a str\. Got .* which is type <class '(?P<type>[^']*)'>",
        "A partition key is one string, and this call passes a value of type {type}.",
        "Write it as text, such as partition_key='acme'. Several keys take a run each, or a range.",
        ASSET,
    ),
    "one key in a run of a range": Rule(
        "DagsterInvariantViolationError",
        r"partition_key for a partitioned run with a range",
        "This run is for a range of keys, so there is no single key to read.",
        "Let the asset loop over context.partition_keys, which holds all of them (or the one), "
        "or pass partition_key=... to materialize a single one.",
        RANGE,
    ),
    "no key in the run": Rule(
        "DagsterInvariantViolationError",
        r"partition_key for a non-partitioned run",
        "The asset reads context.partition_key, and this run has no key.",
        "Pass one: dg.materialize(..., partition_key='acme', instance=instance). "
        "The asset needs a partitions_def for that, too.",
        ASSET,
    ),
    "no key in a context": Rule(
        "CheckError",
        r"partition_key for a non-partitioned run",
        "The function reads context.partition_key, and this context was built without one.",
        "Build it with a key: dg.build_asset_context(partition_key='acme').",
        ASSET,
    ),
    "half a range": Rule(
        "DagsterInvariantViolationError",
        r"partition_range_\w+ set without the other",
        "A range is named by two tags, for its first and its last key, and this run has one of them.",
        "Pass both: tags={{'dagster/asset_partition_range_start': ..., "
        "'dagster/asset_partition_range_end': ...}}.",
        RANGE,
    ),
    "a key and a range": Rule(
        "DagsterInvariantViolationError",
        r"partition_range_\w+ tags set along with dagster/partition",
        "A run is for one key or for a range, and this call names both.",
        "Leave out partition_key=..., or the two tags of the range.",
        RANGE,
    ),
    "a value for no key": Rule(
        "CheckError",
        r"persisting an output associated with multiple partitions",
        "The range holds no key: its end was registered before its start. The asset ran all the same, and "
        "what it returned (if only None, where nothing is annotated) belongs to no key.",
        "Swap the ends: instance.get_dynamic_partitions(...) lists the keys in their order. "
        "An asset can refuse such a range itself: raise if context.partition_keys is empty.",
        RANGE,
        held=lambda _, value: (
            isinstance(value, dg.OutputContext)
            and value.has_asset_partitions
            and not value.asset_partition_keys
        ),
    ),
    "a value for a range": Rule(
        "CheckError",
        r"persisting an output associated with multiple partitions",
        "The asset returns one value for several keys (if only None, where nothing is annotated), and what "
        "keeps returned values here takes one a key.",
        "Store the rows inside the asset and annotate it -> None, "
        "or pass partition_key=... to materialize one key at a time.",
        RANGE,
    ),
    "a key for assets without partitions": Rule(
        "CheckError",
        r"no PartitionsDefinition shared",
        "The call names a partition key, but the assets in it are not partitioned.",
        "Give them a definition, @dg.asset(partitions_def=...), or leave partition_key out.",
        ASSET,
    ),
    "two definitions": Rule(
        "DagsterInvalidDefinitionError",
        r"must have the same partitions definitions",
        "A run has one key, and these assets take theirs from different definitions.",
        "Materialize them in separate calls, each with a key of its own definition.",
        CALENDAR,
    ),
    "a key twice": Rule(
        "IntegrityError",
        r"dynamic_partitions.*\('(?P<set>[^']*)', (?P<key>'[^']*'|\"[^\"]*\")\), "
        r"(?:.*, )?\('(?P=set)', (?P=key)\)",
        "The list holds {key} twice. A call adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise keep each once, in order: "
        "instance.add_dynamic_partitions({set!r}, list(dict.fromkeys(keys))).",
        REGISTER,
    ),
    "some key twice": Rule(
        "IntegrityError",
        r"UNIQUE constraint failed: dynamic_partitions",
        "The list holds a key twice. A call adds all of its keys or none, so none of them was added.",
        "If two names became one key, give each a key of its own. Otherwise keep each once, in order: "
        "list(dict.fromkeys(keys)).",
        REGISTER,
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
        REGISTER,
    ),
    "no resource": Rule(
        "DagsterInvalidDefinitionError",
        r"resource with key '(?P<resource>[^']*)' required by op '(?P<asset>[^']*)'",
        "{asset} asks for the resource {resource}, and nobody said which one to use.",
        "Pass it together with the assets, to dg.materialize, dg.Definitions or simulate: "
        "resources={{{resource!r}: ...}}.",
        TABLE,
    ),
    "no upstream asset": Rule(
        "DagsterInvalidDefinitionError",
        r"Input asset \"\[\"(?P<asset>.*?)\"\]\" is not produced",
        "Dagster takes the name of a parameter for that of an asset. It looks for {asset}, and this call has "
        "none.",
        "Add {asset} to the list: dg.materialize([{asset}, ...]). "
        "If the parameter means another asset, spell it like that one.",
        TABLE,
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
        ASSET,
    ),
    "an asset called": Rule(
        "DagsterInvalidInvocationError",
        r"Decorated function '(?P<asset>.*)' has context argument",
        "Called like a function, an asset has no run: no context, no key, and nothing is recorded.",
        "Materialize it: dg.materialize([{asset}], partition_key=..., instance=instance). "
        "An exercise takes the asset itself, without brackets: check(..., {asset}).",
        ASSET,
    ),
    "an asset called without its input": Rule(
        "DagsterInvalidInvocationError",
        r"No value provided for required input \"(?P<asset>.*)\"",
        "Called like a function, an asset has no run, so nobody fetches the value of {asset} for it.",
        "Materialize both: dg.materialize([{asset}, ...], instance=instance).",
        TABLE,
    ),
    "no list of assets": Rule(
        "CheckError",
        r"Param \"assets\" is not a Sequence.* type <class '[\w.]*\.AssetsDefinition'>",
        "dg.materialize takes a list of assets, also for a single one.",
        "Put square brackets around it: dg.materialize([...]).",
        ASSET,
    ),
    "no asset": Rule(
        "CheckError",
        r"Member of sequence mismatches type\. Expected .*AssetsDefinition.* Got ",
        "Something in the list is not an asset.",
        "Is the line @dg.asset missing above a function? Add it, and run that cell again.",
        ASSET,
    ),
    "no upstream value for a key": Rule(
        "DagsterExecutionLoadInputError",
        r"loading input \"(?P<asset>[^\"]*)\".*\n\[Errno 2\].*[\\/](?P=asset)[\\/]+(?P<key>[^\\/]*)['\"]\s*$",
        "Dagster keeps what {asset} returned for each key, and for {key!r} there is nothing yet.",
        "Materialize {asset} for {key!r} first, with the same instance, or both in one call.",
        TABLE,
    ),
    "no upstream value": Rule(
        "DagsterExecutionLoadInputError",
        r"loading input \"(?P<asset>[^\"]*)\".*\n(?:\[Errno 2\]|\('__EPHEMERAL_RUN_ID')",
        "This asset starts from what {asset} returned, and that is not stored here yet.",
        "Materialize {asset} first, with the same instance and key, or both in one call.",
        TABLE,
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
        CHECK,
    ),
}
