"""The run keys of the sensor's requests.

Dagster drops a request with a known run key, whatever the outcome of that run. So a run key ends with the
number of the latest finished run: the same can be requested again after its run has ended, and not before.
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from ..event_log import MAX_KEYS_PER_QUERY

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PARTITION_TAG = "dagster/partition"


def build_import_run_keys(instance: dg.DagsterInstance, versions: Mapping[str, str]) -> list[str]:
    """Return a run key for each partition key's version, such as `acme@VERSION` or `acme@VERSION after 7`."""
    latest = _find_latest_runs(instance, list(versions))
    return [_build_run_key(f"{key}@{version}", latest.get(key)) for key, version in versions.items()]


def build_retirement_run_keys(
    instance: dg.DagsterInstance, job: dg.JobDefinition, keys: Sequence[str]
) -> list[str]:
    """Return a run key for each retirement, such as `acme@vanished` or `acme@vanished after 7`."""
    finished = dg.RunsFilter(job_name=job.name, statuses=_FINISHED)
    latest = [record.storage_id for record in instance.get_run_records(finished, limit=1)] if keys else []
    return [_build_run_key(f"{key}@vanished", *latest) for key in keys]


def _build_run_key(what: str, latest: int | None = None) -> str:
    return what if latest is None else f"{what} after {latest}"


def _find_latest_runs(instance: dg.DagsterInstance, keys: Sequence[str]) -> dict[str, int]:
    """Return the number of each key's latest finished run; keys without one are omitted."""
    latest: dict[str, int] = {}
    for start in range(0, len(keys), MAX_KEYS_PER_QUERY):
        wanted = set(keys[start : start + MAX_KEYS_PER_QUERY])
        is_whole = False
        while wanted and not is_whole:
            finished = dg.RunsFilter(tags={_PARTITION_TAG: sorted(wanted)}, statuses=_FINISHED)
            records = instance.get_run_records(finished, limit=MAX_KEYS_PER_QUERY)
            for record in records:  # the latest ones come first
                latest.setdefault(record.dagster_run.tags[_PARTITION_TAG], record.storage_id)
            # The records of one key may fill the whole answer.
            wanted -= latest.keys()
            is_whole = len(records) < MAX_KEYS_PER_QUERY
    return latest
