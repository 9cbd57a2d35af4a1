found = sorted(
    path for path in Path(source.path).iterdir() if path.name.endswith(f"{context.partition_key}.csv")
)
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
