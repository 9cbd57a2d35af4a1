path = Path(source.path) / f"{context.partition_key}.csv"
path.read_text(encoding="utf-8")
return str(path)
