each_once = dict.fromkeys(names)
good = [
    name
    for name in each_once
    if isinstance(name, str) and name.strip() and not any(part in name for part in ["\n", "\r", "..."])
]
instance.add_dynamic_partitions("s3", good)
