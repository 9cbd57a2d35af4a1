stored = context.instance.get_dynamic_partitions("seen")
seen = json.loads(stored[0]) if context.cursor else {}
known, runs = {}, {}
for path in sorted(folder.glob("[!.]*.csv")):
    if not path.is_file():
        continue
    facts = path.stat()
    version = [facts.st_size, facts.st_mtime_ns]
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
for text in stored:
    context.instance.delete_dynamic_partition("seen", text)
context.instance.add_dynamic_partitions("seen", [json.dumps(known)])
return dg.SensorResult(
    dynamic_partitions_requests=[s3_partitions_def.build_add_request(list(runs))],
    run_requests=list(runs.values()),
    cursor=str(int(context.cursor or 0) + 1),
)
