def register_good_keys(instance: dg.DagsterInstance, names: list) -> None:
    # Register the good names and skip the others.
    ...


check("1.2", register_good_keys)
