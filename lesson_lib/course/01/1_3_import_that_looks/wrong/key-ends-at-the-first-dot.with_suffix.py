path = (Path(source.path) / context.partition_key).with_suffix(".csv")
if not path.is_file():
    raise FileNotFoundError(f"{path.name} is not there. Put it there, and run again.")
return str(path)
