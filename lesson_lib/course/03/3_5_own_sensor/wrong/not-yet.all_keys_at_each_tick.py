seen = json.loads(context.cursor or "{}")
known, runs, keys = {}, {}, []
for path in sorted(folder.glob("[!.]*.csv")):
    if not path.is_file():
        continue
    facts = path.stat()
    version = [facts.st_size, facts.st_mtime_ns]
    try:
        key = checked_key(path.stem)
    except InvalidKey as refusal:
        context.log.warning(str(refusal))
        continue
    keys.append(key)
    if seen.get(path.name) != version:
        if len(runs) == 100:
            continue  # it is not in the cursor, so the next tick finds it new
        runs[key] = dg.RunRequest(partition_key=key)
    known[path.name] = version
return dg.SensorResult(
    dynamic_partitions_requests=[s3_partitions_def.build_add_request(keys)],
    run_requests=list(runs.values()),
    cursor=json.dumps(known),
)
