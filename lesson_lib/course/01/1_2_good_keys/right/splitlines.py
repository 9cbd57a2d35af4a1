for name in names:
    match name:
        case str() if name.strip() and name.splitlines() == [name] and "..." not in name:
            if not instance.has_dynamic_partition("s3", name):
                instance.add_dynamic_partitions("s3", [name])
