good = [
    name
    for name in names
    if isinstance(name, str)
    and name.strip(" \t\r\n")
    and not any(part in name for part in ["\n", "\r", "..."])
]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
