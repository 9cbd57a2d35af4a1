path = Path(source.path) / f"{context.partition_key}.csv"
if not path.exists():
    raise FileNotFoundError(path.name)
return str(path)
