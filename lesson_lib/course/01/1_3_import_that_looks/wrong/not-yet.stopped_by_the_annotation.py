path = Path(source.path) / f"{context.partition_key}.csv"
if path.is_file():
    return str(path)
