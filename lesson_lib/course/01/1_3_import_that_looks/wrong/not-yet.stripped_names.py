found = [
    path
    for path in Path(source.path).iterdir()
    if path.stem.strip() == context.partition_key and path.suffix == ".csv"
]
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
