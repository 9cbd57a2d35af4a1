path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    raise FileNotFoundError(f"{path.name} is not there. Put it there, and run again.")
return str(path.resolve())
