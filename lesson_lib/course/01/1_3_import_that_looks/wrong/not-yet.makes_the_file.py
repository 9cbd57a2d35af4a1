path = Path(source.path) / f"{context.partition_key}.csv"
path.touch()
return str(path)
