for name in names:
    if not isinstance(name, str) or not name or name.isspace():
        continue
    if len(name.splitlines()) == 1 and "..." not in name:
        instance.add_dynamic_partitions("s3", [name])
