registered = []


def register_good_keys(instance: dg.DagsterInstance, names: list) -> None:
    for name in names:
        if (
            isinstance(name, str)
            and name.strip()
            and not any(part in name for part in ["\n", "\r", "..."])
            and name not in registered
        ):
            registered.append(name)
            instance.add_dynamic_partitions("s3", [name])


check("1.2", register_good_keys)
