files = {path.name: path for path in Path(source.path).iterdir() if path.is_file()}
return str(files[f"{context.partition_key}.csv"])
