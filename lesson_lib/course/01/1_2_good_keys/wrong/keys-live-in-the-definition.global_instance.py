def register_good_keys(given: dg.DagsterInstance, names: list) -> None:
    instance.add_dynamic_partitions("s3", names)


check("1.2", register_good_keys)
