path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    raise f"{path.name} is not there."
return str(path)
