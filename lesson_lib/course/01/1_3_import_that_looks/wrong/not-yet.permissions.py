path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    raise FileNotFoundError(path.name)
path.chmod(0o444)
return str(path)
