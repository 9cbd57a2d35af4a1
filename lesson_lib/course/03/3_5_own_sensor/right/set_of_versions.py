from lesson_lib.pipeline import checked_key


import os


@dg.sensor(asset_selection=customers)
def my_sensor(context: dg.SensorEvaluationContext, source: SourceFolder):
    done = set((context.cursor or "").split("|"))
    there = {
        f"{entry.name}:{entry.stat().st_size}:{entry.stat().st_mtime_ns}": entry.name[:-4]
        for entry in os.scandir(source.path)
        if entry.is_file() and entry.name.endswith(".csv") and not entry.name.startswith(".")
    }
    new = {}
    for version, name in there.items():
        try:
            if version not in done:
                new[version] = checked_key(name)
        except ValueError:
            pass
    new = dict(list(new.items())[:50])
    if not new:
        return dg.SkipReason("Nothing is new.")
    context.update_cursor("|".join([*(done & set(there)), *new]))
    context.instance.add_dynamic_partitions("s3", list(new.values()))
    return [dg.RunRequest(partition_key=key) for key in new.values()]


check("3.5", my_sensor)
