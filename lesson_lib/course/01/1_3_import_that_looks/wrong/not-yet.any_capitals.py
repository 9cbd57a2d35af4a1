found = [
    path
    for path in Path(source.path).iterdir()
    if path.name.lower() == f"{context.partition_key}.csv".lower()
]
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
