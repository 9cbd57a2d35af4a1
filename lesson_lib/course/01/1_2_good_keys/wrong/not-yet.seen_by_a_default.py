def register_good_keys(instance: dg.DagsterInstance, names: list, seen: set = set()) -> None:  # noqa: B006 - the mistake of this answer
    good = [
        name
        for name in names
        if isinstance(name, str)
        and name.strip()
        and not any(part in name for part in ["\n", "\r", "..."])
        and name not in seen
    ]
    seen.update(good)
    instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))


check("1.2", register_good_keys)
