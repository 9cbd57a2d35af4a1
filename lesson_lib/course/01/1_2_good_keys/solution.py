def is_good(name: object) -> bool:
    if not isinstance(name, str) or name.strip() == "":
        return False
    return not any(part in name for part in ["\n", "\r", "..."])


def register_good_keys(instance: dg.DagsterInstance, names: list) -> None:
    good = [name for name in names if is_good(name)]
    each_once = list(dict.fromkeys(good))
    instance.add_dynamic_partitions(s3_partitions_def.name, each_once)


check("1.2", register_good_keys)
