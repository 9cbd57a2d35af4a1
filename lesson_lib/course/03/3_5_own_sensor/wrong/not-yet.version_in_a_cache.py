from lesson_lib.pipeline import InvalidKey, checked_key


import functools


@functools.cache
def find_version(path):
    return [path.stat().st_size, path.stat().st_mtime_ns]


@dg.sensor(target=customers)
def my_sensor(context: dg.SensorEvaluationContext, source: SourceFolder):
    folder = Path(source.path)
    seen = json.loads(context.cursor or "{}")
    known, runs = {}, {}
    for path in sorted(folder.glob("[!.]*.csv")):
        if not path.is_file():
            continue
        version = find_version(path)
        if seen.get(path.name) != version:
            if len(runs) == 100:
                continue  # it is not in the cursor, so the next tick finds it new
            try:
                key = checked_key(path.stem)
            except InvalidKey as refusal:
                context.log.warning(str(refusal))
                continue
            runs[key] = dg.RunRequest(partition_key=key)
        known[path.name] = version
    return dg.SensorResult(
        dynamic_partitions_requests=[s3_partitions_def.build_add_request(list(runs))],
        run_requests=list(runs.values()),
        cursor=json.dumps(known),
    )


check("3.5", my_sensor)
