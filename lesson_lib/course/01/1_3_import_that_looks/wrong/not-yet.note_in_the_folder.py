path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    raise FileNotFoundError(path.name)
path.with_suffix(".seen").write_text("imported")
return str(path)
