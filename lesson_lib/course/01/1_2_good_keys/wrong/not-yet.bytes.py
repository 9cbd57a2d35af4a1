good = [
    name
    for name in names
    if isinstance(name, str | bytes)
    and name.strip()
    and not any(part in str(name) for part in ["\n", "\r", "..."])
]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
