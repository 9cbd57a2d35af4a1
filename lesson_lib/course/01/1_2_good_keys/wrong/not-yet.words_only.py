import re

good = [
    name
    for name in names
    if isinstance(name, str) and re.fullmatch(r"[\w .']+", name) and name.strip() and "..." not in name
]
instance.add_dynamic_partitions("s3", list(dict.fromkeys(good)))
