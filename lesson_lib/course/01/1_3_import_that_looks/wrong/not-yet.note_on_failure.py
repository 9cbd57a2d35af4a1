path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    (path.parent / "missing.txt").write_text(path.name)
    raise FileNotFoundError(path.name)
return str(path)
