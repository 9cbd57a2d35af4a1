path = Path(source.path) / f"{context.partition_key}.csv"
if not path.is_file():
    context.log.error(f"{path.name} is not there.")
return str(path)
