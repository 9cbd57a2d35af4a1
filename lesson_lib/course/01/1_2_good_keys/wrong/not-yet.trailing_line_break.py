import re

good = [
    name
    for name in names
    if isinstance(name, str) and name.strip() and re.match(r"^[^\r\n]+$", name) and "..." not in name
]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
