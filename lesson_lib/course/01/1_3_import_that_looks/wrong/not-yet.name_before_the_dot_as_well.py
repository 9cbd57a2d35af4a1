for name in [context.partition_key, context.partition_key.split(".")[0]]:
    path = Path(source.path) / f"{name}.csv"
    if path.is_file():
        return str(path)
raise FileNotFoundError(path.name)
