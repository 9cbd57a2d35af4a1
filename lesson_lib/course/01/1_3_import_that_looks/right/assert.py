path = Path(source.path, f"{context.partition_key}.csv").resolve()
assert path.is_file(), f"{path.name} is not there."
return str(path)
