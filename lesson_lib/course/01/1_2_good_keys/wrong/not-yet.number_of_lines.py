good = [
    name
    for name in names
    if isinstance(name, str) and name.strip() and len(name.splitlines()) == 1 and "..." not in name
]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
