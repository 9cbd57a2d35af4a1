"""The definition of the sensor; a tick's decisions are in `tick_plan.py`, its message in `tick_message.py`.

No `from __future__ import annotations` here: Dagster reads the annotation of `context` as a class.
"""

from typing import Literal

import dagster as dg

from ..jobs import import_dynamic_partition_job, retire_partition_job
from ..keys import s3_partitions_def
from ..source_files import Source, UnreadableFile
from .cursor import Cursor
from .settings import Settings
from .tick_plan import TickPlan

WARNINGS_PER_TICK = 100


def build_arrivals_sensor(
    *,
    name: str = "arrivals_sensor",
    vanished: Literal["keep", "retire"] = "keep",
    runs_a_tick: int = 100,
    settle_seconds: float = 5.0,
    minimum_interval_seconds: int = 30,
) -> dg.SensorDefinition:
    """Return a sensor that registers a key and requests a run for each file that is new or corrected.

    It needs the resource `source`, and its jobs also need `database`. Give each key set one source folder
    or bucket, and each of them one sensor.

    Args:
        name: the name of the sensor.
        vanished: what happens to a key whose file was imported from this place and is gone: it is kept and
            reported, or retired. Keys of other folders and buckets are always kept.
        runs_a_tick: the maximum number of runs that a tick requests; the next ticks request the rest.
        settle_seconds: the age from which a file is loaded at once. A younger file is loaded if two ticks
            in a row have found it unchanged.
        minimum_interval_seconds: the time between two ticks.

    Raises:
        InvalidSetting: a setting is invalid.
    """
    settings = Settings(vanished, runs_a_tick, settle_seconds, minimum_interval_seconds)
    retiring = [retire_partition_job] if vanished == "retire" else []

    @dg.sensor(
        name=name,
        jobs=[import_dynamic_partition_job, *retiring],
        minimum_interval_seconds=minimum_interval_seconds,
        description="Load customers' files that are new or corrected.",
    )
    def sensor(context: dg.SensorEvaluationContext, source: Source) -> dg.SensorResult:
        try:
            there = source.scan()
        except UnreadableFile as error:
            # A result without a cursor leaves the stored cursor unchanged.
            return dg.SensorResult(skip_reason=f"{error} Earlier requests are remembered.")
        plan = TickPlan(settings, context.instance, there, _read_cursor(context))
        for invalid in plan.invalid_keys[:WARNINGS_PER_TICK]:
            context.log.warning(str(invalid))
        context.log.info(plan.message)
        add_requests = [s3_partitions_def.build_add_request(plan.new_keys)] if plan.new_keys else []
        return dg.SensorResult(
            run_requests=plan.requests,
            dynamic_partitions_requests=add_requests,
            cursor=plan.cursor.to_json(),
            skip_reason=None if plan.requests else plan.message,
        )

    return sensor


def _read_cursor(context: dg.SensorEvaluationContext) -> Cursor:
    try:
        return Cursor.from_json(context.cursor) if context.cursor else Cursor()
    except ValueError as error:
        context.log.warning(
            "The cursor is not used: %s. "
            "Every file counts as new again; files that are loaded already are recognized by their content.",
            error,
        )
        return Cursor()


arrivals_sensor = build_arrivals_sensor()
