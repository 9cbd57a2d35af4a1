found = [path for path in Path(source.path).rglob("*") if path.name == f"{context.partition_key}.csv"]
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
