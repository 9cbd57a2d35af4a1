good = [
    name
    for name in names
    if isinstance(name, str)
    and name.strip()
    and not any(part in name for part in ["\n", "\r", "..."])
    and max(name) < "\U00010000"
]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
