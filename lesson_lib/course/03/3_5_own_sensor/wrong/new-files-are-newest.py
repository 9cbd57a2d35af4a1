seen = float(context.cursor or 0)
latest, runs = seen, {}
for path in sorted(folder.glob("[!.]*.csv")):
    if not path.is_file():
        continue
    facts = path.stat()
    version = [facts.st_size, facts.st_mtime_ns]
    if facts.st_mtime > seen:
        try:
            key = checked_key(path.stem)
        except InvalidKey as refusal:
            context.log.warning(str(refusal))
            continue
        runs[key] = dg.RunRequest(partition_key=key)
    latest = max(latest, facts.st_mtime)
return dg.SensorResult(
    dynamic_partitions_requests=[s3_partitions_def.build_add_request(list(runs))],
    run_requests=list(runs.values()),
    cursor=str(latest),
)
