found = [path for path in Path(source.path).glob(f"{context.partition_key}.csv") if path.is_file()]
if not found:
    raise FileNotFoundError(f"There is no file of {context.partition_key}.")
return str(found[0])
