found = [
    path
    for path in sorted(Path(source.path).iterdir())
    if path.is_file() and path.stem == context.partition_key
]
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
