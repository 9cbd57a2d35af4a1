"""The sensor for the irregular source: new and corrected files become keys and run requests.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

import json
import unicodedata
from pathlib import Path

import dagster as dg

from lesson_lib.pipeline.assets import duckdb_dynamic_partition_table, import_dynamic_partition_file
from lesson_lib.pipeline.partitions import InvalidKey, daily_partitions_def, new_keys, s3_partitions_def
from lesson_lib.pipeline.source_files import SUFFIX, SourceFolder

RUNS_A_TICK = 100


@dg.sensor(target=[import_dynamic_partition_file, duckdb_dynamic_partition_table])
def arrivals_sensor(context: dg.SensorEvaluationContext, source: SourceFolder) -> dg.SensorResult:
    """Ask for a run for each file that is new or corrected, and for its key where that is new.

    The cursor holds the version of every file that was asked for: a sensor that remembers only what was new
    forgets, and asks for everything at every second tick. The version is part of the `run_key`, so that a
    corrected file is loaded again, and the same one never is.
    """
    asked_before: dict[str, str] = json.loads(context.cursor or "{}")
    there = file_versions(Path(source.path))
    arrived = [key for key, version in there.items() if asked_before.get(key) != version]
    registered = s3_partitions_def.get_partition_keys(dynamic_partitions_store=context.instance)
    add: list[str] = []
    asked: dict[str, str] = {}
    refused: list[str] = []
    for key in arrived:
        if len(asked) == RUNS_A_TICK:
            break  # what is left is still unknown to the cursor, and so is asked for at the next tick
        try:
            add += new_keys([*registered, *add], [key])
        except InvalidKey as refusal:
            context.log.warning(str(refusal))
            refused.append(key)
        else:
            asked[key] = there[key]
    known = {key: version for key, version in asked_before.items() if key in there}
    return dg.SensorResult(
        run_requests=[dg.RunRequest(run_key=f"{key}@{asked[key]}", partition_key=key) for key in asked],
        dynamic_partitions_requests=[s3_partitions_def.build_add_request(add)] if add else [],
        cursor=json.dumps(known | asked),
        skip_reason=None if asked else _why_nothing(there, refused),
    )


def file_versions(folder: Path) -> dict[str, str]:
    """Return the version (size and time of change) of each customer file, by key, in order of name.

    Hidden files, folders, other suffixes and the exchange's days are no customer's files.
    """
    versions = {}
    for path in sorted(folder.glob(f"[!.]*{SUFFIX}")):
        key = unicodedata.normalize("NFC", path.name.removesuffix(SUFFIX))
        if path.is_file() and not daily_partitions_def.has_partition_key(key):
            facts = path.stat()
            versions[key] = f"{facts.st_size}-{facts.st_mtime_ns}"
    return versions


def _why_nothing(there: dict[str, str], refused: list[str]) -> str:
    if refused:
        return f"No file that can be loaded; keys that break the rules: {', '.join(map(repr, refused))}."
    return f"No new or corrected file among {len(there)}."
