"""The run keys of the sensor's requests.

Dagster drops a request whose run key it knows, whatever became of that run. So a run key ends with the
number of the latest run that is over: after that, the same can be asked for again, and not while its run
waits or works.
"""

from collections.abc import Mapping, Sequence

import dagster as dg

from ..audit import NAMED_IN_A_QUERY

_OVER = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_KEY = "dagster/partition"


def import_run_keys(instance: dg.DagsterInstance, versions: Mapping[str, str]) -> list[str]:
    """Return the run keys of imports: `acme@VERSION`, or `acme@VERSION after 7` where run 7 of acme is over.

    Args:
        instance: whose runs are asked for.
        versions: of the files, by partition key.
    """
    latest = _latest_runs(instance, list(versions))
    return [_run_key(f"{key}@{version}", latest.get(key)) for key, version in versions.items()]


def retirement_run_keys(
    instance: dg.DagsterInstance, job: dg.JobDefinition, keys: Sequence[str]
) -> list[str]:
    """Return the run keys of retirements: `acme@vanished after 7` where run 7 of the job is over.

    Args:
        instance: whose runs are asked for.
        job: that retires keys.
        keys: to retire.
    """
    over = dg.RunsFilter(job_name=job.name, statuses=_OVER)
    latest = [record.storage_id for record in instance.get_run_records(over, limit=1)] if keys else []
    return [_run_key(f"{key}@vanished", *latest) for key in keys]


def _run_key(what: str, latest: int | None = None) -> str:
    return what if latest is None else f"{what} after {latest}"


def _latest_runs(instance: dg.DagsterInstance, keys: Sequence[str]) -> dict[str, int]:
    """Return the number of each key's latest run that is over, where there is one."""
    latest: dict[str, int] = {}
    for start in range(0, len(keys), NAMED_IN_A_QUERY):
        wanted = set(keys[start : start + NAMED_IN_A_QUERY])
        is_whole = False
        while wanted and not is_whole:
            over = dg.RunsFilter(tags={_KEY: sorted(wanted)}, statuses=_OVER)
            records = instance.get_run_records(over, limit=NAMED_IN_A_QUERY)
            for record in records:  # the latest ones come first
                latest.setdefault(record.dagster_run.tags[_KEY], record.storage_id)
            # Those of one key may fill all the answer.
            wanted -= latest.keys()
            is_whole = len(records) < NAMED_IN_A_QUERY
    return latest
