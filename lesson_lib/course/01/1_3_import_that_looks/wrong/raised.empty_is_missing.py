path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file() or path.stat().st_size == 0:
    raise FileNotFoundError(path.name)
return str(path)
