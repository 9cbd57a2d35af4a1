for name in names:
    if not isinstance(name, str) or not name or name.isspace():
        continue
    if "\n" not in name and "\r" not in name and "..." not in name:
        instance.add_dynamic_partitions("s3", [name])
