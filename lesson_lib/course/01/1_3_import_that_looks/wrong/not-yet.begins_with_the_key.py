found = sorted(Path(source.path).glob(f"{context.partition_key}*.csv"), key=lambda path: len(path.name))
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
