number = int(context.cursor or 0)
runs = {}
for path in [path for path in sorted(folder.glob("[!.]*.csv")) if path.is_file()][number : number + 100]:
    try:
        key = checked_key(path.stem)
    except InvalidKey as refusal:
        context.log.warning(str(refusal))
        continue
    runs[key] = dg.RunRequest(partition_key=key)
return dg.SensorResult(
    dynamic_partitions_requests=[s3_partitions_def.build_add_request(list(runs))],
    run_requests=list(runs.values()),
    cursor=str(number + len(runs)),
)
