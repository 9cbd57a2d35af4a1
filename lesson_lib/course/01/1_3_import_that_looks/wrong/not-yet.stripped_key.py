path = Path(source.path) / f"{context.partition_key.strip()}.csv"
if not path.is_file():
    raise FileNotFoundError(path.name)
return str(path)
